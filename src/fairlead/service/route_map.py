"""``fairlead route map``: records of measurements in, the Internet map as a NETWORK folder out (Panorama 3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairlead.model import BadInputError, Links, Prefixes, ServiceClasses, Sites, Snapshot, UsageError
from fairlead.planners.route.group_churn import GroupMemory
from fairlead.planners.route.groups import DEPTH
from fairlead.service.route_files import Form
from fairlead.service.route_map_facts import Made, facts_of, warnings_of
from fairlead.service.route_map_groups import (
    Demanded,
    Membership,
    class_names,
    flow_demands,
    kept_demands,
    kept_groups,
    new_groups,
    ranking_depth,
)
from fairlead.service.route_map_memory import memory_beside, read_memory
from fairlead.service.route_map_records import Sources, measured_until
from fairlead.telemetry import (
    EstimateRule,
    LinkEstimates,
    MeasuredMap,
    group_estimates,
    link_estimates,
    measured_map,
    newest,
    read_unmeasured,
    write_routing,
)
from fairlead.telemetry.flows import read_flows

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Groups are made anew. depth : sites that rank; dense : file of prefixes of which fewer do; memory : file."""

    depth: int = DEPTH
    dense: Path | None = None
    memory: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRequest:
    """What the command line asks for.

    network   : folder; says which sites, links, prefixes, classes and demands there are, not how they do
    sources   : files of records
    out       : folder for the network that was measured; may be ``network`` itself
    flows     : file of demand between prefixes; None: the demands of the network
    regroup   : None: the groups of the network
    max_age_s : estimates that are older are not believed
    now       : the present; empty: when the newest record was made
    form      : of the files; None: that of the network's own ``links``
    """

    network: Path
    sources: Sources
    out: Path
    flows: Path | None = None
    regroup: Regrouping | None = None
    rule: EstimateRule
    max_age_s: float = 1800.0
    now: str = ""
    form: Form | None = None

    def __post_init__(self) -> None:
        memory = None if self.regroup is None else self.regroup.memory
        if memory is not None and memory.resolve().is_relative_to(self.out.resolve()):
            raise UsageError(
                code="usage.memory",
                what="the memory cannot lie in the folder that is written as a whole",
                where="--memory",
                got=str(memory),
                expected=f"a file outside {self.out}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MapAnswer:
    """What was written, as plain data, and what a person should know of it, a line each."""

    facts: dict[str, Any]
    warnings: tuple[str, ...]


def mapped(request: MapRequest, say: Say) -> MapAnswer:
    """Reads, estimates, groups, draws the map and writes it. ``say`` is told what begins.

    The network and the memory of its groups are written together, each as a whole or not at all.
    O(records log records).
    """
    say("reading the network")
    network = read_unmeasured(request.network)
    remembered = _remembered(request)
    say("reading the records")
    measured = measured_until(request.sources, network, request.now)
    say("estimating")
    estimates = link_estimates(measured.probes, request.rule, measured.now_s)
    believed = newest(estimates, request.max_age_s)
    say("grouping")
    membership = _membership(request, network, believed, remembered)
    _check_groups(request, membership)
    demanded = _demanded(request, network, membership)
    say("drawing the map")
    of_groups = group_estimates(believed, _member_of(network, membership))
    found = measured_map(network[Sites], membership.groups, network[Links], of_groups)
    snapshot = _snapshot(network, membership, demanded, found)
    say("writing")
    form = request.form or ("csv" if (request.network / "links.csv").exists() else "parquet")
    path = None if request.regroup is None else request.regroup.memory
    kept = membership.memory
    with nullcontext() if path is None or kept is None else memory_beside(kept, path):
        write_routing(snapshot, request.out, form)
    made = Made(
        measured=measured,
        estimates=estimates,
        believed=believed,
        membership=membership,
        found=found,
        demanded=demanded,
        from_flows=request.flows is not None,
    )
    facts = facts_of(made)
    return MapAnswer(facts={"network": str(request.out), "basis": snapshot.basis, **facts}, warnings=warnings_of(facts))


def _remembered(request: MapRequest) -> GroupMemory:
    """Read first, so that a damaged file is found before the work is done."""
    path = None if request.regroup is None else request.regroup.memory
    return GroupMemory.begin() if path is None else read_memory(path)


def _membership(request: MapRequest, network: Snapshot, believed: LinkEstimates, memory: GroupMemory) -> Membership:
    if request.regroup is None:
        return kept_groups(network)
    prefixes = network[Prefixes].prefix.astype(np.str_)
    depth = ranking_depth(prefixes, request.regroup.depth, request.regroup.dense)
    return new_groups(network, believed, depth, memory)


def _check_groups(request: MapRequest, membership: Membership) -> None:
    if membership.groups.row_count:
        return
    anew = request.regroup is not None
    raise BadInputError(
        code="map.no_groups",
        what="there are no user groups, so there is nobody to route for",
        where=str(request.network),
        got="no prefix with a latency to a site" if anew else "no group in prefixes or access",
        expected="records between sites and prefixes" if anew else "prefixes with a group",
        hint="" if anew else "--regroup makes groups of the prefixes",
    )


def _demanded(request: MapRequest, network: Snapshot, membership: Membership) -> Demanded:
    if request.flows is None:
        return kept_demands(network, membership)
    prefixes = network[Prefixes].prefix.astype(np.str_)
    return flow_demands(read_flows(request.flows, prefixes, class_names(network)), membership)


def _member_of(network: Snapshot, membership: Membership) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """[ends] a site for itself, a group behind the sites for a prefix."""
    site_count = network[Sites].row_count
    group = np.where(membership.group_of < 0, -1, membership.group_of + site_count)
    return np.concatenate([np.arange(site_count), group])


def _snapshot(network: Snapshot, membership: Membership, demanded: Demanded, found: MeasuredMap) -> Snapshot:
    return Snapshot(
        (
            network[Sites],
            found.links,
            membership.groups,
            found.access,
            network[ServiceClasses],
            Prefixes.of(prefix=network[Prefixes].prefix, group=membership.group_of.astype(np.int32)),
            found.direct,
            demanded.demands,
        )
    )
