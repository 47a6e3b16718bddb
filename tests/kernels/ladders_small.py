"""Random ladders of switches for the kernels of up-down routing, and distances by the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from fairlead.kernels.ecmp import Ladder, hops, ladder, read_only
from fairlead.kernels.ecmp_ways import Routing


@st.composite
def switches(draw: st.DrawFn) -> Ladder:
    """Up to 5 t0, 4 t1 and 4 t2 in any order of numbers; each link there or not in each direction; some to servers."""
    tier = draw(st.lists(st.sampled_from([1, 1, 2, 2, 3]), min_size=2, max_size=13))
    tier[draw(st.integers(0, len(tier) - 1))] = 1
    pairs = [
        (a, b)
        for a, low in enumerate(tier)
        for b, high in enumerate(tier)
        if abs(low - high) == 1 and draw(st.integers(0, 3))
    ]
    pairs += [(-1, tier.index(1)), (tier.index(1), -1)]
    pairs = draw(st.permutations(pairs))
    source, target = (np.array(part, np.int32) for part in zip(*pairs, strict=True))
    return ladder(np.array(tier, np.int8), source, target)


def routing(rungs: Ladder, alive: np.ndarray, weight: np.ndarray) -> Routing:
    """A routing without weights of single destinations."""
    none = np.zeros(len(alive) + 1, np.int64), np.zeros(0, np.int32), np.zeros(0)
    arrays = (alive.astype(bool), weight.astype(np.float64), *none, hops(rungs, read_only(alive.astype(bool))))
    return Routing(*(read_only(array) for array in arrays))


def distances(rungs: Ladder, alive: np.ndarray) -> np.ndarray:
    """[t0s, switches] by the definition: straight down if that leads there, else one more than the nearest above."""
    onward: dict[int, list[int]] = {switch: [] for switch in range(len(rungs.tier))}
    for link in np.flatnonzero(alive):
        if rungs.source[link] >= 0 and rungs.target[link] >= 0:
            onward[int(rungs.source[link])].append(int(rungs.target[link]))

    def down(switch: int, goal: int) -> float:
        if switch == goal:
            return 0
        return 1 + min((down(b, goal) for b in onward[switch] if rungs.tier[b] < rungs.tier[switch]), default=np.inf)

    def far(switch: int, goal: int) -> float:
        if down(switch, goal) < np.inf:
            return down(switch, goal)
        return 1 + min((far(b, goal) for b in onward[switch] if rungs.tier[b] > rungs.tier[switch]), default=np.inf)

    found = np.array([[far(switch, int(goal)) for switch in range(len(rungs.tier))] for goal in rungs.t0])
    return np.where(np.isinf(found), -1, found).astype(int)
