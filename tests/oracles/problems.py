"""Random cover problems: small ones drawn by hypothesis, larger ones from a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from fairlead.kernels.cover import CoverProblem


def problem_of(
    pairs: list[tuple[int, int, float]],
    cost: list[float],
    slack: float,
    region: list[int] | None = None,
    quota: list[float] | None = None,
) -> CoverProblem:
    """Resource 0 is the fleet, resource 1 + k the region k; unlimited unless ``quota`` says otherwise."""
    nodes = len(cost)
    region = region or [0] * nodes
    quota = quota or [np.inf] * (2 + max(region))
    return CoverProblem(
        u=np.array([u for u, _, _ in pairs], dtype=np.int64),
        v=np.array([v for _, v, _ in pairs], dtype=np.int64),
        g=np.array([g for _, _, g in pairs], dtype=np.float64),
        cost=np.array(cost, dtype=np.float64),
        slack=float(slack),
        resource=np.array([[0, 1 + at] for at in region], dtype=np.int64).reshape(nodes, 2),
        use=np.ones((nodes, 2)),
        quota=np.array(quota, dtype=np.float64),
    )


@st.composite
def cover_problems(draw: st.DrawFn, max_nodes: int = 7, quotas: st.SearchStrategy[float] | None = None) -> CoverProblem:
    """Parallel pairs, weight zero and isolated nodes all occur; quotas from none to everything unless said."""
    nodes = draw(st.integers(2, max_nodes))
    node = st.integers(0, nodes - 1)
    weight = st.one_of(st.integers(0, 6).map(float), st.floats(0.0625, 5, width=32))
    pair = st.tuples(node, node, weight).filter(lambda p: p[0] != p[1])
    pairs = draw(st.lists(pair, min_size=1, max_size=14))
    cost = draw(st.lists(st.floats(0.5, 100, width=32), min_size=nodes, max_size=nodes))
    total = sum(g for _, _, g in pairs)
    slack = draw(st.floats(0, 1)) * total * 0.6
    region = draw(st.lists(st.integers(0, 2), min_size=nodes, max_size=nodes))
    limit = st.one_of(st.just(np.inf), st.integers(0, nodes).map(float)) if quotas is None else quotas
    return problem_of(pairs, cost, slack, region, [draw(limit) for _ in range(4)])


def seeded_problem(seed: int, *, nodes: int, pairs: int, slack_ratio: float, fleet: float = np.inf) -> CoverProblem:
    """Whole weights from 1 to 10, costs from 1 to 110, four regions of which each may lose ``fleet`` / 2 servers."""
    chance = np.random.default_rng(seed)
    u = chance.integers(0, nodes, pairs)
    v = (u + chance.integers(1, nodes, pairs)) % nodes
    g = chance.integers(1, 11, pairs).astype(np.float64)
    region = chance.integers(0, 4, nodes)
    return CoverProblem(
        u=u,
        v=v,
        g=g,
        cost=chance.uniform(1, 110, nodes),
        slack=float(np.floor(slack_ratio * g.sum())),
        resource=np.stack([np.zeros(nodes, dtype=np.int64), 1 + region], axis=1),
        use=np.ones((nodes, 2)),
        quota=np.concatenate([[fleet], np.full(4, fleet / 2)]),
    )
