"""What a change of the network does to ways that are drawn already: find the flows that it touches, draw those anew.

The answer equals a full draw bit for bit, because a draw at a switch follows from the flow's key and the eligible next
hops alone (``ecmp_ways.py``): while no rival gained and the flow's own next hop is still there, nothing moves.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int8, int32, int64, njit, types
from numpy.typing import NDArray

from fairlead.kernels.ecmp import INT64S, LADDER, Flags, Ladder
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


@njit(types.void(LADDER, ROUTING, ROUTING, INT64S, INT64S, int64, int8[:, ::1]), cache=True, nogil=True)
def _touch(ladder, before, after, destinations, switches, room, touched):  # type: ignore[no-untyped-def]
    had = np.empty(room, np.int32), np.empty(room, np.float64)
    has = np.empty(room, np.int32), np.empty(room, np.float64)
    for pair in range(len(destinations)):
        destination, switch = destinations[pair], switches[pair]
        touched[destination, switch] = _became(ladder, before, after, destination, switch, had, has)


def touched(ladder: Ladder, before: Routing, after: Routing) -> NDArray[np.int8]:
    """SAME, LOST or GAINED for every destination and switch: [t0s, switches] int8.

    Next hops follow from a switch's own links, its distance and those of its neighbours, so only where one of these
    changed they are looked at. O(links log(links) + t0s * switches), and the links of those switches.
    """
    found = np.zeros(after.hops.shape, np.int8)
    pairs = np.nonzero(_may_differ(ladder, before, after))
    rows, columns = (np.ascontiguousarray(each, np.int64) for each in pairs)
    rows.flags.writeable = columns.flags.writeable = False
    _touch(ladder, before, after, rows, columns, room(ladder), found)
    return found


def _may_differ(ladder: Ladder, before: Routing, after: Routing) -> Flags:
    """[t0s, switches] what next hops follow from is not as it was."""
    changed = (before.alive != after.alive) | (before.weight != after.weight) | _own_changed(before, after)
    starts = ladder.source[changed]
    found: Flags = before.hops != after.hops
    destination, moved = np.nonzero(found)
    found[:, starts[starts >= 0]] = True
    inside = np.flatnonzero((ladder.source >= 0) & (ladder.target >= 0))
    by_target = inside[np.argsort(ladder.target[inside], kind="stable")]
    first = np.searchsorted(ladder.target[by_target], moved, side="left")
    count = np.searchsorted(ladder.target[by_target], moved, side="right") - first
    if count.sum() > found.size:
        found[destination] = True
        return found
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    neighbours = ladder.source[by_target[np.repeat(first, count) + place]]
    found[np.repeat(destination, count), neighbours] = True
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
