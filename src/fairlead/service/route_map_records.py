"""What ``fairlead route map`` measures with: records of the operator's own probes and of RIPE Atlas, up to a moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError, Prefixes, Sites, Snapshot, UsageError
from fairlead.telemetry import Probes, read_atlas, read_probes
from fairlead.telemetry.atlas_ends import read_atlas_ends

Names = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Files of records. atlas and ends come together; at least one of records and atlas is there."""

    records: Path | None
    atlas: Path | None
    ends: Path | None

    def __post_init__(self) -> None:
        if (self.atlas is None) != (self.ends is None):
            raise UsageError(
                code="usage.atlas",
                what="Atlas results need to know what their probes and addresses stand for",
                where="--atlas, --ends",
                expected="both or none",
            )
        if self.records is None and self.atlas is None:
            raise UsageError(
                code="usage.records", what="nothing to make a map from", expected="RECORDS, or --atlas with --ends"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Records up to ``now_s``, between ends [ends]: the sites, then the prefixes.

    counts : records by source, and results and records that are not used
    """

    ends: Names
    probes: Probes
    now_s: float
    counts: dict[str, int]


def measured_until(sources: Sources, network: Snapshot, now: str) -> Measured:
    """The records of all files. ``now`` is the present on their clock; empty: when the newest was made.

    Records of later moments are left out and counted: what was not known yet must not be in the map. BadInputError for
    the first thing that is wrong in a file, and for a site with the name of a prefix.
    """
    ends = _ends(network)
    counts: dict[str, int] = {}
    parts: list[Probes] = []
    if sources.records is not None:
        parts.append(read_probes(sources.records, ends))
        counts["records"] = parts[0].row_count
    if sources.atlas is not None and sources.ends is not None:
        found = read_atlas(sources.atlas, ends, *read_atlas_ends(sources.ends, ends))
        parts.append(found.probes)
        counts |= {
            "atlas_results": found.probes.row_count,
            "atlas_unmapped": found.unmapped_count,
            "atlas_failed": found.failed_count,
            "atlas_other": found.other_count,
        }
    probes = _joined(parts)
    seconds = _seconds(probes)
    now_s = moment_s(now) if now else float(seconds.max(initial=0.0))
    known = seconds <= now_s
    counts["ahead_of_now"] = int(np.count_nonzero(~known))
    return Measured(ends=ends, probes=probes if known.all() else _kept(probes, known), now_s=now_s, counts=counts)


def moment_s(text: str) -> float:
    """Seconds of ``--now``; UsageError where it is no moment."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            seconds = math.nan
        else:
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise UsageError(
            code="usage.time",
            what="the time cannot be read",
            where="--now",
            got=text,
            expected="seconds, or a UTC time such as 2026-03-01T12:00:30Z",
        )
    return seconds


def _ends(network: Snapshot) -> Names:
    sites, prefixes = network[Sites].site.astype(np.str_), network[Prefixes].prefix.astype(np.str_)
    both = np.intersect1d(sites, prefixes)
    if len(both):
        raise BadInputError(
            code="map.ambiguous_end",
            what="a site has the name of a prefix",
            where="sites.site",
            got=str(both[0]),
            expected="other names, since records name both",
        )
    return np.concatenate([sites, prefixes])


def _joined(parts: list[Probes]) -> Probes:
    if len(parts) == 1:
        return parts[0]
    columns = {name: [part.array(name) for part in parts] for name in Probes.declared()}
    if columns["time"][0].dtype.kind == "M":  # Atlas counts seconds since 1970
        columns["time"][1] = (columns["time"][1] * 1000).astype("M8[ms]")
    return Probes.of(**{name: np.concatenate(values) for name, values in columns.items()})


def _kept(probes: Probes, rows: NDArray[np.bool_]) -> Probes:
    return Probes.of(**{name: probes.array(name)[rows] for name in Probes.declared()})


def _seconds(probes: Probes) -> NDArray[np.float64]:
    if probes.time.dtype.kind == "M":
        return probes.time.astype("M8[ms]").astype(np.int64) / 1000
    return probes.time.astype(np.float64)
