"""Routing samples (SWARM 3.3, "Modeling routing uncertainty"): ways drawn from the weights; what holds of them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.draws import mixed_keys
from fairlead.kernels.ecmp_changes import redraw_ways
from fairlead.kernels.ecmp_reach import arrives, shares
from fairlead.kernels.ecmp_ways import Ends, Ways, draw_ways, ends
from fairlead.predict.flows.fabric import Fabric

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Int32s = NDArray[np.int32]
Keys = NDArray[np.uint64]

LOCAL, CUT_OFF = 0, -1
"""Lengths of ways that use no link: both ends on one server; no way at all."""


def routing_keys(keys: Keys, number: int) -> Keys:
    """Keys of the flows [flows] in routing sample ``number`` of a demand; samples are independent of each other."""
    found: Keys = mixed_keys(keys, number)
    return found


def draw(fabric: Fabric, source: Int32s, target: Int32s, keys: Keys) -> Ways:
    """A way for each flow; ``length`` is LOCAL or CUT_OFF where it uses no link. Read-only.

    source, target : [flows] node rows of the servers whose workloads talk; each runs on its host
    keys           : [flows] what the draw follows from; the same key in another state has the same luck

    O(flows * links of a switch).
    """
    return _marked(
        fabric, source, target, draw_ways(fabric.ladder, fabric.routing, _ends(fabric, source, target, keys))
    )


def redraw(
    before: Fabric, fabric: Fabric, source: Int32s, target: Int32s, keys: Keys, drawn: Ways
) -> tuple[Ways, Flags]:
    """``draw(fabric, ...)`` from what was drawn in the state ``before``, and which flows [flows] were looked at anew.

    Equal bit for bit to the full draw; O(flows), and a draw for those that the difference of the states touches.
    """
    flows = _ends(fabric, source, target, keys)
    drawn = Ways(drawn.links, np.where(drawn.length == LOCAL, CUT_OFF, drawn.length).astype(np.int8))
    ways, anew = redraw_ways(fabric.ladder, before.routing, fabric.routing, flows, drawn)
    return _marked(fabric, source, target, ways), anew


def _ends(fabric: Fabric, source: Int32s, target: Int32s, keys: Keys) -> Ends:
    start, goal = fabric.host[source], fabric.host[target]
    first, last = fabric.uplink[start], fabric.downlink[goal]
    usable = np.append(fabric.alive, False)  # row -1: no link
    apart = start != goal
    return ends(
        np.where(apart & usable[first], first, -1).astype(np.int32),
        np.where(apart & usable[last], last, -1).astype(np.int32),
        fabric.destination[goal],
        keys,
    )


def _marked(fabric: Fabric, source: Int32s, target: Int32s, ways: Ways) -> Ways:
    ways.length[fabric.host[source] == fabric.host[target]] = LOCAL
    ways.links.flags.writeable = False
    ways.length.flags.writeable = False
    return ways


def along(ways: Ways, of_link: Reals, absent: float) -> Reals:
    """``of_link`` [links] at each hop of each way: [flows, hops], ``absent`` behind the end."""
    found: Reals = np.append(of_link, absent)[ways.links]
    return found


def loss_ratio(fabric: Fabric, ways: Ways) -> Reals:
    """[flows] share of a flow's packets that faults drop on its way: links and switches. NaN: no way; 0: local."""
    lost = 1.0 - along(ways, fabric.way_pass_ratio, 1.0).prod(axis=1)
    return np.where(ways.length == CUT_OFF, np.nan, lost)


def base_rtt_ms(fabric: Fabric, ways: Ways) -> Reals:
    """[flows] twice the propagation delay of the way; the way back is taken to be alike. NaN: no way; 0: local."""
    return np.where(ways.length == CUT_OFF, np.nan, 2.0 * along(ways, fabric.delay_ms, 0.0).sum(axis=1))


def path_probabilities(fabric: Fabric, source: int, target: int) -> dict[tuple[int, ...], float]:
    """Every way between two servers, as its node rows, and its probability (SWARM Figure 5).

    The probability of a way is the product of the weight shares at its switches. They add up to 1 less what runs into
    a switch whose next hops all have weight 0. A local pair has the one way (host,). O(ways).
    """
    start, goal = int(fabric.host[source]), int(fabric.host[target])
    if start == goal:
        return {(start,): 1.0}
    first, last = int(fabric.uplink[start]), int(fabric.downlink[goal])
    if first < 0 or last < 0 or not (fabric.alive[first] and fabric.alive[last]):
        return {}
    destination, end = int(fabric.destination[goal]), int(fabric.t0[goal])
    found: dict[tuple[int, ...], float] = {}
    open_ways: list[tuple[tuple[int, ...], float]] = [((start, int(fabric.t0[start])), 1.0)]
    while open_ways:
        nodes, probability = open_ways.pop()
        if nodes[-1] == end:
            found[(*nodes, goal)] = probability
            continue
        switch = int(fabric.switch[nodes[-1]])
        for link, share in zip(*shares(fabric.ladder, fabric.routing, destination, switch), strict=True):
            open_ways.append(((*nodes, int(fabric.target[link])), probability * float(share)))
    return found


def connected(fabric: Fabric, source: Int32s, target: Int32s) -> Flags:
    """[pairs] whether a flow from one workload to the other is sure to have a way, whatever its hash.

    Departs: the paper asks only for a path; a weight of 0 can leave one and still send a part of the flows into a
    switch that has no next hop for them, which cuts off those connections just the same.
    """
    start, goal = fabric.host[source], fabric.host[target]
    usable = np.append(fabric.alive, False)  # row -1: no link
    has_way = usable[fabric.uplink[start]] & usable[fabric.downlink[goal]]
    wanted, row = np.unique(fabric.destination[goal[has_way]], return_inverse=True)
    sure = arrives(fabric.ladder, fabric.routing, wanted)
    has_way[has_way] = sure[row, fabric.switch[fabric.t0[start[has_way]]]]
    found: Flags = has_way | (start == goal)
    return found


def partitioned(fabric: Fabric) -> bool:
    """Whether some two servers that run workloads are not ``connected``. O(t0s^2)."""
    hosts = np.unique(fabric.host[fabric.host >= 0])
    if len(hosts) < 2:
        return False
    if not (np.append(fabric.alive, False)[[*fabric.uplink[hosts], *fabric.downlink[hosts]]]).all():
        return True
    wanted = np.unique(fabric.destination[hosts])
    sure = arrives(fabric.ladder, fabric.routing, wanted)
    return not bool(sure[:, fabric.ladder.t0[wanted]].all())
