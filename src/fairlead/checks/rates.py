"""Rules that remember: G2 how much was done lately, G8 who did it. Their memory is the ledger, never a process."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fairlead.checks.case import Case, Violation
from fairlead.checks.limits import HOUR_S, largest_count
from fairlead.checks.walk import Reals, Rows
from fairlead.model import Servers
from fairlead.model.ledger import owner_of


def drain_rate(case: Case) -> Iterator[Violation]:
    """G2: drains in the hour that ends with each step, of the fleet, of each region and of each server.

    The past comes from the ledger, so a restart refills nothing; an undone drain counts, and so does one that a clock
    put into the future. A drain exactly an hour ago no longer counts. Without a clock all of the past counts as now.
    """
    servers, limits = case.snapshot[Servers], case.limits
    past_row, past_s = _past_drains(case)
    steps = np.flatnonzero(case.walk.drains)
    rows = np.concatenate([past_row, case.walk.row[steps]])
    times_s = np.concatenate([past_s, _clock_s(case) + case.walk.start_s[steps]])
    region = servers.codes("region")[1].astype(np.int64)
    region_size = np.bincount(region)
    everywhere = np.zeros(len(rows), np.int64)
    known = rows >= 0  # a server that left the fleet counts for the fleet only
    regions = np.where(known, region[rows], -1)
    fleet_limit = largest_count(limits.drains_per_hour_ratio, servers.row_count)
    region_limit = largest_count(limits.region_drains_per_hour_ratio, np.append(region_size, 1))[regions]
    scopes = (
        ("of the fleet", everywhere, np.full(len(rows), float(fleet_limit))),
        ("of one region", regions, region_limit),
        ("of one server", rows, np.full(len(rows), float(limits.server_drains_per_hour_count))),
    )
    for scope, group, limit in scopes:
        count = _count_in_hour(times_s, group)[len(past_row) :]
        over = case.judged[steps] & (count > limit[len(past_row) :])
        for found in np.flatnonzero(over)[:1]:
            yield Violation(
                rule="G2",
                what=f"too many drains {scope} in an hour",
                where=case.place(int(steps[found])),
                got=float(count[found]),
                limit=float(limit[len(past_row) + found]),
            )


def one_owner(case: Case) -> Iterator[Violation]:
    """G8: nobody takes offline what another planner holds.

    A planner holds a server that it took offline, until it is online again, and for ``owner_hold_s`` one that it
    brought back. Giving capacity back is free (G11), so only writes of offline are held against the holder.
    A plan of nobody in particular owns nothing.
    """
    newest = case.ledger.newest("servers", "online")
    if not newest:
        return
    servers, steps = case.snapshot[Servers], case.walk
    for step in np.flatnonzero(~steps.after):
        row = int(steps.row[step])
        entry, online_after = newest.get(servers.server[row].item(), (None, True))
        if entry is None or entry.reverted or entry.owner == owner_of(case.planner):
            continue
        age_s = case.now_s - entry.time_s
        # no clock: a claim does not run out
        if (not online_after and not servers.online[row]) or math.isnan(age_s) or age_s < case.limits.owner_hold_s:
            what = f"planner {entry.owner} holds the server ({entry.action})"
            yield Violation(rule="G8", what=what, where=case.place(int(step)), got=1, limit=0)
            return


def _past_drains(case: Case) -> tuple[Rows, Reals]:
    """Rows (-1: no longer in the fleet) and times of the drains in the ledger, in the order of time."""
    servers = case.snapshot[Servers]
    now_s = _clock_s(case)
    cells = [
        (own_id, now_s if math.isnan(case.now_s) else min(entry.time_s, now_s))
        for entry in case.ledger.entries
        if (entry.table, entry.column) == ("servers", "online") and not entry.time_s <= case.now_s - HOUR_S
        for own_id, online in zip(entry.ids, entry.after, strict=True)
        if not online
    ]
    if not cells:
        return np.empty(0, np.int64), np.empty(0)
    row_of = {own_id: row for row, own_id in enumerate(servers.server.tolist())}
    cells.sort(key=lambda cell: cell[1])
    return np.array([row_of.get(own_id, -1) for own_id, _ in cells]), np.array([time_s for _, time_s in cells])


def _clock_s(case: Case) -> float:
    return 0.0 if math.isnan(case.now_s) else case.now_s


def _count_in_hour(times_s: Reals, group: Rows) -> Rows:
    """[drains] drains of the same group in the hour up to and with each; times ascend."""
    order = np.lexsort((times_s, group))  # stable: equal times keep their order
    in_order, when_s = group[order], times_s[order]
    place = np.arange(len(order))
    # one line of time for each group, far apart, so that a single search serves all
    apart_s = 2 * HOUR_S + float(np.ptp(when_s)) if len(when_s) else 1.0
    rank = np.cumsum(np.append(0, (in_order[1:] != in_order[:-1]).astype(np.int64))) if len(order) else place
    line_s = (when_s - when_s[:1].sum()) + rank * apart_s
    count = np.empty(len(order), np.int64)
    count[order] = place - np.searchsorted(line_s, line_s - HOUR_S, side="right") + 1
    return count
