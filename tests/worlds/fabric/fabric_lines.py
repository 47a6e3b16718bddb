"""Small fabrics and demands for the tests of worlds/fabric."""

import numpy as np

from fairlead.model import FabricLinks, Nodes, Snapshot
from fairlead.worlds.fabric import Outcome, Trace, simulate, web_search_sizes
from fairlead.worlds.fabric.assembly import Cables, fabric_snapshot
from fairlead.worlds.fabric.failures import link_rows


def line(
    pair_count: int = 1,
    *,
    capacity_mbps: float = 1000 / 3,
    rtt_ms: float = 0.4,
    drop_ratio: float = 0.0,
    buffer_bytes: float = np.nan,
) -> Snapshot:
    """H0 ... below C0 send to as many below C1 over one t1, B0; only the way there drops, on its link C0 -> B0."""
    count = 2 * pair_count
    nodes = Nodes.of(
        node=np.array([*(f"H{row}" for row in range(count)), "C0", "C1", "B0"]),
        tier=np.array(["server"] * count + ["t0", "t0", "t1"]),
    )
    rack = np.repeat([count, count + 1], pair_count)
    cables = Cables(
        one=np.concatenate([np.arange(count), [count, count + 1]]).astype(np.int32),
        other=np.concatenate([rack, [count + 2, count + 2]]).astype(np.int32),
        capacity_mbps=np.full(count + 2, float(capacity_mbps)),
    )
    made = fabric_snapshot(nodes, cables, rtt_ms / 8, web_search_sizes(), 1.0)
    links = made[FabricLinks]
    drop = np.zeros(links.row_count)
    drop[link_rows(made, "C0", "B0")[0]] = drop_ratio
    full = np.full(links.row_count, float(buffer_bytes))
    return made.replaced(links.with_column("drop_ratio", drop).with_column("buffer_bytes", full))


def demand(start_s: list[float], source: list[int], target: list[int], size_bytes: list[float]) -> Trace:
    return Trace(
        start_s=np.array(start_s, dtype=np.float64),
        source=np.array(source, dtype=np.int32),
        target=np.array(target, dtype=np.int32),
        size_bytes=np.array(size_bytes, dtype=np.float64),
    )


def endless(pair_count: int = 1) -> Trace:
    """One flow a pair, begun 10 ms apart, that does not end."""
    return demand(
        [0.01 * row for row in range(pair_count)],
        list(range(pair_count)),
        list(range(pair_count, 2 * pair_count)),
        [1e12] * pair_count,
    )


def mean_mbps(snapshot: Snapshot, congestion_control: str, horizon_s: float, seeds: int = 4) -> float:
    """Throughput of one endless flow, over several runs."""
    runs = (simulate(snapshot, endless(), horizon_s, seed, congestion_control) for seed in range(seeds))
    return float(np.mean([run.delivered_bytes[0] * 8e-6 / horizon_s for run in runs]))


def alone(snapshot: Snapshot, size_bytes: float, congestion_control: str, count: int, seed: int = 0) -> Outcome:
    """The same flow again and again, far apart."""
    flows = demand([1000.0 * row for row in range(count)], [0] * count, [1] * count, [size_bytes] * count)
    return simulate(snapshot, flows, 1000.0 * count, seed, congestion_control)
