"""CorrOpt (Zhuo et al., SIGCOMM 2017) as SWARM 4.1 tells it: disable what corrupts while enough paths remain.

A corrupting link above the t0s is disabled if every t0 keeps at least a share of its paths to the spine, counted
against a network in which every link is up. Of several, as CorrOpt's optimiser does, the set is taken that removes the
most loss: exactly up to EXACT_COUNT links, else greedily from the worst. Congestion, switches and t0s are not its
business, nor is which servers can still reach each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np

from fairlead.model import FabricLinks, Snapshot
from fairlead.planners.mitigate.actions import Action
from fairlead.planners.mitigate.cables import T0, T1, T2, Flags, Reals, Rows, alive_links, cables, tiers
from fairlead.planners.mitigate.peers.rival import MitigateRival

CORRUPTING = 1e-8
"""A link that loses more corrupts (CorrOpt section 2: the least loss rate in its data)."""

EXACT_COUNT = 10

Allowed = Callable[[tuple[int, ...]], bool]


def choose(snapshot: Snapshot, kept_ratio: float) -> tuple[Action, ...]:
    """Actions that disable links so that every t0 keeps ``kept_ratio`` of its paths to the spine."""
    found, links, tier = cables(snapshot), snapshot[FabricLinks], tiers(snapshot)
    alive = alive_links(snapshot)
    loss = found.worst(links.drop_ratio)
    usable = found.worst(alive.astype(np.float64)) > 0
    corrupting = np.flatnonzero((tier[found.low] >= T0) & usable & (loss > CORRUPTING))
    corrupting = corrupting[np.argsort(-loss[corrupting], kind="stable")]
    limit = kept_ratio * path_counts(snapshot, np.ones(links.row_count, np.bool_))

    def stays_connected(off: tuple[int, ...]) -> bool:
        left = alive.copy()
        for cable in off:
            left[found.rows(cable)] = False
        return bool((path_counts(snapshot, left) >= limit - 1e-9).all())

    pick = _best if len(corrupting) <= EXACT_COUNT else _greedy
    off = pick(corrupting, loss, stays_connected)
    ends = [(int(found.low[cable]), int(found.high[cable])) for cable in off]
    return tuple(Action(kind="disable_link", source=low, target=high) for low, high in ends)


def path_counts(snapshot: Snapshot, passable: Flags) -> Reals:
    """[t0s] ways from each t0 up to a t2 over the links [links] that are passable. O(links)."""
    tier, links = tiers(snapshot), snapshot[FabricLinks]
    up = passable & (tier[links.source] == T1) & (tier[links.target] == T2)
    onward = np.bincount(links.source[up], minlength=len(tier)).astype(np.float64)
    first = np.flatnonzero(passable & (tier[links.source] == T0) & (tier[links.target] == T1))
    counts = np.bincount(links.source[first], onward[links.target[first]], minlength=len(tier))
    return np.asarray(counts[tier == T0], dtype=np.float64)


def _best(corrupting: Rows, loss: Reals, allowed: Allowed) -> tuple[int, ...]:
    """The allowed set of most loss; of equal ones the smallest, then the first."""
    sets = [off for size in range(len(corrupting) + 1) for off in combinations(corrupting.tolist(), size)]
    return max((off for off in sets if not off or allowed(off)), key=lambda off: float(loss[list(off)].sum()))


def _greedy(corrupting: Rows, loss: Reals, allowed: Allowed) -> tuple[int, ...]:
    off: tuple[int, ...] = ()
    for cable in corrupting.tolist():
        if allowed((*off, cable)):
            off = (*off, cable)
    return off


VARIANTS = tuple(
    MitigateRival(name=f"corropt_{percent}", choose=partial(choose, kept_ratio=percent / 100))
    for percent in (25, 50, 75)
)
"""The paper's three."""
