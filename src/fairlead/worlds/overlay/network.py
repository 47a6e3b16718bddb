"""An overlay as it is before anything fails: servers, pairs, demand, base round-trip times, capacity, users' day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers

WINDOW_SECONDS = 30
USER_MBPS = 2.0  # what one attached user asks of a server at once: a video call


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Servers and the pairs of them that carry relay streams.

    source, target   : [pairs] int32 rows of ``servers``, source < target, no pair twice
    demand_count     : [pairs] int32 streams that the users of the pair ask for, the same in every window
    base_rtt_ms      : [pairs] float32 round-trip time of an idle, healthy path
    peak_users_count : [servers] float64 users at home there at the busiest hour
    start_utc_hour   : time of day of window 0
    """

    servers: Servers
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    demand_count: NDArray[np.int32]
    base_rtt_ms: NDArray[np.float32]
    peak_users_count: NDArray[np.float64]
    start_utc_hour: float

    def __post_init__(self) -> None:
        pairs, servers = (self.source, self.target, self.demand_count, self.base_rtt_ms), self.servers.row_count
        assert len({array.shape for array in pairs}) == 1, "one row a pair"
        assert self.peak_users_count.shape == (servers,), "users [servers]"
        for array in (*pairs, self.peak_users_count):
            array.flags.writeable = False

    @property
    def pair_count(self) -> int:
        return len(self.source)

    @property
    def server_count(self) -> int:
        return self.servers.row_count

    @cached_property
    def total_demand_count(self) -> int:
        """Streams over all pairs."""
        return int(self.demand_count.sum(dtype=np.int64))

    @cached_property
    def capacity_users_count(self) -> NDArray[np.float64]:
        """[servers] users that fit a server."""
        return np.asarray(self.servers.capacity_mbps, dtype=np.float64) / USER_MBPS

    def group(self, column_name: str) -> NDArray[np.int32]:
        """[servers] number of the server's region, data center or provider among the sorted names."""
        return self.servers.codes(column_name)[1]

    def home_users_count(self, window: int) -> NDArray[np.int64]:
        """[servers] users whose own server this is, by the local hour: busiest at 20 h, quietest at 8 h with 20 %."""
        utc_hour = self.start_utc_hour + window * WINDOW_SECONDS / 3600
        longitude = np.nan_to_num(np.asarray(self.servers.longitude_deg, dtype=np.float64))
        activity = 0.6 + 0.4 * np.cos(2 * np.pi * (utc_hour + longitude / 15 - 20) / 24)
        return np.rint(self.peak_users_count * activity).astype(np.int64)
