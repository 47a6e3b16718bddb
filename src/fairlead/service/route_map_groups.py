"""Whose measurements stand for whom in ``fairlead route map``: the groups that there are, or groups made anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Demands, Groups, Prefixes, ServiceClasses, Sites, Snapshot
from fairlead.planners.route.group_churn import ChurnRule, GroupMemory, regrouped
from fairlead.planners.route.groups import DENSE_DEPTH, PrefixMap, session_demands
from fairlead.telemetry import LinkEstimates, site_field
from fairlead.telemetry.flows import Flows
from fairlead.telemetry.listing import read_file
from fairlead.telemetry.offence import shown

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Membership:
    """Which group each prefix is in.

    group_of : [prefixes] row of ``groups``, -1: not grouped
    memory   : what the next run must know; None: groups are as they were
    churn    : prefixes by what became of them
    """

    groups: Groups
    group_of: Rows
    memory: GroupMemory | None
    churn: dict[str, int]


def kept_groups(network: Snapshot) -> Membership:
    """The groups of the network."""
    group_of = network[Prefixes].group.astype(np.int64)
    return Membership(groups=network[Groups], group_of=group_of, memory=None, churn={})


def new_groups(network: Snapshot, believed: LinkEstimates, depth: Rows, memory: GroupMemory) -> Membership:
    """Groups by the nearest sites of each prefix, ``depth`` [prefixes] of them (Panorama 3.3), as little moved as can
    be from those in ``memory``. Ends of ``believed`` are the sites, then the prefixes.
    """
    sites, prefixes = network[Sites].site.astype(np.str_), network[Prefixes].prefix.astype(np.str_)
    counts = len(sites), len(prefixes)
    site_row = np.concatenate([np.arange(counts[0]), np.full(counts[1], -1)])
    prefix_row = np.concatenate([np.full(counts[0], -1), np.arange(counts[1])])
    field = site_field(believed, site_row, prefix_row, (counts[1], counts[0]))
    measured = PrefixMap(
        prefix=prefixes,
        latency_ms=field.latency_ms,
        error_ms=field.error_ms,
        jitter_ms=field.jitter_ms,
        loss_ratio=field.loss_ratio,
        weight=field.weight,
        depth=depth,
    )
    grouping, churn, remembered = regrouped(measured, sites, memory, ChurnRule())
    groups = Groups.of(group=grouping.group_id if len(grouping.group_id) else np.empty(0, "U1"))
    return Membership(groups=groups, group_of=grouping.group, memory=remembered, churn=asdict(churn))


def ranking_depth(prefix: NDArray[np.str_], depth: int, dense: Path | None) -> Rows:
    """[prefixes] how many sites rank: ``depth``, but at most :data:`DENSE_DEPTH` for those in the file ``dense``.

    The file has one prefix a line, as ``prefixes`` spells it; blank lines are passed over. BadInputError for a prefix
    that there is not.
    """
    found = np.full(len(prefix), depth, np.int64)
    if dense is None:
        return found
    row_of = {name: row for row, name in enumerate(prefix.tolist())}
    text = read_file(dense).decode("utf-8-sig", "replace")
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.strip()
        if name and name not in row_of:
            raise BadInputError(
                code="map.unknown_prefix",
                what="a prefix in a dense part of the network is none of the network's",
                where=f"{dense}:{number}",
                got=shown(name),
                expected=f"one of the {len(prefix)} prefixes of the network, one a line",
            )
        if name:
            found[row_of[name]] = min(depth, DENSE_DEPTH)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demanded:
    """The demand of session groups, and what is in none of them: rows (flows or old session groups), and Mbit/s."""

    demands: Demands
    dropped_count: int
    dropped_mbps: float


def flow_demands(flows: Flows, membership: Membership) -> Demanded:
    """Of flows between prefixes; those of a prefix without a group are dropped."""
    source, target = flows.source.astype(np.int64), flows.target.astype(np.int64)
    lost = (membership.group_of[source] < 0) | (membership.group_of[target] < 0)
    made = session_demands(source, target, flows.service_class.astype(np.int64), flows.demand_mbps, membership.group_of)
    return Demanded(
        demands=made,
        dropped_count=int(np.count_nonzero(lost)),
        dropped_mbps=float(np.nansum(flows.demand_mbps[lost])),
    )


def kept_demands(network: Snapshot, membership: Membership) -> Demanded:
    """The network's own, where both groups are still there; groups are the same if their names are."""
    old, demands = network[Groups].group.astype(np.str_), network[Demands]
    row_of = {name: row for row, name in enumerate(membership.groups.group.astype(np.str_).tolist())}
    row = np.array([row_of.get(name, -1) for name in old.tolist()], np.int32)
    source, target = row[demands.source_group], row[demands.target_group]
    kept = (source >= 0) & (target >= 0)
    made = Demands.of(
        source_group=source[kept],
        target_group=target[kept],
        service_class=demands.service_class[kept],
        demand_mbps=demands.demand_mbps[kept],
    )
    return Demanded(
        demands=made,
        dropped_count=int(np.count_nonzero(~kept)),
        dropped_mbps=float(np.nansum(demands.demand_mbps[~kept])),
    )


def class_names(network: Snapshot) -> NDArray[np.str_]:
    """Names of the service classes [classes]."""
    names: NDArray[np.str_] = network[ServiceClasses].service_class.astype(np.str_)
    return names
