"""Traffic down-scaling (SWARM 3.4, after POP): one of ``parts`` sub-networks with a share of traffic and capacity."""

from __future__ import annotations

import numpy as np

from fairlead.kernels.draws import mixed_keys
from fairlead.predict.flows.demand import Demand
from fairlead.predict.flows.fabric import Fabric

_PURPOSE = 1 << 40  # a place in the hash that no link and no routing sample has


def downscaled(demand: Demand, fabric: Fabric, parts: int, part: int) -> tuple[Demand, Fabric]:
    """Sub-network ``part`` of ``parts``: a random share of the flows over links of a share of the capacity.

    Each flow belongs to one part, by its key, in every state of the network alike; a part of a Poisson process is one.
    Buffers shrink with the capacity, so that a full queue delays as long as before. What this cannot keep: a flow alone
    on a link gets a share of it only. O(flows + links).
    """
    assert 0 <= part < parts
    if parts == 1:
        return demand, fabric
    mine = mixed_keys(demand.key, _PURPOSE) % np.uint64(parts) == part
    return demand.chosen(mine), fabric.with_capacity(fabric.capacity_mbps / parts, fabric.buffer_bytes / parts)
