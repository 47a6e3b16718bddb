"""Traffic down-scaling (SWARM 3.4, after POP): one of ``parts`` sub-networks with a share of traffic and capacity."""

from __future__ import annotations

import numpy as np

from fairlead.kernels.draws import mixed_keys
from fairlead.model import Arrivals, Flows, Snapshot
from fairlead.predict.flows.demand import Demand
from fairlead.predict.flows.fabric import Fabric

_PURPOSE = 1 << 40  # a place in the hash that no link and no routing sample has


def downscaled(demand: Demand, fabric: Fabric, parts: int, part: int) -> tuple[Demand, Fabric]:
    """Sub-network ``part`` of ``parts``: a random share of the flows over links of a share of the capacity.

    What this cannot keep: a flow alone on a link gets a share of it only. O(flows + links).
    """
    return part_of(demand, parts, part), shrunk(fabric, parts)


def part_of(demand: Demand, parts: int, part: int) -> Demand:
    """The flows of one part: each belongs to one, by its key, in every state of the network alike. O(flows)."""
    assert 0 <= part < parts
    if parts == 1:
        return demand
    return demand.chosen(mixed_keys(demand.key, _PURPOSE) % np.uint64(parts) == part)


def shrunk(fabric: Fabric, parts: int) -> Fabric:
    """A share of every capacity. Buffers shrink alike, so that a full queue delays as long as before. O(links)."""
    if parts == 1:
        return fabric
    return fabric.with_capacity(fabric.capacity_mbps / parts, fabric.buffer_bytes / parts)


def thinned(snapshot: Snapshot, parts: int) -> Snapshot:
    """The network with the arrivals of one part: a part of a Poisson process is one, so it need not be drawn whole.

    Itself where that does not serve: demands are pinned, or each draws its own load; those are to be dealt out.
    """
    pinned = Flows in snapshot and snapshot[Flows].row_count > 0
    known = Arrivals in snapshot and snapshot[Arrivals].row_count > 0
    if parts == 1 or pinned or not known:
        return snapshot
    return snapshot.replaced(Arrivals.of(arrivals_per_s=snapshot[Arrivals].arrivals_per_s / parts))
