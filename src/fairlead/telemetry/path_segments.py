"""Measured paths as segments: which links and which access of users each of them crosses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.telemetry.estimates import LinkEstimates, coded_labels

Names = NDArray[Any]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The segments of a routed overlay: its links, then the access of groups to sites.

    Ends are numbered as sites, then groups. A link has a direction, access has none.

    site_count    : ends below it are sites
    link_source, link_target : [links] sites
    access_group, access_site : [access] each pair once, ascending
    """

    site_count: int
    link_source: Rows
    link_target: Rows
    access_group: Rows
    access_site: Rows

    @property
    def count(self) -> int:
        """All segments: links, then access."""
        return len(self.link_source) + len(self.access_group)

    def between(self, one: Rows, other: Rows) -> Rows:
        """The segment from one end to the other: [pairs], -1 where there is none."""
        link = _row_of(self.link_source * self.site_count + self.link_target, one * self.site_count + other)
        group, site = np.maximum(one, other) - self.site_count, np.minimum(one, other)
        access = _row_of(self.access_group * self.site_count + self.access_site, group * self.site_count + site)
        both_sites = (one < self.site_count) & (other < self.site_count)
        both_users = (one >= self.site_count) & (other >= self.site_count)
        behind = np.where(access >= 0, access + len(self.link_source), -1)
        return np.where(both_users, -1, np.where(both_sites, link, behind))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """From end to end along paths: [steps] path, and the two ends of each step. ``lost`` [paths]: names no site."""

    path: Rows
    one: Rows
    other: Rows
    lost: NDArray[np.bool_]


def steps(paths: LinkEstimates, site: Names) -> Steps:
    """The steps of each path: from its source over the sites of ``via`` to its target. O(steps) and the distinct paths.

    ``site`` [sites] are the names in ``via``, where a backslash stands before a ``>`` that is part of a name.
    """
    row_of = {str(name): row for row, name in enumerate(site.tolist())}
    texts, code = coded_labels(paths.via)
    lost = np.zeros(len(paths.via), bool)
    parts: list[tuple[Rows, Rows, Rows]] = []
    for number, text in enumerate(texts.tolist()):
        rows = np.flatnonzero(code == number)
        over = [row_of.get(name, -1) for name in via_names(text)]
        if -1 in over:
            lost[rows] = True
            continue
        ends = [paths.source[rows], *(np.full(len(rows), site_row) for site_row in over), paths.target[rows]]
        parts += [(rows, one, other) for one, other in pairwise(ends)]
    nothing = np.zeros(0, np.int64)
    path, one, other = (np.concatenate([nothing, *(part[i] for part in parts)]) for i in range(3))
    return Steps(path=path, one=one, other=other, lost=lost)


def via_names(via: str) -> list[str]:
    """The names of the sites on a path, from their text."""
    names = re.split(r"(?<!\\)((?:\\\\)*)>", via)
    # the even number of backslashes before a separator belongs to the name in front of it
    joined = [names[i] + (names[i + 1] if i + 1 < len(names) else "") for i in range(0, len(names), 2)]
    return [re.sub(r"\\(.)", r"\1", name) for name in joined]


def _row_of(codes: Rows, wanted: Rows) -> Rows:
    """The row of each wanted code, -1 where there is none."""
    if not len(codes):
        return np.full(len(wanted), -1)
    order = np.argsort(codes, kind="stable")
    place = np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)
    return np.where(codes[order[place]] == wanted, order[place], -1)
