"""What speaks against each server, and how well it is known: the facts under G4 and G12."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.checks.limits import Limits
from fairlead.checks.walk import Flags, Reals, Rows
from fairlead.model import Servers, ServerWindows, Snapshot, Streams, Windows
from fairlead.predict.overlay import failing_at, last_window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Only streams between servers that are online count: what failed with a server that is down is dealt with.

    witness_count        : [servers] peers with which streams of the server fail, newest window
    lone_witness         : [servers] that peer where it is the only one, else -1
    failing_window_count : [servers] windows of the snapshot in which streams of the server fail
    failed_ratio         : [servers] share of the server's streams that fail, newest window; NaN without streams
    reports              : [servers] the server itself reported in the newest window
    failing_pair_ratio   : share of the pairs with streams that fail, newest window; NaN without pairs
    """

    witness_count: Rows
    lone_witness: Rows
    failing_window_count: Rows
    failed_ratio: Reals
    reports: Flags
    failing_pair_ratio: float


def evidence(snapshot: Snapshot) -> Evidence:
    """One pass over ``streams``; what fails is small beside what works."""
    count = snapshot[Servers].row_count
    reports, newest = snapshot[ServerWindows], snapshot[Windows].row_count - 1
    reporting = np.zeros(count, np.bool_)
    reporting[reports.server[reports.window == newest]] = True
    witness_count, lone_witness = _witnesses(snapshot)
    failed_ratio, failing_pair_ratio = _failing_shares(snapshot)
    return Evidence(
        witness_count=witness_count,
        lone_witness=lone_witness,
        failing_window_count=_failing_window_count(snapshot),
        failed_ratio=failed_ratio,
        reports=reporting,
        failing_pair_ratio=failing_pair_ratio,
    )


def witnessed(found: Evidence, limits: Limits) -> Flags:
    """[servers] more than one reporter speaks against the server, or one that can be believed alone.

    A single pair that fails has only its two ends, and draining either is the only repair, so one witness must do. It
    does while that witness accuses at most ``lone_witness_pairs_count`` servers. One that accuses more is the likelier
    culprit: whatever it says, it can take down nobody but itself, for it has those it accuses as witnesses. So of two
    ends of a failing pair at least one is always witnessed, and one lying reporter is worth at most that many servers.
    """
    lone = found.lone_witness
    accused_count = np.where(lone >= 0, found.witness_count[lone], 0)
    believed = (found.witness_count == 1) & (accused_count <= limits.lone_witness_pairs_count)
    flags: Flags = (found.witness_count >= limits.witness_count) | believed
    return flags


def persistent(found: Evidence, limits: Limits) -> Flags:
    """[servers] failing in enough windows to be no blip, or so overwhelmingly that waiting would be worse.

    Overwhelming: at least ``overwhelming_ratio`` of its streams fail in the newest window, seen by more than one peer.
    """
    overwhelming = (found.failed_ratio >= limits.overwhelming_ratio) & (found.witness_count >= limits.witness_count)
    flags: Flags = (found.failing_window_count >= limits.persistent_window_count) | overwhelming
    return flags


def drainable(snapshot: Snapshot, limits: Limits) -> Flags:
    """[servers] those online against which there is evidence enough (G4): the widest candidate set of any planner."""
    found = evidence(snapshot)
    flags: Flags = snapshot[Servers].online & witnessed(found, limits) & persistent(found, limits)
    return flags


def _witnesses(snapshot: Snapshot) -> tuple[Rows, Rows]:
    window, at, count = last_window(snapshot), failing_at(snapshot), snapshot[Servers].row_count
    low, high = _distinct_pairs(window.source[at], window.target[at], count)
    witness_count = np.bincount(low, minlength=count) + np.bincount(high, minlength=count)
    # the sum over the peers is the peer where there is only one
    peers = np.bincount(low, weights=high, minlength=count) + np.bincount(high, weights=low, minlength=count)
    return witness_count, np.where(witness_count == 1, peers, -1).astype(np.int64)


def _distinct_pairs(source: NDArray[np.int32], target: NDArray[np.int32], count: int) -> tuple[Rows, Rows]:
    low, high = np.minimum(source, target).astype(np.int64), np.maximum(source, target).astype(np.int64)
    keys = np.unique((low * count + high)[low != high])
    return keys // count, keys % count


def _failing_window_count(snapshot: Snapshot) -> Rows:
    streams, online = snapshot[Streams], snapshot[Servers].online
    count = len(online)
    rows = np.flatnonzero(streams.failed_count > 0)
    rows = rows[online[streams.source[rows]] & online[streams.target[rows]]]
    window = streams.window[rows].astype(np.int64)
    keys = np.concatenate([window * count + streams.source[rows], window * count + streams.target[rows]])
    return np.bincount(np.unique(keys) % count, minlength=count) if count else np.empty(0, np.int64)


def _failing_shares(snapshot: Snapshot) -> tuple[Reals, float]:
    window, online = last_window(snapshot), snapshot[Servers].online
    both = online[window.source] & online[window.target]
    failed = window.failed_count * both
    total = failed + window.succeeded_count * both
    failed_of, total_of = (
        np.bincount(window.source, weights=each, minlength=len(online))
        + np.bincount(window.target, weights=each, minlength=len(online))
        for each in (failed, total)
    )
    ratio = np.divide(failed_of, total_of, out=np.full(len(online), np.nan), where=total_of > 0)
    pair_count = np.count_nonzero(total)
    return ratio, np.count_nonzero(failed) / pair_count if pair_count else float("nan")
