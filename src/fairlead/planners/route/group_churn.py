"""Which prefixes change their group from run to run: only where the change is significant and lasts (Panorama 3.3).

A prefix with two sites about equally near would change its group whenever noise swaps them, and with each change the
routes of its users, the tables of the route servers and what was learnt about the group. So a prefix keeps the ranking
that it holds until another has been better, by more than noise, in several runs on end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairlead.kernels.grouping import Ranking, untenable
from fairlead.model import UsageError
from fairlead.planners.route.groups import Grouping, PrefixMap, nearest_sites, user_groups

Names = NDArray[Any]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnRule:
    """When a ranking is given up. UsageError for numbers without meaning.

    margin_ms, margin_ratio : a site is nearer only if by more than both: milliseconds, share of its own latency
    error_count             : ... and by more than this many standard errors of the difference, where they are known
    run_count               : runs on end in which some site was; 1 gives a ranking up at once
    """

    margin_ms: float = 2.0
    margin_ratio: float = 0.1
    error_count: float = 2.0
    run_count: int = 3

    def __post_init__(self) -> None:
        for name, low in (("margin_ms", 0), ("margin_ratio", 0), ("error_count", 0), ("run_count", 1)):
            value = getattr(self, name)
            if not low <= value < np.inf:
                raise UsageError(
                    code="route.churn", what=f"{name} has no meaning", where=name, got=str(value), expected=f"{low} up"
                )


AT_ONCE = ChurnRule(margin_ms=0.0, margin_ratio=0.0, error_count=0.0, run_count=1)
"""The paper's grouping anew in every run."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupMemory:
    """What the next run must know: all of it, and in names, since rows may change.

    site    : [sites] names that ``ranking`` counts
    prefix  : [prefixes]
    ranking : [prefixes, width] held; -1 behind the end
    runs    : [prefixes] runs on end in which the held ranking did not stand
    """

    site: Names
    prefix: Names
    ranking: Ranking
    runs: NDArray[np.int32]

    @classmethod
    def begin(cls) -> GroupMemory:
        """Nothing is remembered."""
        empty = np.empty(0, "U1")
        return cls(site=empty, prefix=empty, ranking=np.empty((0, 0), np.int32), runs=np.empty(0, np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """Prefixes of one run, each counted once.

    unmeasured : not measured now: keeps its group, or stays without
    fresh      : in a group for the first time
    same       : today's ranking is the one held
    tolerated  : today's ranking differs, but the one held stands
    waiting    : the one held does not stand, but not for long enough
    moved      : changed its group
    forced     : changed its group because a site is gone or its depth fell, whatever was measured
    """

    unmeasured: int
    fresh: int
    same: int
    tolerated: int
    waiting: int
    moved: int
    forced: int


def regrouped(
    measured: PrefixMap, site: Names, memory: GroupMemory, rule: ChurnRule
) -> tuple[Grouping, Churn, GroupMemory]:
    """The groups of this run, what changed, and what the next run must know.

    ``site`` [sites] names the columns of ``measured``. What is remembered of prefixes that are not given is forgotten.
    O(prefixes x sites x M).
    """
    held, runs = _recalled(memory, measured.prefix, site, int(measured.depth.max(initial=1)))
    today = np.full(held.shape, -1, np.int32)
    nearest = nearest_sites(measured)
    today[:, : nearest.shape[1]] = nearest
    seen = today[:, 0] >= 0
    length = (held >= 0).sum(axis=1)
    # a site that is gone is -2 in ``held``: it is not -1, so it does not look like the end
    forced = seen & ((held == -2).any(axis=1) | (length > measured.depth)) & (held[:, 0] != -1)
    fresh = seen & (held[:, 0] == -1)
    asked = seen & ~forced & ~fresh
    differs = asked & (today != held).any(axis=1)
    shaky = _shaky(measured, today, held, differs, length, rule)
    runs = np.where(shaky, runs + 1, np.where(seen, 0, runs)).astype(np.int32)
    moved = shaky & (runs >= rule.run_count)
    changed = fresh | forced | moved
    # a prefix that nobody measures now, and one of whose sites is gone, has no ranking that could be kept
    gone = ~seen & (held == -2).any(axis=1)
    ranking = np.where(changed[:, None], today, np.where(gone[:, None], -1, held)).astype(np.int32)
    runs[changed | gone] = 0
    counts = {
        "unmeasured": ~seen,
        "fresh": fresh,
        "same": asked & ~differs,
        "tolerated": differs & ~shaky,
        "waiting": shaky & ~moved,
        "moved": moved,
        "forced": forced,
    }
    churn = Churn(**{name: int(np.count_nonzero(rows)) for name, rows in counts.items()})
    return user_groups(ranking, site), churn, GroupMemory(site=site, prefix=measured.prefix, ranking=ranking, runs=runs)


def _shaky(
    measured: PrefixMap,
    today: Ranking,
    held: Ranking,
    differs: Flags,
    length: NDArray[np.int64],
    rule: ChurnRule,
) -> Flags:
    """Where the ranking held does not stand today: a site is nearer than it says, or known now and missing in it."""
    rows = np.flatnonzero(differs)
    found = np.zeros(len(differs), bool)
    found[rows] = untenable(
        measured.latency_ms[rows],
        measured.error_ms[rows],
        held[rows],
        rule.margin_ms,
        rule.margin_ratio,
        rule.error_count,
    )
    known_now: NDArray[np.int64] = (today >= 0).sum(axis=1)
    found |= differs & (length < known_now)
    return found


def _recalled(memory: GroupMemory, prefix: Names, site: Names, width: int) -> tuple[Ranking, NDArray[np.int32]]:
    """What is remembered, in the rows of today: rankings [prefixes, width or more], -2 for a site that is gone."""
    row_of = {str(name): row for row, name in enumerate(site.tolist())}
    places = np.array([row_of.get(str(name), -2) for name in memory.site.tolist()] + [-1], np.int32)
    wide = max(width, memory.ranking.shape[1])
    old = np.full((len(memory.ranking) + 1, wide), -1, np.int32)  # the last row is that of the unknown
    old[:-1, : memory.ranking.shape[1]] = places[memory.ranking]
    runs = np.append(memory.runs, np.int32(0))
    rows = _rows_of(prefix, memory.prefix)
    return old[rows], runs[rows]


def _rows_of(wanted: Names, names: Names) -> NDArray[np.int64]:
    """The row of each wanted name among ``names``, which stand there once each; -1 where it is none of them."""
    if np.array_equal(wanted, names):
        return np.arange(len(names))
    if not len(names):
        return np.full(len(wanted), -1)
    known = pa.array(names).cast(pa.string())  # hashing, since sorting 750,000 texts takes seconds
    found = pc.index_in(pa.array(wanted).cast(pa.string()), value_set=known).fill_null(-1)
    rows: NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return rows
