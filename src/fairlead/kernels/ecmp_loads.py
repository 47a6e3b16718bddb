"""What traffic puts on the links of a fabric, in expectation over the draws of next hops: exact, not a sample."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit, types

from fairlead.kernels.ecmp import LADDER, Ladder, Reals
from fairlead.kernels.ecmp_ways import ROUTING, Routing, next_hops, room

_FARTHEST = 4


@njit(types.void(LADDER, ROUTING, int64, float64[:, ::1], float64[::1]), cache=True, nogil=True)
def _spread(ladder, routing, room, asked, load):  # type: ignore[no-untyped-def]  # compiled; see the signature
    links, weights = np.empty(room, np.int32), np.empty(room, np.float64)
    held = np.empty(len(ladder.tier))
    for destination in range(len(ladder.t0)):
        held[:] = 0.0
        for source in range(len(ladder.t0)):
            if source != destination:
                held[ladder.t0[source]] += asked[source, destination]
        for nearer in range(_FARTHEST):  # every next hop is one nearer, so all of a switch has come when its turn comes
            for switch in range(len(ladder.tier)):
                if held[switch] > 0.0 and routing.hops[destination, switch] == _FARTHEST - nearer:
                    count = next_hops(ladder, routing, destination, switch, links, weights)
                    total = weights[:count].sum()
                    for place in range(count):
                        part = held[switch] * weights[place] / total
                        load[links[place]] += part
                        held[ladder.target[links[place]]] += part


def expected_loads(ladder: Ladder, routing: Routing, asked: Reals) -> Reals:
    """Load of every link between switches [links], in the unit of ``asked`` [t0s, t0s]; its diagonal is not looked at.

    Traffic without a way is on no link beyond the switch where its way ends. O(t0s * links).
    """
    load = np.zeros(len(ladder.source))
    _spread(ladder, routing, room(ladder), np.ascontiguousarray(asked, np.float64), load)
    return load
