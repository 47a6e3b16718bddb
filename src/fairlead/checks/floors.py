"""Rules about what must stay up after every prefix of a plan: G1 floor and cap, G3 capacity, G6 never the last.

A plan can stop anywhere (kill switch, failure of a device), so every prefix must be a network that one could live with.
Only steps that take capacity away are held against these rules: bringing a server back into a region that is under its
floor makes things better, whatever the total says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from fairlead.checks.case import Case, Note, Violation
from fairlead.checks.limits import ROUNDING, largest_count, smallest_count
from fairlead.checks.walk import Flags, Reals, Rows, running_total
from fairlead.model import Servers
from fairlead.predict.overlay import active_users, region_load


def fleet_cap(case: Case) -> Iterator[Violation]:
    """G1: servers down <= floor(fleet_cap_ratio * fleet), counting those that are down already."""
    online, steps = case.snapshot[Servers].online, case.walk
    down = np.count_nonzero(~online) - np.cumsum(steps.change)
    limit = float(largest_count(case.limits.fleet_cap_ratio, len(online)))
    for step in np.flatnonzero(steps.drains & (down > limit))[:1]:
        what = f"more than {case.limits.fleet_cap_ratio:.10g} of the fleet would be down"
        yield Violation(rule="G1", what=what, where=case.place(step), got=float(down[step]), limit=limit)


def region_floor(case: Case) -> Iterator[Violation]:
    """G1: servers up >= ceil(region_floor_ratio * servers of the region)."""
    size, up, region = _region_counts(case)
    floor = smallest_count(case.limits.region_floor_ratio, size)[region]
    yield from _first_in_region(
        case,
        region,
        case.walk.drains & (up < floor),
        lambda step, name: Violation(
            rule="G1",
            what=f"less than {case.limits.region_floor_ratio:.10g} of region {name} would be up",
            where=case.place(step),
            got=float(up[step]),
            limit=float(floor[step]),
        ),
    )


def capacity(case: Case) -> Iterator[Violation | Note]:
    """G3: load of a region <= headroom_ratio * capacity of its survivors, when users re-home inside it.

    A region in which the capacity of an online server, or every number of users, is unknown cannot be judged: a note.
    """
    servers, steps = case.snapshot[Servers], case.walk
    region = servers.codes("region")[1].astype(np.int64)
    region_count = len(servers.codes("region")[0])
    load_mbps = region_load(case.snapshot).load_mbps
    blank = np.bincount(region[np.isnan(active_users(case.snapshot))], minlength=region_count) > 0
    known = np.nan_to_num(servers.capacity_mbps)
    unknown = np.isnan(servers.capacity_mbps)
    at_start = [_region_total(region, each * servers.online, region_count) for each in (known, unknown)]
    own = region[steps.row]
    capacity_mbps = running_total(steps.change * known[steps.row], own, at_start[0])
    unknown_count = running_total(steps.change * unknown[steps.row], own, at_start[1])
    judgeable = (unknown_count < 0.5) & ~blank[own]
    # with no capacity at all, infinite headroom would be infinity times zero
    room_mbps = np.where(capacity_mbps > ROUNDING, case.limits.headroom_ratio, 1.0) * capacity_mbps
    over: Flags = steps.drains & judgeable & (load_mbps[own] > room_mbps * (1 + ROUNDING) + ROUNDING)
    if not np.isinf(case.limits.headroom_ratio):
        yield from _first_in_region(
            case,
            own,
            over,
            lambda step, name: Violation(
                rule="G3",
                what=f"the survivors of region {name} could not carry its users (Mbit/s)",
                where=case.place(step),
                got=float(load_mbps[own[step]]),
                limit=float(room_mbps[step]),
            ),
        )
    for name in np.unique(own[steps.drains & ~judgeable]):
        what = "surviving capacity cannot be judged: capacity or users unknown"
        yield Note(rule="G3", what=what, where=f"region {case.region_name(name)}")


def never_the_last(case: Case) -> Iterator[Violation]:
    """G6: a region and the fleet keep at least one server, however small the region and whatever the ratios say."""
    _, up, region = _region_counts(case)
    kept = case.limits.region_kept_count
    yield from _first_in_region(
        case,
        region,
        case.walk.drains & (up < kept),
        lambda step, name: Violation(
            rule="G6",
            what=f"the last online server of region {name} would be taken",
            where=case.place(step),
            got=float(up[step]),
            limit=kept,
        ),
    )
    fleet_up = np.count_nonzero(case.snapshot[Servers].online) + np.cumsum(case.walk.change)
    for step in np.flatnonzero(case.walk.drains & (fleet_up < case.limits.fleet_kept_count))[:1]:
        what = "the last online server of the fleet would be taken"
        yield Violation(
            rule="G6", what=what, where=case.place(step), got=float(fleet_up[step]), limit=case.limits.fleet_kept_count
        )


def _region_counts(case: Case) -> tuple[Rows, Reals, Rows]:
    """Servers of each region [regions]; servers up in the step's region after it [steps]; that region [steps]."""
    servers = case.snapshot[Servers]
    region = servers.codes("region")[1].astype(np.int64)
    size = np.bincount(region)
    own = region[case.walk.row]
    up = running_total(case.walk.change, own, _region_total(region, servers.online, len(size)))
    return size, up, own


def _region_total(region: Rows, value: np.ndarray, region_count: int) -> Reals:
    return np.bincount(region, weights=value, minlength=region_count).astype(np.float64)


def _first_in_region(
    case: Case, region: Rows, broken: Flags, said: Callable[[int, str], Violation]
) -> Iterator[Violation]:
    """One violation a region, at the step that breaks it first; regions in the order in which they break."""
    seen, first = np.unique(region[broken], return_index=True)
    where = np.flatnonzero(broken)[first]
    for number in np.argsort(where):
        yield said(int(where[number]), case.region_name(int(seen[number])))
