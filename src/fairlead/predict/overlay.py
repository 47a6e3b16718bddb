"""What-if physics of a relay overlay: demand, failures, users and where they go when servers leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows

QOE_ALPHA = 1.0  # weight of one active user (Sentry 4.1.3)
QOE_BETA = 100.0  # weight of a whole region's coverage (Sentry 4.1.3)
FAILING_LOSS_RATIO = 0.132  # above this packet loss streams begin to fail (Sentry Eq. 2)
HEALTHY_LOSS_RATIO = 0.066  # half of that: what failed is called healthy again only below this
USER_MBPS = 2.0  # what one active user sends and receives through a server, where nobody measured it

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LastWindow:
    """The relay streams of the newest window; all arrays are [pairs] and read-only.

    rows         : rows of ``streams`` in that window
    demand_count : all streams, worked or failed, also on pairs whose servers are offline: the original demand
    failed_at    : places (in these arrays) of the pairs that have failed streams, whoever is offline
    """

    rows: Rows
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    succeeded_count: NDArray[np.int32]
    failed_count: NDArray[np.int32]
    demand_count: int
    failed_at: Rows


def last_window(snapshot: Snapshot) -> LastWindow:
    """The newest window of the snapshot. One pass over ``streams``, once; views where its rows lie together."""
    streams, newest = snapshot[Streams], snapshot[Windows].row_count - 1
    return streams.memo(("last_window", newest), lambda: _window(streams, newest))


def _window(streams: Streams, window: int) -> LastWindow:
    rows = np.flatnonzero(streams.window == window)
    together = len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows)
    at = slice(rows[0], rows[-1] + 1) if together else rows
    succeeded, failed = streams.succeeded_count[at], streams.failed_count[at]
    return LastWindow(
        rows=rows,
        source=streams.source[at],
        target=streams.target[at],
        succeeded_count=succeeded,
        failed_count=failed,
        demand_count=int(succeeded.sum(dtype=np.int64) + failed.sum(dtype=np.int64)),
        failed_at=np.flatnonzero(failed),
    )


def failing_at(snapshot: Snapshot) -> Rows:
    """Places in :func:`last_window` of the pairs with failed streams between two online servers."""
    window, online = last_window(snapshot), snapshot[Servers].online
    at = window.failed_at
    both: Rows = at[online[window.source[at]] & online[window.target[at]]]
    return both


def active_users(snapshot: Snapshot) -> Reals:
    """[servers] users attached to each server: its newest report, else the median of its region's newest, else NaN."""
    servers, reports = snapshot[Servers], snapshot[ServerWindows]
    users = np.full(servers.row_count, np.nan)
    order = np.argsort(reports.window, kind="stable")
    users[reports.server[order]] = reports.active_users_count[order]  # later windows overwrite earlier ones
    for region in np.unique(servers.codes("region")[1][np.isnan(users)]):
        members = servers.codes("region")[1] == region
        if not np.isnan(users[members]).all():
            users[members & np.isnan(users)] = np.nanmedian(users[members])
    return users


def qoe_costs(snapshot: Snapshot) -> Reals:
    """[servers] what users lose when the server goes offline: alpha * users + beta / region size (Sentry 4.1.3).

    A server that nobody reports on, in a region that nobody reports on, is charged as the busiest known one: not
    knowing must not make a drain look cheap.
    """
    servers = snapshot[Servers]
    users = active_users(snapshot)
    if np.isnan(users).any():
        users = np.where(np.isnan(users), np.nanmax(users) if not np.isnan(users).all() else 1.0, users)
    _, region = servers.codes("region")
    return QOE_ALPHA * users + QOE_BETA / np.bincount(region)[region]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionLoad:
    """Where the users of a region would have to fit, per region in the order of ``Servers.codes("region")``.

    load_mbps     : what the users of all its servers need; NaN where nobody in the region reports users
    capacity_mbps : what its online servers can relay; NaN where a capacity in the region is unknown
    """

    load_mbps: Reals
    capacity_mbps: Reals

    @property
    def utilisation_ratio(self) -> Reals:
        """[regions] load / capacity; NaN where either is unknown, infinite where nothing is left to carry it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.load_mbps / self.capacity_mbps
        return np.where((self.load_mbps <= 0) & (self.capacity_mbps <= 0), 0.0, ratio)


def region_load(snapshot: Snapshot, user_mbps: float = USER_MBPS) -> RegionLoad:
    """Load and surviving capacity of every region when users re-home inside their region (Sentry section 5)."""
    servers = snapshot[Servers]
    distinct, region = servers.codes("region")
    users = active_users(snapshot)
    load: Reals = np.bincount(region, users * user_mbps, len(distinct)).astype(np.float64)
    online_mbps = np.where(servers.online, servers.capacity_mbps, 0.0)
    capacity: Reals = np.bincount(region, online_mbps, len(distinct)).astype(np.float64)
    return RegionLoad(load_mbps=load, capacity_mbps=capacity)


def region_up_ratio(snapshot: Snapshot) -> Reals:
    """[regions] share of each region's servers that is online."""
    servers = snapshot[Servers]
    _, region = servers.codes("region")
    shares: Reals = np.bincount(region, weights=servers.online) / np.bincount(region)
    return shares
