"""Where users and streams go when a server is offline, and what happens when too many come (Sentry, section 5).

Users of an offline server reconnect, within the window, to online servers of their region in proportion to spare
capacity; a region without online servers leaves them unserved. When their server returns, half of those still away come
back in each window. Streams of a pair that lost an end are taken over, in proportion to the smaller capacity of the two
ends, by surviving pairs between the same two regions on which nothing fails (or, where none is left, by all such pairs,
as long as both regions have a server online). Demand is not made, and only what no good path is left to carry goes
uncarried: it is missing from the observed streams, and every judgement over the original demand counts it as failed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.apportion import apportioned
from fairlead.worlds.overlay.network import Network

RETURN_RATIO = 0.5  # of the users still away, the share that comes home in one window
QUEUE_FROM_RATIO = 0.9  # utilisation from which queues inflate round-trip times


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attachment:
    """Who is attached where.

    at_home_ratio  : [servers] share of a server's own users that are attached to it
    own_count      : [servers] int64 own users attached
    guest_count    : [servers] int64 users of other servers attached
    unserved_count : [servers] int64 own users that no server of the region can take
    """

    at_home_ratio: NDArray[np.float64]
    own_count: NDArray[np.int64]
    guest_count: NDArray[np.int64]
    unserved_count: NDArray[np.int64]

    @property
    def users_count(self) -> NDArray[np.int64]:
        """[servers] users attached."""
        return self.own_count + self.guest_count


def settled(network: Network, window: int) -> Attachment:
    """Everybody at home."""
    home, none = network.home_users_count(window), np.zeros(network.server_count, dtype=np.int64)
    return Attachment(at_home_ratio=np.ones(len(home)), own_count=home, guest_count=none, unserved_count=none)


def reconnected(network: Network, before: Attachment, online: NDArray[np.bool_], window: int) -> Attachment:
    """The attachment one window later. O(servers log servers); no user is made or lost."""
    region = network.group("region")
    region_count = int(region.max()) + 1
    still_away = (1 - before.at_home_ratio) * (1 - RETURN_RATIO)
    at_home_ratio = np.where(online, np.where(still_away < 0.05, 1.0, 1 - still_away), 0.0)
    home = network.home_users_count(window)
    own = np.rint(home * at_home_ratio).astype(np.int64)
    served_region = np.bincount(region[online], minlength=region_count) > 0
    unserved = np.where(served_region[region], 0, home - own)
    away = np.bincount(region, weights=home - own - unserved, minlength=region_count).astype(np.int64)
    guests = np.zeros(network.server_count, dtype=np.int64)
    guests[online] = _guests(network, before.guest_count, own, away, online)
    return Attachment(at_home_ratio=at_home_ratio, own_count=own, guest_count=guests, unserved_count=unserved)


def _guests(
    network: Network,
    before: NDArray[np.int64],
    own: NDArray[np.int64],
    away: NDArray[np.int64],
    online: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """[online servers] guests: those already there stay while they are away from home, new ones seek spare room."""
    region = network.group("region")[online]
    staying = before[online]
    staying_sum = np.bincount(region, weights=staying, minlength=len(away)).astype(np.int64)
    kept = apportioned(np.minimum(away, staying_sum), region, staying.astype(np.float64))
    spare = np.maximum(network.capacity_users_count[online] - own[online] - kept, 0)
    return kept + apportioned(np.maximum(away - staying_sum, 0), region, spare)


def carried_streams(network: Network, online: NDArray[np.bool_], lossy: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[pairs] streams on each pair while only ``online`` [servers] carry any; 0 on pairs with an offline end.

    lossy : [pairs] paths on which streams fail as things stand. Who reconnects is not sent there: the overlay's own
            routing probes paths (Sentry, section 1).

    The sum is the network's demand less what cannot be placed. O(pairs log pairs) when a server is offline.
    """
    alive = online[network.source] & online[network.target]
    if alive.all():
        return network.demand_count
    kept = np.where(alive, network.demand_count, 0).astype(np.int32)
    relation, relation_count = _relations(network)
    homeless = np.bincount(relation, weights=network.demand_count - kept, minlength=relation_count).astype(np.int64)
    rows = np.flatnonzero(alive & ~lossy)
    carriers = np.bincount(relation[rows], minlength=relation_count)
    weight = _smaller_capacity(network)[rows]
    kept[rows] += apportioned(np.where(carriers > 0, homeless, 0), relation[rows], weight).astype(np.int32)
    stranded = int(homeless[(carriers == 0) & _both_regions_served(network, online, relation_count)].sum())
    if stranded and len(rows):
        anywhere = apportioned(np.array([stranded]), np.zeros(len(rows), dtype=np.int32), weight)
        kept[rows] += anywhere.astype(np.int32)
    return kept


def overload(network: Network, users_count: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What load adds to each pair: loss ratio and a factor on round-trip times, both [pairs].

    A server drops what exceeds its capacity, ``1 - capacity / load`` of everything; from 90 % utilisation on its queues
    lengthen round-trip times, twofold at 100 % and no further than fourfold.
    """
    utilisation = users_count / np.maximum(network.capacity_users_count, 1e-9)
    dropped = np.where(utilisation > 1, 1 - 1 / np.maximum(utilisation, 1), 0)
    queue = np.clip(1 + (utilisation - QUEUE_FROM_RATIO) / (1 - QUEUE_FROM_RATIO), 1, 4)
    source, target = network.source, network.target
    loss = 1 - (1 - dropped[source]) * (1 - dropped[target])
    return loss.astype(np.float32), np.maximum(queue[source], queue[target]).astype(np.float32)


def _relations(network: Network) -> tuple[NDArray[np.int32], int]:
    """[pairs] number of the two regions that a pair joins, in either order."""
    region = network.group("region")
    region_count = int(region.max()) + 1
    ends = region[network.source], region[network.target]
    return np.minimum(*ends) * region_count + np.maximum(*ends), region_count * region_count


def _both_regions_served(network: Network, online: NDArray[np.bool_], relation_count: int) -> NDArray[np.bool_]:
    """[relations] whether a server of both regions is online."""
    region = network.group("region")
    served = np.bincount(region[online], minlength=int(region.max()) + 1) > 0
    low, high = np.divmod(np.arange(relation_count), len(served))
    return served[low] & served[high]


def _smaller_capacity(network: Network) -> NDArray[np.float64]:
    capacity = network.capacity_users_count
    return np.minimum(capacity[network.source], capacity[network.target])
