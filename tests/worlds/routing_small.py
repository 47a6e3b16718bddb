"""A network of three sites and three groups whose figures are written out by hand."""

import numpy as np

from fairlead.model import (
    Access,
    Demands,
    Direct,
    Groups,
    Hops,
    Links,
    Paths,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
)

NAN = np.nan
# row 0 direct; then 0->0, 0->1, 0->1 over 2, 1->1
PATHS = ((), (0,), (0, 1), (0, 2, 1), (1,))


def tiny_truth(
    *, capacity_mbps: float = NAN, nic_mbps: float = NAN, demand_mbps: tuple[float, ...] = (10, 20)
) -> Snapshot:
    """Links between all three sites, 10 ms a step in the number of the sites; two session groups from group 0 to 1."""
    source, target = np.nonzero(~np.eye(3, dtype=bool))
    return Snapshot(
        (
            Sites.of(site=["a", "b", "c"], nic_mbps=np.full(3, nic_mbps)),
            Links.of(
                source=source.astype(np.int32),
                target=target.astype(np.int32),
                latency_ms=10.0 * np.abs(source - target),
                jitter_ms=np.full(6, 1.0),
                loss_ratio=np.full(6, 0.1),
                capacity_mbps=np.full(6, capacity_mbps),
            ),
            Groups.of(group=["g0", "g1", "g2"]),
            Access.of(
                group=np.array([0, 0, 1, 1], dtype=np.int32),
                site=np.array([0, 1, 0, 1], dtype=np.int32),
                latency_ms=[1.0, 20.0, 40.0, 2.0],
                jitter_ms=[0.5, 0.5, 0.5, 0.5],
                loss_ratio=[0.0, 0.0, 0.0, 0.5],
            ),
            Direct.of(
                source_group=np.array([1, 0], dtype=np.int32),
                target_group=np.array([0, 1], dtype=np.int32),
                latency_ms=[99.0, 70.0],
                jitter_ms=[9.0, 7.0],
                loss_ratio=[0.9, 0.2],
            ),
            ServiceClasses.of_panorama(),
            Demands.of(
                source_group=np.zeros(len(demand_mbps), dtype=np.int32),
                target_group=np.ones(len(demand_mbps), dtype=np.int32),
                service_class=np.arange(len(demand_mbps), dtype=np.int32),
                demand_mbps=np.array(demand_mbps, dtype=np.float64),
            ),
        )
    )


def routed(truth: Snapshot, path: list[list[int]], weight: list[list[float]]) -> Snapshot:
    """The network with the five paths and these slots [session groups, slots]."""
    slots = len(path[0])
    count = np.array([len(sites) for sites in PATHS], dtype=np.int32)
    known = count > 0
    paths = Paths.of(
        source=np.array([sites[0] if sites else -1 for sites in PATHS], dtype=np.int32),
        target=np.array([sites[-1] if sites else -1 for sites in PATHS], dtype=np.int32),
        rank=np.array([0, 0, 0, 1, 0], dtype=np.int32),
        latency_ms=np.where(known, 0.0, NAN),  # what a planner believed, and wrong on purpose
        jitter_ms=np.where(known, 0.0, NAN),
        loss_ratio=np.where(known, 0.0, NAN),
        hop_count=count,
    )
    hops = Hops.of(
        path=np.repeat(np.arange(len(PATHS), dtype=np.int32), count),
        position=np.concatenate([np.arange(n) for n in count]).astype(np.int32),
        site=np.array([site for sites in PATHS for site in sites], dtype=np.int32),
    )
    routes = Routes.of(
        demand=np.repeat(np.arange(len(path), dtype=np.int32), slots),
        rank=np.tile(np.arange(slots, dtype=np.int32), len(path)),
        path=np.array(path, dtype=np.int32).reshape(-1),
        weight_ratio=np.array(weight, dtype=np.float64).reshape(-1),
        stage=np.zeros(len(path) * slots, dtype=np.int32),
    )
    return truth.replaced(paths, hops, routes)
