"""Ways drawn at random for flows: at each switch one next hop, with a chance in proportion to its weight (WCMP).

The draw is weighted rendezvous hashing (Thaler and Ravishankar 1998): each eligible next hop gets a number in (0, 1)
that follows from the flow's key and the link, and the least of ``-ln(number) / weight`` wins; that is link ``i`` with
chance ``weight_i / sum``. A flow changes its way only where its own next hop went or a rival gained, so two states of a
network see the same luck, and only the flows that a change touches need a new draw (``ecmp_changes.py``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float64, int8, int32, int64, njit, types, uint64
from numpy.typing import NDArray

from fairlead.kernels.draws import chance
from fairlead.kernels.ecmp import (
    FLAGS,
    HOPS,
    INT32S,
    INT64S,
    LADDER,
    REALS,
    Flags,
    Hops,
    Int32s,
    Ladder,
    Reals,
    Rows,
    read_only,
)

LINKS_A_WAY = 6
"""Links of the longest way: server, t0, t1, t2, t1, t0, server."""

Keys = NDArray[np.uint64]

KEYS = types.Array(uint64, 1, "C", readonly=True)


class Routing(NamedTuple):
    """How a ``Ladder`` forwards in one state of the network.

    alive           : [links] whether a way may use it
    weight          : [links] WCMP weight as a next hop of its source
    own_start       : [links + 1] CSR over the two below: weights that hold towards one t0 alone
    own_destination : t0 number, ascending within a link
    own_weight      : the weight that stands there in place of ``weight``
    hops            : [t0s, switches] as ``ecmp.hops`` gives it for ``alive``
    """

    alive: Flags
    weight: Reals
    own_start: Rows
    own_destination: Int32s
    own_weight: Reals
    hops: Hops


class Ends(NamedTuple):
    """Where flows enter and leave the fabric, [flows].

    first       : link from the sending server up to its t0; -1: the flow has no way in
    last        : link from the receiver's t0 down to it; -1: no way out
    destination : t0 number of the receiver's t0
    key         : what the draw follows from
    """

    first: Int32s
    last: Int32s
    destination: Int32s
    key: Keys


class Ways(NamedTuple):
    """The way of each flow.

    links  : [flows, LINKS_A_WAY] link numbers in order, -1 behind the last
    length : [flows] int8 number of links; -1: no way
    """

    links: Int32s
    length: NDArray[np.int8]


def ends(first: Int32s, last: Int32s, destination: Int32s, key: Keys) -> Ends:
    """``Ends`` as the kernels want them: contiguous, and not to be written through."""
    return Ends(*(read_only(array) for array in (first, last, destination, key)))


ROUTING = types.NamedTuple([FLAGS, REALS, INT64S, INT32S, REALS, HOPS], Routing)
ENDS = types.NamedTuple([INT32S, INT32S, INT32S, KEYS], Ends)
_LINKS, _WEIGHTS = int32[::1], float64[::1]
WAYS = types.NamedTuple([int32[:, ::1], int8[::1]], Ways)


@njit(float64(INT64S, INT32S, REALS, int64, int64, float64), cache=True, nogil=True)
def _own_weight(own_start, own_destination, own_weight, link, destination, otherwise):  # type: ignore[no-untyped-def]  # compiled
    """The weight of a link towards one t0, or ``otherwise``. (Compiled; the signature above is its type.)"""
    low, high = own_start[link], own_start[link + 1]
    while low < high:
        half = (low + high) // 2
        if own_destination[half] == destination:
            return own_weight[half]
        if own_destination[half] < destination:
            low = half + 1
        else:
            high = half
    return otherwise


@njit(inline="always")
def _eligible(  # type: ignore[no-untyped-def]
    onward,
    first,
    last,
    target,
    alive,
    reached,
    weight,
    own_start,
    own_destination,
    own_weight,
    far,
    towards,
    links,
    weights,
):
    """Those of ``onward[first:last]`` that lead one nearer, with a weight above 0, into ``links`` and ``weights``.

    Takes arrays, not the tuples that hold them: those are copied whole into a call, and this one is made for each hop.
    """
    count = 0
    for at in range(first, last):
        link = onward[at]
        if reached[target[link]] == far - 1 and alive[link]:
            worth = weight[link]
            if len(own_destination) > 0 and own_start[link] != own_start[link + 1]:
                worth = _own_weight(own_start, own_destination, own_weight, link, towards, worth)
            if worth > 0.0:
                links[count], weights[count] = link, worth
                count += 1
    return count


@njit(int64(LADDER, ROUTING, int64, int64, _LINKS, _WEIGHTS), cache=True, nogil=True)
def next_hops(ladder, routing, destination, switch, links, weights):  # type: ignore[no-untyped-def]
    """The eligible next hops of a switch for a t0, into ``links`` and ``weights``: how many there are.

    Straight down where that leads there, else up; only links with a weight above 0. Both buffers hold ``room(ladder)``.
    """
    far = np.int64(routing.hops[destination, switch])
    down = far == ladder.tier[switch] - 1
    start = ladder.down_start if down else ladder.up_start
    return _eligible(
        ladder.down_link if down else ladder.up_link, start[switch], start[switch + 1], ladder.target,
        routing.alive, routing.hops[destination], routing.weight, routing.own_start, routing.own_destination,
        routing.own_weight, far, destination, links, weights,
    )  # fmt: skip


def room(ladder: Ladder) -> int:
    """The most links that any switch has in one direction."""
    return int(max(np.diff(ladder.up_start).max(initial=1), np.diff(ladder.down_start).max(initial=1)))


@njit(int64(uint64, _LINKS, _WEIGHTS, int64), cache=True, nogil=True)
def _chosen(key, links, weights, count):  # type: ignore[no-untyped-def]
    """The place of the next hop that a flow takes among ``count`` >= 1."""
    if count == 1:  # a lone next hop needs no luck
        return 0
    alike = True
    for place in range(1, count):
        alike &= weights[place] == weights[0]
    best, least = 0, np.inf
    for place in range(count):
        luck = chance(key, links[place])
        score = -luck if alike else -np.log(luck) / weights[place]  # the logarithm keeps the order
        if score < least:
            best, least = place, score
    return best


@njit(types.void(LADDER, ROUTING, ENDS, FLAGS, int64, WAYS), cache=True, nogil=True)
def draw_chosen(ladder, routing, ends, chosen, room, ways):  # type: ignore[no-untyped-def]
    """Draw the ways of the flows in ``chosen`` [flows] in place."""
    tier, t0, target, hops = ladder.tier, ladder.t0, ladder.target, routing.hops
    up_start, up_link, down_start, down_link = ladder.up_start, ladder.up_link, ladder.down_start, ladder.down_link
    alive, weight = routing.alive, routing.weight
    own_start, own_destination, own_weight = routing.own_start, routing.own_destination, routing.own_weight
    first, last, destination, key = ends.first, ends.last, ends.destination, ends.key
    links, weights = np.empty(room, np.int32), np.empty(room, np.float64)
    for flow in range(len(chosen)):
        if not chosen[flow]:
            continue
        way, towards, length = ways.links[flow], np.int64(destination[flow]), 0
        way[:] = -1
        if first[flow] >= 0 and last[flow] >= 0:
            switch, link, length = np.int64(target[first[flow]]), np.int64(first[flow]), 1
            while switch != t0[towards]:
                far = np.int64(hops[towards, switch])
                down = far == tier[switch] - 1
                onward = down_link if down else up_link
                start = down_start if down else up_start
                count = _eligible(
                    onward, start[switch], start[switch + 1], target, alive, hops[towards], weight, own_start,
                    own_destination, own_weight, far, towards, links, weights,
                )  # fmt: skip
                if far < 0 or count == 0:
                    length = 0
                    break
                way[length - 1] = link
                link = np.int64(links[_chosen(key[flow], links, weights, count)])
                switch = np.int64(target[link])
                length += 1
        if length > 0:
            way[length - 1] = link
            way[length] = last[flow]
        else:
            way[:] = -1
        ways.length[flow] = length + 1 if length > 0 else -1


def draw_ways(ladder: Ladder, routing: Routing, ends: Ends) -> Ways:
    """A way for every flow. O(flows * links of a switch); no hash where there is one next hop."""
    flow_count = len(ends.key)
    ways = Ways(np.empty((flow_count, LINKS_A_WAY), np.int32), np.empty(flow_count, np.int8))
    draw_chosen(ladder, routing, ends, np.ones(flow_count, bool), room(ladder), ways)
    return ways
