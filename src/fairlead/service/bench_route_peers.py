"""What the routing bench compares with: textbook K shortest paths from three libraries, on sizes that they can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from fairlead.model import Snapshot
from fairlead.planners.route import RouteGoal, prepared
from fairlead.planners.route.groups import DENSE_DEPTH, DEPTH, PrefixMap, nearest_sites, user_groups
from fairlead.planners.route.pairs import session_pairs
from fairlead.planners.route.paths import top_paths
from fairlead.planners.route.peers.yen import yen_paths
from fairlead.predict.routes_grid import access_grid, backbone_grid, direct_lookup
from fairlead.worlds.routing import RoutingSpec, prefix_latencies, routing_world
from fairlead.worlds.routing.prefixes import block_names

PAIR_COUNT = 200
Search = Callable[[Snapshot, Sequence[tuple[int, int]], int], list[list[float]]]


def peer_figures(seed: int) -> dict[str, Any]:
    """Seconds a pair of each peer on the bench's own network, and the largest difference to our latencies.

    A library that is not installed is left out.
    """
    spec = RoutingSpec(demand_count=10_000)
    snapshot = prepared(routing_world(spec, seed).at(0), RouteGoal())
    pairs = session_pairs(snapshot)
    differ = np.flatnonzero(pairs.source_group != pairs.target_group)[:: max(1, len(pairs.source_group) // PAIR_COUNT)]
    source, target = pairs.source_group[differ], pairs.target_group[differ]
    ours = top_paths(snapshot, source, target, 5).latency_ms
    asked = list(zip(source.tolist(), target.tolist(), strict=True))
    found: dict[str, Any] = {}
    for name, module, search in (
        ("yen_scipy", "scipy", _by_scipy),
        ("yen_networkx", "networkx", _by_networkx),
        ("yen_rustworkx", "rustworkx", _by_rustworkx),
    ):
        if find_spec(module) is None:
            continue
        search(snapshot, asked[:1], 5)
        started = time.perf_counter()
        lengths = search(snapshot, asked, 5)
        seconds = time.perf_counter() - started
        found[name] = {
            "pairs_count": len(asked),
            "seconds_per_pair": round(seconds / len(asked), 6),
            "largest_difference_ms": max(
                float(np.abs(np.array(theirs) - mine[: len(theirs)]).max())
                for theirs, mine in zip(lengths, ours, strict=True)
            ),
        }
    return found


def grouping_seconds(prefix_count: int, seed: int) -> dict[str, Any]:
    """Grouping of that many /24 prefixes by their nearest sites (Panorama 3.3), once compiled."""
    world = routing_world(RoutingSpec(demand_count=10_000), seed)
    seconds = 0.0
    for count in (1_000, prefix_count):
        blocks = prefix_latencies(world.internet, count, seed)
        depth = np.where(blocks.dense, DENSE_DEPTH, DEPTH)
        measured = PrefixMap.of_latency(block_names(count), blocks.latency_ms.astype(np.float64), depth)
        started = time.perf_counter()
        grouping = user_groups(nearest_sites(measured), world.sites.site)
        seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 4), "prefixes": prefix_count, "groups": len(grouping.group_id)}


def _by_scipy(snapshot: Snapshot, pairs: Sequence[tuple[int, int]], k: int) -> list[list[float]]:
    return [[path.latency_ms for path in yen_paths(snapshot, *pair, k)] for pair in pairs]


def _by_networkx(snapshot: Snapshot, pairs: Sequence[tuple[int, int]], k: int) -> list[list[float]]:
    import networkx as nx

    graph: Any = nx.DiGraph()
    graph.add_weighted_edges_from(_backbone_edges(snapshot))
    found = []
    for ends in pairs:
        edges = _access_edges(snapshot, *ends)
        graph.add_weighted_edges_from(edges)
        paths = nx.shortest_simple_paths(graph, "source", "target", weight="weight")
        found.append([nx.path_weight(graph, path, "weight") for path, _ in zip(paths, range(k), strict=False)])
        graph.remove_nodes_from(("source", "target"))
    return found


def _by_rustworkx(snapshot: Snapshot, pairs: Sequence[tuple[int, int]], k: int) -> list[list[float]]:
    """Yen with rustworkx's Dijkstra for each spur; the library has no loop-free K shortest paths of its own."""
    import rustworkx as rx

    sites = len(backbone_grid(snapshot).latency_ms)
    names: dict[int | str, int] = {**{site: site for site in range(sites)}, "source": sites, "target": sites + 1}
    found = []
    for ends in pairs:
        graph = rx.PyDiGraph()
        graph.add_nodes_from(list(range(sites + 2)))
        edges = [*_backbone_edges(snapshot), *_access_edges(snapshot, *ends)]
        graph.add_edges_from([(names[a], names[b], cost) for a, b, cost in edges])
        found.append(_yen(rx, graph, sites, sites + 1, k))
    return found


def _yen(rx: Any, graph: Any, source: int, target: int, k: int) -> list[float]:
    """Yen 1971, spur by spur."""
    best: list[tuple[float, list[int]]] = []
    waiting: list[tuple[float, list[int]]] = []
    shortest = rx.dijkstra_shortest_paths(graph, source, target=target, weight_fn=float)
    if target in shortest:
        waiting.append((_length(graph, list(shortest[target])), list(shortest[target])))
    while waiting and len(best) < k:
        waiting.sort()
        best.append(waiting.pop(0))
        path = best[-1][1]
        for place in range(len(path) - 1):
            root = path[: place + 1]
            cut = {other[place + 1] for _, other in best if other[: place + 1] == root and len(other) > place + 1}
            spur = graph.copy()
            spur.remove_edges_from([(root[-1], node) for node in cut if spur.has_edge(root[-1], node)])
            spur.remove_nodes_from(root[:-1])
            rest = rx.dijkstra_shortest_paths(spur, root[-1], target=target, weight_fn=float)
            if target in rest:
                whole = root[:-1] + list(rest[target])
                if all(whole != other for _, other in waiting):
                    waiting.append((_length(graph, whole), whole))
    return [length for length, _ in best]


def _length(graph: Any, path: list[int]) -> float:
    return float(sum(graph.get_edge_data(a, b) for a, b in pairwise(path)))


def _backbone_edges(snapshot: Snapshot) -> list[tuple[int | str, int | str, float]]:
    latency = backbone_grid(snapshot).latency_ms
    rows, columns = np.nonzero(~np.isnan(latency))
    return [(a, b, float(latency[a, b])) for a, b in zip(rows.tolist(), columns.tolist(), strict=True)]


def _access_edges(snapshot: Snapshot, source: int, target: int) -> list[tuple[int | str, int | str, float]]:
    access = access_grid(snapshot).latency_ms
    edges: list[tuple[int | str, int | str, float]] = [
        *(("source", site, float(cost)) for site, cost in enumerate(access[source]) if not np.isnan(cost)),
        *((site, "target", float(cost)) for site, cost in enumerate(access[target]) if not np.isnan(cost)),
    ]
    ends = np.array([source], np.int32), np.array([target], np.int32)
    direct = float(direct_lookup(snapshot, *ends).latency_ms[0])
    return edges if np.isnan(direct) else [*edges, ("source", "target", direct)]
