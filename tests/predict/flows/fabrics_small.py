"""Small fabrics written out by hand, any fabric that hypothesis thinks of, and tables of transport in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from fairlead.model import (
    Arrivals,
    DestinationWeights,
    FabricLinks,
    FlowSizes,
    Nodes,
    Placements,
    Snapshot,
)


@dataclass(frozen=True)
class Figure1:
    """The paper's small network, and the rows of its nodes and links by name."""

    snapshot: Snapshot
    node: dict[str, int]
    link: dict[tuple[str, str], int]


def snapshot_of(names: list[str], tiers: list[str], ends: list[tuple[str, str]], **columns: object) -> Snapshot:
    """Nodes, and each pair of names as a link in both directions (the second half of the rows the other way)."""
    place = {name: row for row, name in enumerate(names)}
    both = [(place[a], place[b]) for a, b in ends] + [(place[b], place[a]) for a, b in ends]
    servers = np.array([row for row, tier in enumerate(tiers) if tier == "server"], np.int32)
    return Snapshot(
        [
            Nodes.of(node=names, tier=tiers),
            FabricLinks.of(
                source=np.array([a for a, _ in both], np.int32),
                target=np.array([b for _, b in both], np.int32),
                **{"capacity_mbps": np.full(len(both), 333.33), **columns},
            ),
            Placements.of(server=servers, host=servers.copy()),
            Arrivals.of(arrivals_per_s=[100.0]),
            FlowSizes.of(size_bytes=[1_000.0, 100_000.0, 10_000_000.0], cdf_ratio=[0.1, 0.6, 1.0]),
        ]
    )


def figure_1() -> Figure1:
    """Two pods of two t0 and two t1; the first t1 of each pod on A0 and A1, the second on A2 and A3."""
    ends = [(f"H{h}", f"C{h // 2}") for h in range(8)]
    ends += [(f"C{c}", f"B{c // 2 * 2 + b}") for c in range(4) for b in range(2)]
    ends += [(f"B{b}", f"A{b % 2 * 2 + a}") for b in range(4) for a in range(2)]
    names = [f"{letter}{n}" for letter, count in (("H", 8), ("C", 4), ("B", 4), ("A", 4)) for n in range(count)]
    tier = {"H": "server", "C": "t0", "B": "t1", "A": "t2"}
    snapshot = snapshot_of(names, [tier[name[0]] for name in names], ends)
    link = {pair: row for row, pair in enumerate([*ends, *((b, a) for a, b in ends)])}
    return Figure1(snapshot, {name: row for row, name in enumerate(names)}, link)


def with_links(snapshot: Snapshot, column: str, values: dict[int, object]) -> Snapshot:
    """Cells of one column of ``links`` replaced, by row."""
    links = snapshot[FabricLinks]
    array = links.array(column).copy()
    for row, value in values.items():
        array[row] = value
    return snapshot.replaced(links.with_column(column, array))


def with_nodes(snapshot: Snapshot, values: dict[int, float]) -> Snapshot:
    """Drop ratios of nodes replaced, by row."""
    nodes = snapshot[Nodes]
    drop = nodes.drop_ratio.copy()
    for row, value in values.items():
        drop[row] = value
    return snapshot.replaced(nodes.with_column("drop_ratio", drop))


@st.composite
def ladders(draw: st.DrawFn) -> Snapshot:
    """Any tiered fabric: some links missing in one direction or both, dead, lossy; weights equal, unequal or 0."""
    counts = [draw(st.integers(2, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(0, 3))]
    names, tiers = [], []
    for tier, count in zip(("server", "t0", "t1", "t2"), counts, strict=True):
        names += [f"{tier}-{n}" for n in range(count)]
        tiers += [tier] * count
    order = draw(st.permutations(range(len(names))))  # rows in no order
    names, tiers = [names[n] for n in order], [tiers[n] for n in order]
    rows = {tier: [n for n, each in enumerate(tiers) if each == tier] for tier in ("server", "t0", "t1", "t2")}
    pairs = [(server, draw(st.sampled_from(rows["t0"]))) for server in rows["server"]]
    for low, high in (("t0", "t1"), ("t1", "t2")):
        pairs += [(a, b) for a in rows[low] for b in rows[high] if draw(st.integers(0, 4))]
    both = [*pairs, *((b, a) for a, b in pairs)]
    count = len(both)
    one_of = st.sampled_from
    own = [
        (n, d, draw(one_of([0.0, 1.0, 4.0])))
        for n, (a, _) in enumerate(both)
        for d in rows["t0"]
        if tiers[a] != "server" and not draw(st.integers(0, 9))
    ]
    return Snapshot(
        [
            Nodes.of(node=names, tier=tiers, drop_ratio=[draw(one_of([0.0] * 8 + [0.1, 1.0])) for _ in names]),
            FabricLinks.of(
                source=np.array([a for a, _ in both], np.int32),
                target=np.array([b for _, b in both], np.int32),
                capacity_mbps=np.full(count, 100.0),
                delay_ms=[draw(one_of([0.05, 1.0])) for _ in both],
                drop_ratio=[draw(one_of([0.0] * 6 + [0.05, 1.0])) for _ in both],
                up=np.array([draw(one_of([True] * 6 + [False])) for _ in both], bool),
                weight=[draw(one_of([1.0] * 6 + [0.0, 2.5])) for _ in both],
            ),
            DestinationWeights.of(
                source=np.array([both[n][0] for n, _, _ in own], np.int32),
                target=np.array([both[n][1] for n, _, _ in own], np.int32),
                destination=np.array([d for _, d, _ in own], np.int32),
                weight=np.array([w for _, _, w in own], np.float64),
            ),
        ]
    )


def all_ways(snapshot: Snapshot, source: int, target: int) -> dict[tuple[int, ...], float]:
    """Every way between two servers and its probability, by the definition, slowly: from the tables alone."""
    nodes, links = snapshot[Nodes], snapshot[FabricLinks]
    tier = [("server", "t0", "t1", "t2").index(name) for name in nodes.tier.tolist()]
    down = nodes.drop_ratio.tolist()
    next_to: dict[int, dict[int, float]] = {n: {} for n in range(len(tier))}
    for a, b, up, drop, weight in zip(
        links.source.tolist(), links.target.tolist(), links.up, links.drop_ratio, links.weight.tolist(), strict=True
    ):
        if up and drop < 1 and down[a] < 1 and down[b] < 1:
            next_to[a][b] = weight
    if source == target:
        return {(source,): 1.0}
    above = [b for b in next_to[source] if tier[b] == 1]
    goals = [a for a in next_to if target in next_to[a] and tier[a] == 1]
    if not above or not goals:
        return {}
    goal = goals[0]
    own = {}
    if DestinationWeights in snapshot:
        table = snapshot[DestinationWeights]
        for a, b, d, w in zip(table.source, table.target, table.destination, table.weight, strict=True):
            if d == goal:
                own[int(a), int(b)] = float(w)

    def far(node: int, rising: bool) -> float:
        """Links of the shortest up-down way from a switch to the goal."""
        if node == goal:
            return 0
        lower = [far(b, False) for b in next_to[node] if 0 < tier[b] < tier[node]]
        straight = 1 + min(lower, default=np.inf)
        if straight < np.inf or not rising:
            return straight
        return 1 + min((far(b, True) for b in next_to[node] if tier[b] > tier[node]), default=np.inf)

    found: dict[tuple[int, ...], float] = {}

    def walk(nodes: tuple[int, ...], probability: float, rising: bool) -> None:
        here = nodes[-1]
        if here == goal:
            found[(*nodes, target)] = probability
            return
        straight = far(here, False) < np.inf
        onward = {
            b: own.get((here, b), weight)
            for b, weight in next_to[here].items()
            if tier[b] > 0 and (tier[b] < tier[here] if straight else rising and tier[b] > tier[here])
        }
        best = min((far(b, not straight) for b in onward), default=np.inf)
        onward = {b: w for b, w in onward.items() if far(b, not straight) == best < np.inf and w > 0}
        for b, weight in onward.items():
            walk((*nodes, b), probability * weight / sum(onward.values()), not straight)

    walk((source, above[0]), 1.0, True)
    return found
