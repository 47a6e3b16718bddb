"""Expected load of every link: the mean traffic spread over the ways that routing may take (SWARM Figure 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.model import FabricLinks, Snapshot
from fairlead.planners.mitigate.cables import Reals, Rows
from fairlead.planners.mitigate.stages import Columns, Eligible, Stages, eligible, portions, stages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loads:
    """Load of each link between switches [links] in Mbit/s, and the traffic for which there is no way."""

    load_mbps: Reals
    unroutable_mbps: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """How traffic spreads over the three stages where there is a choice.

    up_share, over_share, back_share : [stage links, columns] part of what their node sends
    up, over, back                   : [stage links, columns] traffic in Mbit/s
    going_down                       : [t1s, columns] traffic for the t0s below each t1
    """

    up_share: Reals
    over_share: Reals
    back_share: Reals
    up: Reals
    over: Reals
    back: Reals
    going_down: Reals


def loads(snapshot: Snapshot, demand_mbps: Reals) -> Loads:
    """What ``demand_mbps`` [t0s, t0s] puts on the links; links of servers and traffic inside a t0 are left out.

    Exact expectation over the draws of next hops, not a sample. O(links x t0s).
    """
    found, links = stages(snapshot), snapshot[FabricLinks]
    weight = links.weight.astype(np.float64)
    load, lost = np.zeros(links.row_count), 0.0
    for columns in portions(found):
        asked = demand_mbps[:, columns.destination].astype(np.float64)
        asked[columns.destination, np.arange(len(columns.destination))] = 0.0
        flow = spread(found, columns, eligible(found, columns), weight, asked)
        for stage, traffic in ((found.up, flow.up), (found.over, flow.over), (found.back, flow.back)):
            load[stage.row] += traffic.sum(axis=1)
        row, last = _last_hop(found, columns, flow, weight)
        load[row] += last
        lost += float(asked.sum() - last.sum())
    return Loads(load_mbps=load, unroutable_mbps=max(0.0, lost))


def spread(found: Stages, columns: Columns, may: Eligible, weight: Reals, asked: Reals) -> Spread:
    """``asked`` [t0s, columns] Mbit/s over the next hops in proportion to ``weight`` [links]."""
    up_share = found.up.shares(np.where(may.up, found.weights(found.up, weight, columns), 0.0))
    up = up_share * asked[found.up.source]
    at_t1 = found.up.deliver @ up
    over_share = found.over.shares(np.where(may.over, found.weights(found.over, weight, columns), 0.0))
    over = over_share * at_t1[found.over.source]
    back_share = found.back.shares(np.where(may.back, found.weights(found.back, weight, columns), 0.0))
    back = back_share * (found.over.deliver @ over)[found.back.source]
    return Spread(
        up_share=up_share,
        over_share=over_share,
        back_share=back_share,
        up=up,
        over=over,
        back=back,
        going_down=np.where(may.near, at_t1, 0.0) + found.back.deliver @ back,
    )


def _last_hop(found: Stages, columns: Columns, flow: Spread, weight: Reals) -> tuple[Rows, Reals]:
    """Rows of ``links`` from t1 to the destinations of single columns, and their load."""
    of = np.full(len(found.t0s), -1, np.int64)
    of[columns.destination] = np.arange(len(columns.destination))
    here = np.flatnonzero(of[found.down.target] >= 0)
    column = of[found.down.target[here]]
    # a hop of weight 0 is never taken, not even where it is the only one
    weighed = found.weights(found.down, weight, columns)[here, column] > 0
    return found.down.row[here], np.where(weighed, flow.going_down[found.down.source[here], column], 0.0)
