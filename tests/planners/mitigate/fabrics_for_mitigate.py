"""Small fabrics, and an estimator that follows from expected loads by a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairlead.model import (
    Arrivals,
    Candidates,
    DestinationWeights,
    Edit,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Pairs,
    Placements,
    Snapshot,
    apply_edits,
)
from fairlead.planners.mitigate.stages import peopled
from fairlead.predict.flows.clp import Clp
from fairlead.predict.flows.mean_loads import switch_loads

Reals = NDArray[np.float64]
LINK_MBPS = 333.333


def clos(
    *, pods: int = 2, t0s: int = 2, t1s: int = 2, t2s_a_plane: int = 2, servers: int = 2, mbps: float = LINK_MBPS
) -> Snapshot:
    """A Clos in planes: the k-th t1 of every pod is linked to the k-th group of t2s. Names: H, C, B, A with numbers."""
    rows: list[tuple[str, str, str]] = []
    ends: list[tuple[str, str]] = []
    rows += [(f"A{each}", "t2", "") for each in range(t1s * t2s_a_plane)]
    for pod in range(pods):
        for k in range(t1s):
            rows.append((f"B{pod * t1s + k}", "t1", f"p{pod}"))
            ends += [(f"B{pod * t1s + k}", f"A{k * t2s_a_plane + each}") for each in range(t2s_a_plane)]
        for t0 in range(pod * t0s, (pod + 1) * t0s):
            rows.append((f"C{t0}", "t0", f"p{pod}"))
            ends += [(f"C{t0}", f"B{pod * t1s + k}") for k in range(t1s)]
            for server in range(t0 * servers, (t0 + 1) * servers):
                rows.append((f"H{server}", "server", f"p{pod}"))
                ends.append((f"H{server}", f"C{t0}"))
    place = {name: row for row, (name, _, _) in enumerate(rows)}
    both = [(place[a], place[b]) for a, b in ends] + [(place[b], place[a]) for a, b in ends]
    hosts = np.array([row for row, (_, tier, _) in enumerate(rows) if tier == "server"], np.int32)
    return Snapshot(
        [
            Nodes.of(node=[r[0] for r in rows], tier=[r[1] for r in rows], pod=[r[2] for r in rows]),
            FabricLinks.of(
                source=np.array([a for a, _ in both], np.int32),
                target=np.array([b for _, b in both], np.int32),
                capacity_mbps=np.full(len(both), mbps),
            ),
            DestinationWeights.of(source=[], target=[], destination=[], weight=[]),
            Placements.of(server=hosts, host=hosts.copy()),
            Flows.of(start_s=[], source=[], target=[], size_bytes=[]),
            FlowSizes.of(size_bytes=[1_000.0, 3_000_000.0], cdf_ratio=[0.2, 1.0]),
            Pairs.of(source=[], target=[], probability=[]),
            Arrivals.of(arrivals_per_s=[100.0]),
            Candidates.of(candidate=[], action=[]),
        ]
    )


def figure_1() -> Snapshot:
    """The paper's small network."""
    return clos()


def node(snapshot: Snapshot, name: str) -> int:
    """Row of a node."""
    return int(np.flatnonzero(snapshot[Nodes].node == name)[0])


def link_rows(snapshot: Snapshot, name: str) -> list[int]:
    """Rows of both directions of ``C0-B0``."""
    a, b = (node(snapshot, each) for each in name.split("-"))
    links = snapshot[FabricLinks]
    pairs = ((a, b), (b, a))
    return [int(np.flatnonzero((links.source == s) & (links.target == t))[0]) for s, t in pairs]


def link_edit(snapshot: Snapshot, name: str, column: str, value: float | bool) -> Edit:
    """A fault, or its repair, on both directions."""
    rows = np.array(link_rows(snapshot, name))
    return Edit(action="fault", table="links", column=column, rows=rows, after=np.full(len(rows), value))


def node_edit(snapshot: Snapshot, name: str, drop: float) -> Edit:
    """A switch or server that loses packets."""
    rows = np.array([node(snapshot, name)])
    return Edit(action="fault", table="nodes", column="drop_ratio", rows=rows, after=np.array([drop]))


def with_faults(
    snapshot: Snapshot,
    *,
    lossy: dict[str, float] | None = None,
    down: Iterable[str] = (),
    slower: dict[str, float] | None = None,
    switches: dict[str, float] | None = None,
) -> Snapshot:
    """lossy: drop ratio by link; down: links out of service; slower: capacity by link; switches: drop ratio by node."""
    edits = [link_edit(snapshot, name, "drop_ratio", drop) for name, drop in (lossy or {}).items()]
    edits += [link_edit(snapshot, name, "up", False) for name in down]
    edits += [link_edit(snapshot, name, "capacity_mbps", mbps) for name, mbps in (slower or {}).items()]
    edits += [node_edit(snapshot, name, drop) for name, drop in (switches or {}).items()]
    return apply_edits(snapshot, edits)


def listed(snapshot: Snapshot, *rows: tuple[str, str, str, str, float]) -> Snapshot:
    """The snapshot with a table of candidates: (candidate, action, source, target, value); a blank node is none."""
    ends = [[node(snapshot, each) if each else -1 for each in (row[2], row[3])] for row in rows]
    table = Candidates.of(
        candidate=[row[0] for row in rows],
        action=[row[1] for row in rows],
        source=np.array([each[0] for each in ends], np.int32),
        target=np.array([each[1] for each in ends], np.int32),
        value=[row[4] for row in rows],
    )
    return snapshot.replaced(table)


def uniform_demand(snapshot: Snapshot, mbps: float) -> Reals:
    """Every t0 with workloads sends ``mbps`` in equal parts to the others: [t0s, t0s]."""
    there = peopled(snapshot).astype(float)
    matrix = np.outer(there, there)
    np.fill_diagonal(matrix, 0.0)
    total = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix * mbps, total, out=np.zeros_like(matrix), where=total > 0)


def luck(state: Snapshot, samples: range, noise: float, own: float, demand_count: int) -> Reals:
    """[samples] factors of mean 1, log-normal: what all states share by demand, times what each has for itself."""
    seed = int(state.basis[:8], 16)
    common = np.array([np.random.default_rng([7, i % demand_count]).normal(-noise / 2, 1.0) for i in samples])
    alone = np.array([np.random.default_rng([9, seed, i]).normal(-own / 2, 1.0) for i in samples])
    return np.asarray(np.exp(noise * common + own * alone))


@dataclass
class ByFormula:
    """Metrics that worsen with the share of traffic that is lost and with the fullest link; luck common to all states.

    noise  : relative spread between demands, the same for every state
    own    : relative spread between samples that every state has for itself
    calls  : states and samples asked for, for tests of how many there were
    """

    demand_mbps: float = 200.0
    noise: float = 0.2
    own: float = 0.0
    demand_count: int = 8
    calls: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        """One distribution a state."""
        self.calls.append((len(states), len(samples)))
        return [self._one(state, samples) for state in states]

    def _one(self, state: Snapshot, samples: range) -> Clp:
        fct, first, mean, cut_off = formula(state, self.demand_mbps)
        factor = luck(state, samples, self.noise, self.own, self.demand_count)
        return Clp(
            values=np.stack([fct * factor, first / factor, mean / factor], axis=1),
            cut_off_ratio=np.full(len(samples), cut_off),
        )


def formula(state: Snapshot, demand_mbps: float = 200.0) -> tuple[float, float, float, float]:
    """(p99 FCT, p1, mean throughput, share cut off) of the closed form."""
    demand = uniform_demand(state, demand_mbps)
    found, links, nodes = switch_loads(state, demand), state[FabricLinks], state[Nodes]
    total = max(demand.sum(), 1e-9)
    full = float((found.load_mbps / links.capacity_mbps).max())
    loss = 1 - (1 - links.drop_ratio) * (1 - nodes.drop_ratio[links.target])
    lost = float((found.load_mbps * loss).sum()) / total
    drop = nodes.drop_ratio[np.flatnonzero(nodes.tier == "t0")[peopled(state)]]
    lost += float(drop.max(initial=0.0))
    cut_off = found.unroutable_mbps / total
    if cut_off > 1e-9:
        return np.inf, 0.0, 100.0 * (1 - cut_off), cut_off
    return 0.01 + 10 * lost + 0.05 * full**2, 30 / (1 + full**2 + 40 * lost), 150 / (1 + full + 5 * lost), 0.0


Table = Callable[[Snapshot], tuple[float, float, float]]


@dataclass
class ByTable:
    """Metrics told by a function of the state, with luck as in :class:`ByFormula`."""

    told: Table
    noise: float = 0.1
    own: float = 0.0
    demand_count: int = 8
    calls: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        """One distribution a state."""
        self.calls.append((len(states), len(samples)))
        found = []
        for state in states:
            factor = luck(state, samples, self.noise, self.own, self.demand_count)
            values = np.outer(factor, np.array(self.told(state)))
            found.append(Clp(values=values, cut_off_ratio=np.zeros(len(samples))))
        return found
