"""Distances of up-down routing in a tiered fabric: how far each switch is from each t0, and what a change does.

A way goes up and then down, never up again (valley-free), over links that are alive. Tiers are 1 (t0), 2 (t1) and
3 (t2); servers do not appear. Straight down from tier ``k`` is ``k - 1`` links; a switch that cannot go straight down
goes up to a neighbour that is nearest. So distances are 0 (the t0 itself), 1, 2, 3 and 4; -1: no way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int8, int32, int64, njit, types
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]
Rows = NDArray[np.int64]
Int32s = NDArray[np.int32]
Hops = NDArray[np.int8]

NO_WAY = -1


class Ladder(NamedTuple):
    """The switches and the links between them; links are numbered as the caller's are, so servers' links may be among.

    tier                 : [switches] int8, 1 (t0) to 3 (t2)
    t0                   : [t0s] switch number of each t0: the destinations
    source, target       : [links] switch number of either end, -1: a server
    up_start, up_link    : CSR: the links of switch ``v`` to the tier above are ``up_link[up_start[v]:up_start[v + 1]]``
    down_start, down_link: the same towards the tier below
    fed_start, fed_link  : the same, links that come down into ``v`` from the tier above
    """

    tier: NDArray[np.int8]
    t0: Int32s
    source: Int32s
    target: Int32s
    up_start: Rows
    up_link: Int32s
    down_start: Rows
    down_link: Int32s
    fed_start: Rows
    fed_link: Int32s


def _fixed(kind: Any, axes: int = 1) -> Any:
    return types.Array(kind, axes, "C", readonly=True)


INT8S, INT32S, INT64S = _fixed(int8), _fixed(int32), _fixed(int64)
FLAGS, REALS, HOPS = _fixed(boolean), _fixed(float64), _fixed(int8, 2)
LADDER = types.NamedTuple([INT8S, INT32S, INT32S, INT32S, *[INT64S, INT32S] * 3], Ladder)


def ladder(tier: NDArray[np.int8], source: Int32s, target: Int32s) -> Ladder:
    """Sorts the links of the switches: ``tier`` [switches]; ``source``, ``target`` [links], -1 for a server.

    Links inside a tier, or past one, belong to no way and are left out. O(links log links).
    """
    inside = np.flatnonzero((source >= 0) & (target >= 0))
    step = tier[target[inside]].astype(np.int64) - tier[source[inside]]
    up, down = inside[step == 1], inside[step == -1]
    parts = (_grouped(up, source, len(tier)), _grouped(down, source, len(tier)), _grouped(down, target, len(tier)))
    bottom = np.flatnonzero(tier == 1).astype(np.int32)
    arrays = (tier, bottom, source, target, *(part for two in parts for part in two))
    return Ladder(*(read_only(array) for array in arrays))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view that cannot be written through, as the compiled signatures ask for."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _grouped(links: Rows, end: Int32s, switch_count: int) -> tuple[Rows, Int32s]:
    order = np.argsort(end[links], kind="stable")
    count = np.bincount(end[links], minlength=switch_count)
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), links[order].astype(np.int32)


@njit(int64(LADDER, FLAGS, int8[::1], int64), cache=True, nogil=True)
def _seen_from(ladder, alive, far, switch):  # type: ignore[no-untyped-def]  # compiled; the signature is its type
    """What the distance of ``switch`` must be, given those of its neighbours (not for the destination itself)."""
    straight = np.int64(ladder.tier[switch]) - 1
    for at in range(ladder.down_start[switch], ladder.down_start[switch + 1]):
        link = ladder.down_link[at]
        if alive[link] and far[ladder.target[link]] == straight - 1:
            return straight
    best = np.int64(NO_WAY)
    for at in range(ladder.up_start[switch], ladder.up_start[switch + 1]):
        link = ladder.up_link[at]
        beyond = np.int64(far[ladder.target[link]])
        if alive[link] and beyond >= 0 and (best < 0 or beyond + 1 < best):
            best = beyond + 1
            if best == 2:  # nothing above a switch is nearer than 1
                break
    return best


@njit(types.void(LADDER, FLAGS, INT32S, INT32S, int64, int8[::1]), cache=True, nogil=True)
def _fill(ladder, alive, middle, bottom, destination, far):  # type: ignore[no-untyped-def]
    """The distances of all switches from one destination: straight down first, then t1, then t0."""
    far[:] = NO_WAY
    root = ladder.t0[destination]
    far[root] = 0
    for at in range(ladder.fed_start[root], ladder.fed_start[root + 1]):
        link = ladder.fed_link[at]
        if alive[link]:
            below = ladder.source[link]
            far[below] = 1
            for higher in range(ladder.fed_start[below], ladder.fed_start[below + 1]):
                if alive[ladder.fed_link[higher]]:
                    far[ladder.source[ladder.fed_link[higher]]] = 2
    for switch in middle:
        if far[switch] != 1:
            for at in range(ladder.up_start[switch], ladder.up_start[switch + 1]):
                link = ladder.up_link[at]
                if alive[link] and far[ladder.target[link]] == 2:
                    far[switch] = 3
                    break
    for switch in bottom:
        if switch != root:
            for at in range(ladder.up_start[switch], ladder.up_start[switch + 1]):
                link = ladder.up_link[at]
                beyond = far[ladder.target[link]]
                if alive[link] and beyond > 0:
                    far[switch] = beyond + 1
                    if beyond == 1:
                        break


@njit(types.void(LADDER, FLAGS, INT32S, INT32S, int8[:, ::1]), cache=True, nogil=True)
def _fill_all(ladder, alive, middle, bottom, hops):  # type: ignore[no-untyped-def]
    for destination in range(len(ladder.t0)):
        _fill(ladder, alive, middle, bottom, destination, hops[destination])


def hops(ladder: Ladder, alive: Flags) -> Hops:
    """Links from each switch to each t0: [t0s, switches] int8, -1 where there is no way. O(t0s * links) at worst.

    alive : [links]
    """
    far = np.empty((len(ladder.t0), len(ladder.tier)), np.int8)
    _fill_all(ladder, alive, *_tiers(ladder), far)
    return far


def _tiers(ladder: Ladder) -> tuple[Int32s, Int32s]:
    middle = np.flatnonzero(ladder.tier == 2).astype(np.int32)
    middle.flags.writeable = False
    return middle, ladder.t0


@njit(types.void(LADDER, FLAGS, INT32S, INT32S, INT32S, int8[:, ::1]), cache=True, nogil=True)
def _repair(ladder, alive, middle, bottom, starts, hops):  # type: ignore[no-untyped-def]
    for destination in range(len(ladder.t0)):
        far = hops[destination]
        for switch in starts:
            if switch != ladder.t0[destination] and _seen_from(ladder, alive, far, switch) != far[switch]:
                _fill(ladder, alive, middle, bottom, destination, far)
                break


def repaired_hops(ladder: Ladder, alive: Flags, before: Hops, changed: Rows) -> Hops:
    """``hops(ladder, alive)``, from the table that held before the links ``changed`` went or came.

    Distances hang together from the destination outwards without a cycle, so a row in which every switch that lost or
    gained a link still agrees with its neighbours is right as it stands; the others are filled anew. O(t0s * links of
    the switches that changed), and the rows that differ.
    """
    far = before.copy()
    starts = np.unique(ladder.source[changed])
    starts = starts[starts >= 0].astype(np.int32)
    starts.flags.writeable = False
    if len(starts):
        _repair(ladder, alive, *_tiers(ladder), starts, far)
    return far
