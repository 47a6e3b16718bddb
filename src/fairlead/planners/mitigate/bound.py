"""How good could it possibly be: the same network were every failure repaired, estimated with the same samples."""

from __future__ import annotations

import math

import numpy as np

from fairlead.model import Bound, BoundKind, FabricLinks, Nodes, Snapshot
from fairlead.planners.mitigate.failures import LOST_CAPACITY_RATIO, usual_capacity_mbps


def healed(snapshot: Snapshot) -> Snapshot:
    """The network without its failures: nothing is lost, all links are up, lost capacity is that of the siblings.

    Where workloads were moved they stay, but for those on a t0 that is down, which is up here. Weights of links are
    those of equal next hops; a table of weights by destination is the operator's and stays. O(links log links).
    """
    links, nodes = snapshot[FabricLinks], snapshot[Nodes]
    usual = usual_capacity_mbps(snapshot)
    capacity = np.where(links.capacity_mbps < LOST_CAPACITY_RATIO * usual, usual, links.capacity_mbps)
    whole = links.with_column("drop_ratio", np.zeros_like(links.drop_ratio))
    whole = whole.with_column("up", np.ones_like(links.up))
    whole = whole.with_column("weight", np.ones_like(links.weight))
    whole = whole.with_column("capacity_mbps", capacity.astype(links.capacity_mbps.dtype))
    return snapshot.replaced(nodes.with_column("drop_ratio", np.zeros_like(nodes.drop_ratio)), whole)


def ideal_bound(cost: float, healthy_cost: float) -> Bound:
    """The first criterion of the comparator as a cost, and what it would be in the healed network.

    The healed network is no proof: with fewer ways some flows can gain. Where the plan is estimated to do better than
    it, nothing is claimed (NONE), as where either says nothing.
    """
    known = not math.isnan(cost) and math.isfinite(healthy_cost)
    if known and healthy_cost <= cost:
        return Bound(cost=cost, best=healthy_cost, kind=BoundKind.IDEAL)
    return Bound(cost=cost, best=math.nan, kind=BoundKind.NONE)
