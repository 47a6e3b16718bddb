"""WCMP weights that we compute (SWARM Table 1; the paper takes them from elsewhere).

Every t0 with workloads sends alike to every other. Weights descend along what another Mbit/s over each next hop would
cost: the sum over links of a high power of how full each is, which is nearly the fullest link.
A next hop that leads to fuller links than its siblings loses weight. A weight holds for all destinations of a next hop,
so their traffic is counted together.

Usable capacity is discounted by loss: by as much as loss alone keeps one flow from filling the link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.model import Edit, FabricLinks, Nodes, Snapshot
from fairlead.planners.mitigate.cables import SERVER, Reals, Rows, alive_links, tiers
from fairlead.planners.mitigate.spread import Spread, spread
from fairlead.planners.mitigate.stages import Columns, Eligible, Stage, Stages, alike, eligible, peopled, stages

LARGEST_WEIGHT = 16
"""Weights are whole numbers up to this: switches multiply table entries, and have few of them."""

ROUNDS = 16
STEP = 0.3
POWER = 8.0

LEAST_GAIN_RATIO = 0.01
"""Weights that lower the cost by less than this are not worth an edit."""

LEAST_CHANGE_RATIO = 0.1
"""A switch none of whose shares changes by more than this, relatively, keeps its weights."""

SEGMENT_BYTES = 1448.0
LINKS_OF_A_WAY = 6


def reweighting(snapshot: Snapshot) -> Edit | None:
    """The edit that gives switches the computed weights; None where that gains nothing.

    Only switches whose shares change are touched. Rows of ``destination_weights`` stay as they are. O(ROUNDS x links x
    groups of t0s that hang on the same t1s).
    """
    links = snapshot[FabricLinks]
    case = _case(snapshot)
    present = links.weight.astype(np.float64)
    found = _descended(case, present)
    weight = _rounded(case.stages, found, present)
    rows = np.flatnonzero(weight != present)
    if not len(rows) or not _cost(case, weight) < _cost(case, present) * (1 - LEAST_GAIN_RATIO):
        return None
    after = weight[rows].astype(links.weight.dtype)
    return Edit(action="set_weight", table=links.name, column="weight", rows=rows, after=after)


def usable_mbps(snapshot: Snapshot) -> Reals:
    """[links] capacity, 0 where nothing passes, or less where loss keeps one flow from filling it.

    That is the loss-limited rate of sqrt(1.5 / loss) segments a round trip (Mathis et al. 1997). So a loss that no flow
    would notice discounts nothing: at 5e-5 none on a link of 333 Mbit/s and 0.05 ms a hop, at 5e-2 two thirds. The loss
    is that of the link and of the switch behind it.
    """
    links, drop, tier = snapshot[FabricLinks], snapshot[Nodes].drop_ratio, tiers(snapshot)
    capacity = links.capacity_mbps.astype(np.float64)
    loss = 1.0 - (1.0 - links.drop_ratio) * (1.0 - np.where(tier[links.target] == SERVER, 0.0, drop[links.target]))
    rtt_s = 2e-3 * LINKS_OF_A_WAY * float(np.median(links.delay_ms)) if links.row_count else 0.0
    limit = np.full(len(loss), np.inf)
    noticed = loss > 0
    if rtt_s > 0:
        limit[noticed] = SEGMENT_BYTES * 8e-6 * np.sqrt(1.5 / loss[noticed]) / rtt_s
    return np.where(alive_links(snapshot), np.minimum(capacity, limit), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    """What stays the same while weights change.

    asked  : [t0s, columns] Mbit/s
    usable : [links] Mbit/s
    column : [last hops] column of the t0 that each link of ``stages.down`` leads to
    size   : [last hops] t0s in that column
    """

    stages: Stages
    columns: Columns
    may: Eligible
    asked: Reals
    usable: Reals
    column: Rows
    size: Reals


def _case(snapshot: Snapshot) -> _Case:
    found = stages(snapshot)
    columns = alike(found)
    there = peopled(snapshot).astype(np.float64)
    sizes = there @ columns.members
    column = columns.members.indices[found.down.target].astype(np.int64)
    asked = there[:, None] * (sizes[None, :] - there[:, None] * columns.members.toarray())
    return _Case(
        stages=found,
        columns=columns,
        may=eligible(found, columns),
        asked=asked,
        usable=usable_mbps(snapshot),
        column=column,
        size=np.bincount(columns.members.indices, minlength=len(columns.destination))[column].astype(np.float64),
    )


def _load(case: _Case, weight: Reals) -> tuple[Reals, Spread]:
    """[links] load of the links, last hops included: those of a column share its traffic evenly."""
    found = case.stages
    flow = spread(found, case.columns, case.may, weight, case.asked)
    load = np.zeros(len(weight))
    for stage, traffic in ((found.up, flow.up), (found.over, flow.over), (found.back, flow.back)):
        load[stage.row] = traffic.sum(axis=1)
    load[found.down.row] = flow.going_down[found.down.source, case.column] / case.size
    return load, flow


def _cost(case: _Case, weight: Reals) -> float:
    """Sum over links of the (POWER + 1)-th power of how full each is."""
    load, _ = _load(case, weight)
    return float((_fullness(load, case.usable) ** (POWER + 1)).sum())


def _fullness(load: Reals, usable: Reals) -> Reals:
    return np.divide(load, usable, out=np.zeros_like(load), where=usable > 0)


def _descended(case: _Case, weight: Reals) -> Reals:
    """[links] the weights of least cost on the way down from those that there are; who says "never" (0) is obeyed."""
    best, now, least = weight, weight, np.inf
    for _ in range(ROUNDS):
        load, flow = _load(case, now)
        full = _fullness(load, case.usable)
        cost = float((full ** (POWER + 1)).sum())
        if cost < least:
            best, least = now, cost
        price = _fullness((full / max(full.max(), 1e-12)) ** POWER, case.usable)
        now = now * np.exp(-STEP * _slopes(case, flow, price))
    return best


def _slopes(case: _Case, flow: Spread, price: Reals) -> Reals:
    """[links] how much dearer the traffic of a next hop is than that of its siblings, -1 to 1.

    price : [links] of one Mbit/s over each link
    """
    found, may = case.stages, case.may
    last = np.zeros(may.near.shape)  # [t1s, columns] mean price of the last hop
    np.add.at(last, (found.down.source, case.column), price[found.down.row] / case.size)
    back = np.where(may.back, price[found.back.row][:, None] + last[found.back.target], 0.0)
    at_t2 = found.back.gather @ (flow.back_share * back)
    over = np.where(may.over, price[found.over.row][:, None] + at_t2[found.over.target], 0.0)
    at_t1 = np.where(may.near, last, found.over.gather @ (flow.over_share * over))
    up = np.where(may.up, price[found.up.row][:, None] + at_t1[found.up.target], 0.0)
    at_t0 = found.up.gather @ (flow.up_share * up)
    slopes = np.zeros(len(price))
    for stage, hop, mean, traffic in (
        (found.up, up, at_t0, flow.up),
        (found.over, over, at_t1, flow.over),
        (found.back, back, at_t2, flow.back),
    ):
        more = (traffic * (hop - mean[stage.source])).sum(axis=1)
        most = (traffic * np.maximum(hop, mean[stage.source])).sum(axis=1)
        slopes[stage.row] = np.divide(more, most, out=np.zeros_like(more), where=most > 0)
    return slopes


def _rounded(found: Stages, weight: Reals, present: Reals) -> Reals:
    """[links] whole weights where a switch's shares change enough, else those that there are."""
    result = present.copy()
    for stage in (found.up, found.over, found.back):
        whole = whole_weights(stage, weight[stage.row])
        before = stage.shares(present[stage.row][:, None])[:, 0]
        after = stage.shares(whole[:, None])[:, 0]
        moved = np.abs(after - before) > LEAST_CHANGE_RATIO * np.minimum(after, before)
        touched = (stage.gather @ moved.astype(np.float64))[stage.source] > 0
        result[stage.row] = np.where(touched, whole, present[stage.row])
    return result


def whole_weights(stage: Stage, weight: Reals) -> Reals:
    """[stage links] whole numbers, at most LARGEST_WEIGHT, those of one switch in lowest terms; 0 only where it was.

    Else at least 1: a weight of 0 would cut off a destination that only this hop leads to.
    """
    largest = np.full(stage.gather.shape[0], 1e-300)
    np.maximum.at(largest, stage.source, weight)
    whole = np.rint(weight / largest[stage.source] * LARGEST_WEIGHT).astype(np.int64)
    whole = np.where(weight > 0, np.maximum(1, whole), 0)
    divisor = np.zeros(stage.gather.shape[0], np.int64)
    np.gcd.at(divisor, stage.source, whole)
    return np.asarray(whole / np.maximum(1, divisor[stage.source]), dtype=np.float64)
