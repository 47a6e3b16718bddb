"""From which switches a flow is sure to arrive, whatever its luck: what "connected" means where weights may be 0."""

from __future__ import annotations

import numpy as np
from numba import boolean, njit, types
from numpy.typing import NDArray

from fairlead.kernels.ecmp import INT32S, LADDER, Flags, Int32s, Ladder
from fairlead.kernels.ecmp_ways import ROUTING, Routing, next_hops, room

_FARTHEST = 4


@njit(types.void(LADDER, ROUTING, INT32S, types.int64, boolean[:, ::1]), cache=True, nogil=True)
def _arrive(ladder, routing, destinations, room, sure):  # type: ignore[no-untyped-def]  # compiled; see the signature
    links, weights = np.empty(room, np.int32), np.empty(room, np.float64)
    for row in range(len(destinations)):
        destination = np.int64(destinations[row])
        sure[row, ladder.t0[destination]] = True
        for far in range(1, _FARTHEST + 1):  # every next hop is one nearer, so known by then
            for switch in range(len(ladder.tier)):
                if routing.hops[destination, switch] == far:
                    count = next_hops(ladder, routing, destination, switch, links, weights)
                    arrives = count > 0
                    for place in range(count):
                        arrives &= sure[row, ladder.target[links[place]]]
                    sure[row, switch] = arrives


def arrives(ladder: Ladder, routing: Routing, destinations: Int32s) -> Flags:
    """Whether every way that a flow may draw from a switch ends at the t0: [destinations, switches].

    destinations : t0 numbers

    False where there is no way, and where some next hop that a flow may take has only next hops of weight 0 behind it.
    A comparison where no weight is 0, else O(destinations * links).
    """
    if (routing.weight > 0).all() and (routing.own_weight > 0).all():
        reached: Flags = routing.hops[destinations] >= 0
        return reached
    sure = np.zeros((len(destinations), len(ladder.tier)), bool)
    wanted = np.array(destinations, np.int32)
    wanted.flags.writeable = False
    _arrive(ladder, routing, wanted, room(ladder), sure)
    return sure


def shares(ladder: Ladder, routing: Routing, destination: int, switch: int) -> tuple[Int32s, NDArray[np.float64]]:
    """The links that a flow to a t0 may take on from a switch, and the chance of each."""
    links, weights = np.empty(room(ladder), np.int32), np.empty(room(ladder))
    count = next_hops(ladder, routing, destination, switch, links, weights)
    return links[:count], weights[:count] / weights[:count].sum()
