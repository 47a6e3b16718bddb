"""What one worker computes of an estimate: a stretch of a demand, under its routings, in every state asked about.

A shard is a plain value that follows from nothing but itself, so any mapper may carry it anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.kernels.ecmp_ways import Ways
from fairlead.model import Snapshot
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.downscaling import part_of, shrunk
from fairlead.predict.flows.fabric import Fabric, fabric
from fairlead.predict.flows.routing import draw, redraw, routing_keys
from fairlead.predict.flows.sample import Meets, Observed, Rule, observed
from fairlead.predict.flows.transport import Transport
from fairlead.predict.flows.warm_start import handover


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shard:
    """A stretch of one demand under some routings, in some states.

    running    : the network that carries the warm-up for all of them; None: each does so itself
    settle_s   : of the warm-up, what each state then carries itself
    shared_by  : parts that the demand is still to be dealt out to
    part_count : parts that the capacity is dealt out to
    number     : of the demand
    """

    states: tuple[Snapshot, ...]
    running: Snapshot | None
    settle_s: float
    demand: Demand
    sampling: Sampling
    shared_by: int
    part_count: int
    number: int
    routings: tuple[int, ...]
    rule: Rule
    transport: Transport
    congestion_control: str


def outcomes(shard: Shard) -> list[list[Observed]]:
    """[routings][states] what becomes of the measured flows.

    O(routings x states x (flows + epochs x flows under way)).
    """
    fabrics = [fabric(state) for state in shard.states]
    running = None if shard.running is None else fabric(shard.running)
    return [_under_routing(shard, fabrics, running, routing) for routing in shard.routings]


def _under_routing(shard: Shard, fabrics: list[Fabric], running: Fabric | None, routing: int) -> list[Observed]:
    """[states] on the same demand and the same routing; ways are drawn once, and again where a state touches them."""
    demand = part_of(shard.demand, shard.shared_by, (shard.number + routing) % shard.shared_by)
    keys = routing_keys(demand.key, routing)
    base = fabrics[0] if running is None else running
    first = draw(base, demand.source, demand.target, keys)
    sampling, left_bytes = shard.sampling, None
    how = (shard.rule, shard.transport, shard.congestion_control)
    if running is not None:
        before = Meets(state=shrunk(running, shard.part_count), demand=demand, keys=keys, ways=first)
        taken = handover(before, sampling, shard.settle_s, *how)
        demand, sampling, left_bytes = taken.demand, taken.sampling, taken.left_bytes
        keys, first = keys[taken.rows], Ways(first.links[taken.rows], first.length[taken.rows])
    found = []
    for state in fabrics:
        ways = first
        if state is not base:
            ways, _ = redraw(base, state, demand.source, demand.target, keys, first)
        scaled = shrunk(state, shard.part_count)
        meets = Meets(state=scaled, demand=demand, keys=keys, ways=ways, left_bytes=left_bytes)
        found.append(observed(meets, sampling, *how))
    return found
