"""User groups and session groups (Panorama 3.3).

A user group is all prefixes with the same nearest sites in the same order. Its id is that order, such as
``fra>lon>par``: it depends on nothing else, so the same order has the same id in every run, whatever came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.grouping import Ranking, member_middle, ranked_sites, ranking_keys
from fairlead.model import Access, Demands, Groups, Prefixes, Sites

Names = NDArray[Any]
Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

DENSE_DEPTH = 2  # M in countries where sites are dense, and elsewhere (Panorama 3.3)
DEPTH = 3
_TRIM_MEDIAN = 0.5
_TRIM_LOSS = 0.1  # the median loss of prefixes is 0 until half of them lose packets, so less is cut off


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrefixMap:
    """What is measured between prefixes of users and sites; each [prefixes, sites], NaN where nobody measured.

    prefix     : [prefixes] in CIDR form, each once
    latency_ms : one way
    error_ms   : standard error of the latency; NaN: not known
    jitter_ms, loss_ratio : as in ``access``
    weight     : [prefixes] above 0: how much a prefix counts in its group (samples, or users)
    depth      : [prefixes] M, how many of its nearest sites make its group
    """

    prefix: Names
    latency_ms: Reals
    error_ms: Reals
    jitter_ms: Reals
    loss_ratio: Reals
    weight: Reals
    depth: Rows

    def __post_init__(self) -> None:
        shape = self.latency_ms.shape
        assert len(shape) == 2, "latency_ms is [prefixes, sites]"
        assert self.error_ms.shape == self.jitter_ms.shape == self.loss_ratio.shape == shape, "one value a pair"
        assert len(self.prefix) == len(self.weight) == len(self.depth) == shape[0], "one value a prefix"
        assert bool((self.weight > 0).all()), "a prefix that counts for nothing is no member"
        assert bool((self.depth >= 1).all()), "a group has one site or more in its name"

    @classmethod
    def of_latency(cls, prefix: Names, latency_ms: Reals, depth: Rows | int = DEPTH) -> PrefixMap:
        """A map of nothing but latency, in which every prefix counts the same."""
        unknown = np.full(latency_ms.shape, np.nan)
        return cls(
            prefix=prefix,
            latency_ms=latency_ms,
            error_ms=unknown,
            jitter_ms=unknown,
            loss_ratio=unknown,
            weight=np.ones(len(prefix)),
            depth=np.broadcast_to(np.asarray(depth, np.int64), len(prefix)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """``group_id`` [groups] text, ascending; ``group`` [prefixes] row among them, -1: not grouped."""

    group_id: Names
    group: Rows
    ranking: Ranking


def nearest_sites(measured: PrefixMap) -> Ranking:
    """For each prefix its M nearest sites, nearest first: [prefixes, largest M], -1 behind the end.

    A prefix has a shorter ranking where fewer sites were measured. O(prefixes x sites), no sort.
    """
    return ranked_sites(measured.latency_ms, measured.depth)


def user_groups(ranking: Ranking, site: Names) -> Grouping:
    """Prefixes [prefixes, width] with equal rankings in one group. A prefix that nobody measured stays without.

    ``site`` [sites] are the names of the sites that the ranking counts. One sort of the prefixes.
    """
    first, found = ranking_keys(ranking, len(site))
    ids = np.array([group_id(ranking[row], site) for row in first.tolist()], dtype=np.str_)
    order = np.argsort(ids, kind="stable")
    place = np.empty(len(ids) + 1, np.int64)
    place[order] = np.arange(len(ids))
    place[-1] = -1
    return Grouping(group_id=ids[order], group=place[found], ranking=ranking)


def group_id(ranking: Ranking, site: Names) -> str:
    """The id of one ranking [width]: names with ``>`` between them, and a backslash before a ``>`` inside a name."""
    names = (str(site[row]).replace("\\", "\\\\").replace(">", "\\>") for row in ranking.tolist() if row >= 0)
    return ">".join(names)


def group_tables(measured: PrefixMap, grouping: Grouping, sites: Sites) -> tuple[Groups, Access, Prefixes]:
    """The tables of these groups. Access is the members' middle: it moves only when half of their weight moves.

    Latency and jitter are weighted medians; loss is a weighted mean without a tenth of the weight at each end, since
    the median of a rare thing is nothing. A pair of group and site that no member measured has no row, but every group
    has one: without a latency if need be. O(prefixes x sites x log(largest group)).
    """
    count = len(grouping.group_id)
    assert measured.latency_ms.shape[1] == sites.row_count, "one column a site"
    middles = [
        member_middle(values, measured.weight, grouping.group, count, trim)
        for values, trim in (
            (measured.latency_ms, _TRIM_MEDIAN),
            (measured.jitter_ms, _TRIM_MEDIAN),
            (measured.loss_ratio, _TRIM_LOSS),
        )
    ]
    there = ~np.logical_and.reduce([np.isnan(middle) for middle in middles])
    first = np.full(count, -1, np.int64)
    first[grouping.group[grouping.group >= 0]] = grouping.ranking[grouping.group >= 0, :1].ravel()
    lonely = np.flatnonzero(~there.any(axis=1))
    there[lonely, first[lonely]] = True
    group, site = np.nonzero(there)
    latency, jitter, loss = (middle[group, site] for middle in middles)
    access = Access.of(group=group, site=site, latency_ms=latency, jitter_ms=jitter, loss_ratio=np.clip(loss, 0, 1))
    # without groups the ids are texts all the same
    groups = Groups.of(group=grouping.group_id if count else np.empty(0, "U1"))
    return groups, access, Prefixes.of(prefix=measured.prefix, group=grouping.group)


def session_groups(group_count: int, class_count: int) -> Demands:
    """Every ordered pair of user groups with every service class (Panorama 3.3), demand not known.

    Pairs of a group with itself are among them. Ordered by source, then target, then class. O(groups^2 x classes).
    """
    source, target, service_class = (
        axis.ravel().astype(np.int32)
        for axis in np.meshgrid(
            np.arange(group_count, dtype=np.int32),
            np.arange(group_count, dtype=np.int32),
            np.arange(class_count, dtype=np.int32),
            indexing="ij",
        )
    )
    return Demands.of(
        source_group=source,
        target_group=target,
        service_class=service_class,
        demand_mbps=np.full(len(source), np.nan),
    )


def session_demands(source: Rows, target: Rows, service_class: Rows, rate_mbps: Reals, group: Rows) -> Demands:
    """Demand between prefixes -> demand of session groups: one row for each that occurs.

    source, target : [flows] prefix rows; service_class : [flows]; rate_mbps : [flows], NaN: not known
    group          : [prefixes] user group, -1: not grouped; its flows are in no session group

    The demand of a session group is the sum of what is known, and not known where nothing is. One sort of the flows.
    """
    ends = group[source], group[target]
    kept = np.flatnonzero((ends[0] >= 0) & (ends[1] >= 0))
    columns = [ends[0][kept], ends[1][kept], service_class[kept]]
    order = np.lexsort(columns[::-1])
    columns = [column[order] for column in columns]
    rate = rate_mbps[kept][order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    row = np.cumsum(fresh) - 1
    count = int(fresh.sum())
    known = ~np.isnan(rate)
    total = np.bincount(row[known], weights=rate[known], minlength=count).astype(np.float64)
    total[np.bincount(row[known], minlength=count) == 0] = np.nan
    return Demands.of(
        source_group=columns[0][fresh],
        target_group=columns[1][fresh],
        service_class=columns[2][fresh],
        demand_mbps=total,
    )
