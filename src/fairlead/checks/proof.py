"""Rules about knowing: G4 evidence, G7 demand to judge by, G12 when most things look bad it is not the servers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fairlead.checks.case import Case, Note, Violation
from fairlead.checks.evidence import persistent, witnessed
from fairlead.checks.limits import smallest_count
from fairlead.checks.walk import Flags
from fairlead.model import Servers, Windows
from fairlead.predict.overlay import last_window


def demand_known(case: Case) -> Iterator[Violation]:
    """G7: where no stream was demanded nothing can be judged, and no streams is not success."""
    drains = np.flatnonzero(case.walk.drains)
    if len(drains) and last_window(case.snapshot).demand_count == 0:
        what = "the newest window has no streams: the SLO cannot be judged"
        yield Violation(rule="G7", what=what, where=case.place(int(drains[0])), got=0, limit=1)


def fresh(case: Case) -> Iterator[Violation | Note]:
    """G4: the newest window ended at most ``stale_window_count`` windows ago.

    ``now_s`` runs on the clock of the windows: seconds since 1970 where windows are times; where they are numbers,
    window k is [k, k + 1) * ``window_s``. A window that lies in the future as far is as useless. NaN: a note.
    """
    if not case.judged.any() or not case.snapshot[Windows].row_count:
        return
    start_s, length_s = _newest_window(case)
    late_count = (case.now_s - start_s - length_s) / length_s
    if math.isnan(late_count):
        yield Note(rule="G4", what="freshness cannot be judged: the time is not known", where="windows")
    elif not -1 - case.limits.stale_window_count <= late_count <= case.limits.stale_window_count:
        what = (
            "the newest window is stale (windows since it ended)" if late_count > 0 else "the newest window is to come"
        )
        yield Violation(
            rule="G4", what=what, where="windows", got=round(late_count, 6), limit=case.limits.stale_window_count
        )


def complete(case: Case) -> Iterator[Violation]:
    """G4: of the online servers of a region that loses one, at least ceil(``reporting_ratio``) are accounted for.

    A server is accounted for when it reported in the newest window, or when it is one of those to be drained: silence
    is what a dead server does, and must not protect it. What speaks against it comes from its peers.
    """
    servers = case.snapshot[Servers]
    region = servers.codes("region")[1].astype(np.int64)
    drained = np.zeros(servers.row_count, np.bool_)
    drained[case.walk.row[case.judged]] = True
    online_count = np.bincount(region[servers.online], minlength=region.max(initial=-1) + 1)
    accounted = servers.online & (case.evidence.reports | drained)
    accounted_count = np.bincount(region[accounted], minlength=len(online_count))
    needed = smallest_count(case.limits.reporting_ratio, online_count)
    for number in np.unique(region[drained]):
        if accounted_count[number] < needed[number]:
            yield Violation(
                rule="G4",
                what=f"fewer than {case.limits.reporting_ratio:.10g} of the online servers report",
                where=f"region {case.region_name(int(number))}",
                got=float(accounted_count[number]),
                limit=float(needed[number]),
            )


def proven(case: Case) -> Iterator[Violation]:
    """G4: against every server to be drained speak enough windows and enough witnesses."""
    found = case.evidence
    for flags, count, limit, what in (
        (
            persistent(found, case.limits),
            found.failing_window_count,
            case.limits.persistent_window_count,
            "the failure is not persistent (windows with failed streams)",
        ),
        (
            witnessed(found, case.limits),
            found.witness_count,
            case.limits.witness_count,
            "too few witnesses (peers with failed streams)",
        ),
    ):
        yield from _unproven(case, flags, count, limit, what)


def _unproven(case: Case, flags: Flags, count: np.ndarray, limit: float, what: str) -> Iterator[Violation]:
    unproven = np.flatnonzero(case.judged & ~flags[case.walk.row])
    if len(unproven):
        first = int(unproven[0])
        others = f", and {len(unproven) - 1} more" if len(unproven) > 1 else ""
        yield Violation(
            rule="G4", what=what, where=case.place(first) + others, got=float(count[case.walk.row[first]]), limit=limit
        )


def not_all_sick(case: Case) -> Iterator[Violation]:
    """G12: less than ``sick_ratio`` of the online servers, and of the pairs with streams, look bad.

    A server looks bad when it is silent or when ``overwhelming_ratio`` of its streams fail. When most do, the likelier
    cause is the eye (a monitoring outage, a bad release, a cut at the observer), and draining would finish the job.
    """
    drains = np.flatnonzero(case.judged)
    if not len(drains):
        return
    found, online = case.evidence, case.snapshot[Servers].online
    bad = online & (~found.reports | (found.failed_ratio >= case.limits.overwhelming_ratio))
    for what, ratio in (
        ("most servers look bad (silent, or most streams fail)", np.count_nonzero(bad) / np.count_nonzero(online)),
        ("most pairs have failed streams", found.failing_pair_ratio),
    ):
        if ratio >= case.limits.sick_ratio:
            where = case.place(int(drains[0]))
            yield Violation(rule="G12", what=what, where=where, got=ratio, limit=case.limits.sick_ratio)


def _newest_window(case: Case) -> tuple[float, float]:
    """Start and length of the newest window in seconds; the length is the smallest step between windows."""
    window = case.snapshot[Windows].window
    if window.dtype.kind != "M":
        return float(window[-1]) * case.limits.window_s, case.limits.window_s
    starts_s = window.astype("M8[ms]").astype(np.int64) / 1000.0
    steps_s = np.diff(starts_s)
    length_s = float(steps_s[steps_s > 0].min(initial=math.inf))
    return float(starts_s[-1]), length_s if math.isfinite(length_s) else case.limits.window_s
