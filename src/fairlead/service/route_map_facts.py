"""What ``fairlead route map`` says of the map that it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fairlead.model import Demands
from fairlead.service.route_map_groups import Demanded, Membership
from fairlead.service.route_map_records import Measured
from fairlead.telemetry import LinkEstimates, MeasuredMap, newest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """What the map was made of, step by step. from_flows : the demand is that of flows, not of the network."""

    measured: Measured
    estimates: LinkEstimates
    believed: LinkEstimates
    membership: Membership
    found: MeasuredMap
    demanded: Demanded
    from_flows: bool


def facts_of(made: Made) -> dict[str, Any]:
    """Records, segments by where their latency comes from, groups and demand, as plain data."""
    measured, membership, found = made.measured, made.membership, made.found
    estimates, believed, demanded = made.estimates, made.believed, made.demanded
    known = ~np.isnan(believed.latency_ms)
    pair_count = len(newest(estimates, np.inf).window)
    demands: Demands = demanded.demands
    return {
        "measurements": {
            **measured.counts,
            "windows": len(np.unique(estimates.window)),
            "paths": pair_count,
            "paths_too_old": pair_count - len(believed.window),
            "paths_too_few_records": int(np.count_nonzero(~known)),
            "oldest_age_s": float(believed.age_s[known].max()) if known.any() else None,
        },
        "map": {
            "links": _origins(found.links.latency_ms, found.links_solved),
            "access": _origins(found.access.latency_ms, found.access_solved),
            "direct": _origins(found.direct.latency_ms, np.zeros(found.direct.row_count, bool)),
        },
        "tomography": {"paths_left_out": found.unknown_path_count, "segments_too_many": found.too_large_count},
        "groups": {
            "count": membership.groups.row_count,
            "prefixes": len(membership.group_of),
            "prefixes_ungrouped": int(np.count_nonzero(membership.group_of < 0)),
            **membership.churn,
        },
        "demand": {
            "session_groups": demands.row_count,
            "demand_mbps": float(np.nansum(demands.demand_mbps)),
            "from": "flows" if made.from_flows else "network",
            "dropped": demanded.dropped_count,
            "dropped_mbps": demanded.dropped_mbps,
        },
    }


def _origins(latency_ms: np.ndarray[tuple[int], np.dtype[Any]], solved: np.ndarray[Any, Any]) -> dict[str, int]:
    known = ~np.isnan(latency_ms)
    return {
        "rows": len(latency_ms),
        "measured": int(np.count_nonzero(known & ~solved)),
        "solved": int(np.count_nonzero(known & solved)),
        "unknown": int(np.count_nonzero(~known)),
    }


def warnings_of(facts: dict[str, Any]) -> tuple[str, ...]:
    """What a person should know of it, a line each."""
    lines = []
    demand, counts, links = facts["demand"], facts["measurements"], facts["map"]["links"]
    if demand["dropped"]:
        rows = "flows" if demand["from"] == "flows" else "session groups"
        lines.append(
            f"{demand['dropped']:,} {rows} with {demand['dropped_mbps']:,.1f} Mbit/s are left out: "
            "their user groups are not there"
        )
    if counts["ahead_of_now"]:
        lines.append(f"{counts['ahead_of_now']:,} records are later than --now and are left out")
    if links["unknown"]:
        lines.append(f"{links['unknown']:,} of {links['rows']:,} links have no latency and carry nothing")
    if facts["tomography"]["paths_left_out"]:
        lines.append(
            f"{facts['tomography']['paths_left_out']:,} measured paths cross a site or a link that there is not"
        )
    return tuple(lines)
