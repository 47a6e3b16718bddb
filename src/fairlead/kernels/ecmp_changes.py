"""What a change of the network does to ways that are drawn already: find the flows that it touches, draw those anew.

The answer equals a full draw bit for bit, because a draw at a switch follows from the flow's key and the eligible next
hops alone (``ecmp_ways.py``): while no rival gained and the flow's own next hop is still there, nothing moves.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int8, int32, int64, njit, types
from numpy.typing import NDArray

from fairlead.kernels.ecmp import FLAGS, INT32S, LADDER, Flags, Ladder
from fairlead.kernels.ecmp_ways import ENDS, ROUTING, WAYS, Ends, Routing, Ways, draw_chosen, next_hops, room

SAME, LOST, GAINED = range(3)
"""What became of the next hops at a switch: nothing; some went; some came, or changed their weight."""

BUFFERS = types.Tuple([int32[::1], float64[::1]])
_TOUCH = types.Array(int8, 2, "C", readonly=True)


@njit(int8(LADDER, ROUTING, ROUTING, int64, int64, BUFFERS, BUFFERS), cache=True, nogil=True)
def _became(ladder, before, after, destination, switch, had, has):  # type: ignore[no-untyped-def]  # compiled
    """SAME, LOST or GAINED at one switch for one destination. Links of a switch come in one order, so one pass."""
    had_count = next_hops(ladder, before, destination, switch, had[0], had[1])
    has_count = next_hops(ladder, after, destination, switch, has[0], has[1])
    at = 0
    for place in range(has_count):
        while at < had_count and had[0][at] != has[0][place]:
            at += 1
        if at == had_count or had[1][at] != has[1][place]:
            return np.int8(GAINED)
    return np.int8(SAME if had_count == has_count else LOST)


@njit(types.void(LADDER, ROUTING, ROUTING, INT32S, FLAGS, int64, int8[:, ::1]), cache=True, nogil=True)
def _touch(ladder, before, after, starts, moved, room, touched):  # type: ignore[no-untyped-def]
    had = np.empty(room, np.int32), np.empty(room, np.float64)
    has = np.empty(room, np.int32), np.empty(room, np.float64)
    for destination in range(len(moved)):
        if moved[destination]:
            for switch in range(len(ladder.tier)):
                touched[destination, switch] = _became(ladder, before, after, destination, switch, had, has)
        else:  # distances as before: only where links themselves changed
            for switch in starts:
                touched[destination, switch] = _became(ladder, before, after, destination, switch, had, has)


def touched(ladder: Ladder, before: Routing, after: Routing) -> NDArray[np.int8]:
    """SAME, LOST or GAINED for every destination and switch: [t0s, switches] int8.

    O(links + t0s * switches), and for each destination whose distances changed its links once.
    """
    changed = (before.alive != after.alive) | (before.weight != after.weight) | _own_changed(before, after)
    starts = np.unique(ladder.source[changed])
    starts = starts[starts >= 0].astype(np.int32)
    starts.flags.writeable = False
    moved = (before.hops != after.hops).any(axis=1)
    found = np.zeros(after.hops.shape, np.int8)
    _touch(ladder, before, after, starts, moved, room(ladder), found)
    return found


def _own_changed(before: Routing, after: Routing) -> Flags:
    """[links] whether the weights towards single destinations may differ."""
    same = (
        np.array_equal(before.own_start, after.own_start)
        and np.array_equal(before.own_destination, after.own_destination)
        and np.array_equal(before.own_weight, after.own_weight)
    )
    if same:
        return np.zeros(len(after.alive), bool)
    return (np.diff(before.own_start) > 0) | (np.diff(after.own_start) > 0)


@njit(types.void(LADDER, ROUTING, ENDS, WAYS, _TOUCH, int64, boolean[::1]), cache=True, nogil=True)
def _mark_stale(ladder, after, ends, drawn, touch, room, stale):  # type: ignore[no-untyped-def]
    """Which flows must be drawn anew: one pass along their ways, looking at next hops only where some were lost."""
    links, weights = np.empty(room, np.int32), np.empty(room, np.float64)
    source, first, last, destination = ladder.source, ends.first, ends.last, ends.destination
    way, length = drawn.links, drawn.length
    for flow in range(len(stale)):
        end = np.int64(length[flow]) - 1
        stale[flow] = end < 0 or way[flow, 0] != first[flow] or way[flow, end] != last[flow]
        for place in range(1, end):
            towards, switch = np.int64(destination[flow]), np.int64(source[way[flow, place]])
            became = touch[towards, switch]
            if stale[flow] or became == SAME:
                continue
            if became == LOST:
                count = next_hops(ladder, after, towards, switch, links, weights)
                stale[flow] = not (links[:count] == way[flow, place]).any()
            else:
                stale[flow] = True


def redraw_ways(ladder: Ladder, before: Routing, after: Routing, ends: Ends, drawn: Ways) -> tuple[Ways, Flags]:
    """``draw_ways(ladder, after, ends)``, from the ways ``drawn`` under ``before``; and which flows were drawn anew.

    ``ends`` are those of the state after; a flow whose servers or their links changed is drawn anew. O(flows) and the
    draws of the flows that the change touches.
    """
    stale = np.zeros(len(ends.key), bool)
    ways = Ways(drawn.links.copy(), drawn.length.copy())
    _mark_stale(ladder, after, ends, ways, touched(ladder, before, after), room(ladder), stale)
    draw_chosen(ladder, after, ends, stale, room(ladder), ways)
    return ways, stale
