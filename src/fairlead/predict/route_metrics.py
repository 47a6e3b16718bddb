"""ROUTING_METRICS: what sessions will see and what links will carry under the routes; one definition each.

Every metric is a pure function of a snapshot with Routes. Demand is the original demand: a session group without a
path counts, as a miss. Where no demand is known at all, every session group weighs the same; a group of unknown demand
beside known ones weighs nothing. No session groups: NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fairlead.model import DIRECT, Demands, Paths, Routes, ServiceClasses, Snapshot
from fairlead.predict.link_loads import extended_links, priced_utilisation, routed_loads
from fairlead.predict.routes_grid import Metrics, access_grid, direct_lookup

Reals = NDArray[np.float64]


def end_to_end(
    snapshot: Snapshot, source_group: NDArray[np.int32], target_group: NDArray[np.int32], path: NDArray[np.int32]
) -> Metrics:
    """Access, backbone and access again [rows]; the direct measurement for path DIRECT; NaN for path -1.

    Latency and jitter add up (jitter as a bound: delays need not be independent), loss is 1 - product of survival.
    """
    paths, access = snapshot[Paths], access_grid(snapshot)
    over, direct = np.flatnonzero(path > DIRECT), np.flatnonzero(path == DIRECT)
    way = path[over]
    near = (source_group[over], paths.source[way])
    far = (target_group[over], paths.target[way])
    plain = direct_lookup(snapshot, source_group[direct], target_group[direct])
    latency, jitter, loss = (np.full(len(path), np.nan) for _ in range(3))
    latency[over] = access.latency_ms[near] + paths.latency_ms[way] + access.latency_ms[far]
    jitter[over] = access.jitter_ms[near] + paths.jitter_ms[way] + access.jitter_ms[far]
    survival = (1.0 - access.loss_ratio[near]) * (1.0 - paths.loss_ratio[way]) * (1.0 - access.loss_ratio[far])
    loss[over] = 1.0 - survival
    latency[direct], jitter[direct], loss[direct] = plain.latency_ms, plain.jitter_ms, plain.loss_ratio
    return Metrics(latency_ms=latency, jitter_ms=jitter, loss_ratio=loss)


def outside_limits(
    quality: Metrics, classes: ServiceClasses, service_class: NDArray[np.int32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of latency, jitter and loss is outside the limit of the class [rows] each.

    A limit that is absent does not bind; a metric that is absent is outside a limit.
    """

    def outside(name: str) -> NDArray[np.bool_]:
        limit = classes.array(name)[service_class]
        return np.asarray(~(np.isnan(limit) | (getattr(quality, name) <= limit)))

    return outside("latency_ms"), outside("jitter_ms"), outside("loss_ratio")


def within_sla(quality: Metrics, classes: ServiceClasses, service_class: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Inside all limits of the class [rows]."""
    latency, jitter, loss = outside_limits(quality, classes, service_class)
    return ~(latency | jitter | loss)


def demand_weight(snapshot: Snapshot) -> Reals:
    """Weight of each session group [session groups]: its demand where any is known (see the module's text)."""
    demand = snapshot[Demands].demand_mbps.astype(np.float64)
    known = np.nan_to_num(demand)
    return known if known.any() else np.ones(len(demand))


def routed_quality(snapshot: Snapshot) -> Metrics:
    """End-to-end quality of every route slot [slots]; remembered with the routes."""
    routes, demands = snapshot[Routes], snapshot[Demands]
    measured = tuple(snapshot.named(name) for name in ("access", "direct", "paths", "demands"))
    key = b"".join(table.digest(column) for table in measured for column in table.declared())
    return routes.memo(
        ("quality", key),
        lambda: end_to_end(
            snapshot, demands.source_group[routes.demand], demands.target_group[routes.demand], routes.path
        ),
    )


def sla_ratio(snapshot: Snapshot) -> float:
    """Share of the demand on paths inside all three limits of its own class (Panorama Table 5)."""
    routes = snapshot[Routes]
    inside = within_sla(
        routed_quality(snapshot), snapshot[ServiceClasses], snapshot[Demands].service_class[routes.demand]
    )
    return _over_all_demand(snapshot, inside.astype(np.float64))


def routed_ratio(snapshot: Snapshot) -> float:
    """Share of the demand on a path that somebody measured, or direct inside one user group."""
    routes, demands = snapshot[Routes], snapshot[Demands]
    inside = (demands.source_group == demands.target_group)[routes.demand] & (routes.path == DIRECT)
    known = (routes.path >= 0) & ~np.isnan(routed_quality(snapshot).latency_ms)
    return _over_all_demand(snapshot, (known | inside).astype(np.float64))


def routed_latency_ms(snapshot: Snapshot) -> float:
    """Mean latency of the demand whose path was measured; NaN when there is none."""
    latency = routed_quality(snapshot).latency_ms
    known = ~np.isnan(latency)
    share = _shares(snapshot)[known]
    return float((share * latency[known]).sum() / share.sum()) if share.sum() > 0 else float("nan")


def hops_mean(snapshot: Snapshot) -> float:
    """Mean sites on the way of the routed demand (Panorama Fig. 13c); a stand-in for what bandwidth costs."""
    routes = snapshot[Routes]
    taken = routes.path >= 0
    share = _shares(snapshot)[taken]
    hops = snapshot[Paths].hop_count[routes.path[taken]]
    return float((share * hops).sum() / share.sum()) if share.sum() > 0 else float("nan")


def priced_utilisation_max(snapshot: Snapshot) -> float:
    """C-MLU: the highest price * load / capacity of any link or network card (Panorama Eq. 2)."""
    return float(priced_utilisation(extended_links(snapshot), routed_loads(snapshot)).max(initial=0.0))


def utilisation_max(snapshot: Snapshot) -> float:
    """The highest load / capacity of any link or network card, whatever it costs."""
    links, load = extended_links(snapshot), routed_loads(snapshot)
    with np.errstate(divide="ignore", invalid="ignore"):
        use = np.where(load > 0, load / links.capacity_mbps, 0.0)
    return float(use.max(initial=0.0))


def _shares(snapshot: Snapshot) -> Reals:
    """Demand weight on each route slot [slots]."""
    routes = snapshot[Routes]
    return demand_weight(snapshot)[routes.demand] * routes.weight_ratio


def _over_all_demand(snapshot: Snapshot, good: Reals) -> float:
    total = float(demand_weight(snapshot).sum())
    return float((_shares(snapshot) * good).sum()) / total if total > 0 else float("nan")


ROUTING_METRICS: Mapping[str, Callable[[Snapshot], float]] = MappingProxyType(
    {
        metric.__name__: metric
        for metric in (sla_ratio, routed_ratio, routed_latency_ms, hops_mean, utilisation_max, priced_utilisation_max)
    }
)
