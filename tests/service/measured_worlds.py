"""Records as the probes of an operator would write them, from the truth of a generated world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from fairlead.model import Access, Direct, Groups, Links, Prefixes, Sites, Snapshot

COLUMNS = ("time", "source", "target", "via", "rtt_ms", "jitter_ms", "sent_count", "received_count")
PACKETS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How the world is measured.

    record_count  : of each segment in each window
    window_starts : seconds
    noise_ratio   : of a round-trip time
    outlier_ratio : share of the records that took ten times as long
    direct_count  : pairs of groups whose direct path is measured
    """

    record_count: int = 6
    window_starts: tuple[int, ...] = (0, 300)
    noise_ratio: float = 0.01
    outlier_ratio: float = 0.05
    direct_count: int = 40


@dataclass(slots=True)
class Segments:
    """Rows of segments to be measured, one way."""

    source: list[str]
    target: list[str]
    via: list[str]
    latency_ms: list[float]
    jitter_ms: list[float]
    loss_ratio: list[float]

    def add(self, source: str, target: str, figures: tuple[float, float, float], via: str = "") -> None:
        """One more."""
        self.source.append(source)
        self.target.append(target)
        self.via.append(via)
        self.latency_ms.append(figures[0])
        self.jitter_ms.append(figures[1])
        self.loss_ratio.append(figures[2])


def segments_of(truth: Snapshot, probing: Probing) -> Segments:
    """Every link, every prefix from every site, and direct paths between first prefixes of groups."""
    found = Segments([], [], [], [], [], [])
    sites = truth[Sites].site.astype(str)
    links, access, direct = truth[Links], truth[Access], truth[Direct]
    for row in range(links.row_count):
        found.add(sites[links.source[row]], sites[links.target[row]], figures(links, row))
    for row in range(access.row_count):
        for prefix in members(truth, int(access.group[row])):
            found.add(sites[access.site[row]], prefix, figures(access, row))
    between = np.flatnonzero(direct.source_group != direct.target_group)[: probing.direct_count]
    for row in between.tolist():
        ends = (members(truth, int(end[row])) for end in (direct.source_group, direct.target_group))
        source, target = (names[0] if names else "" for names in ends)
        if source and target:
            found.add(source, target, figures(direct, row))
    return found


def figures(table: Links | Access | Direct, row: int) -> tuple[float, float, float]:
    """Latency, jitter, loss."""
    return float(table.latency_ms[row]), float(table.jitter_ms[row]), float(table.loss_ratio[row])


def members(truth: Snapshot, group: int) -> list[str]:
    """Names of the prefixes of a group."""
    names: list[str] = truth[Prefixes].prefix[truth[Prefixes].group == group].tolist()
    return names


def records_of(segments: Segments, probing: Probing, chance: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Noisy round trips of the segments, in the columns of ``probes``; in no order."""
    count, windows = len(segments.source), len(probing.window_starts)
    times = probing.record_count * windows
    segment = np.repeat(np.arange(count), times)
    start = np.tile(np.repeat(probing.window_starts, probing.record_count), count)
    rtt = 2 * np.array(segments.latency_ms)[segment] * np.exp(chance.normal(0, probing.noise_ratio, len(segment)))
    rtt *= np.where(chance.random(len(segment)) < probing.outlier_ratio, 10.0, 1.0)
    survival = (1 - np.array(segments.loss_ratio)[segment]) ** 2
    order = chance.permutation(len(segment))
    columns = {
        "time": start + chance.integers(0, 300, len(segment)),
        "source": np.array(segments.source)[segment],
        "target": np.array(segments.target)[segment],
        "via": np.array(segments.via)[segment],
        "rtt_ms": rtt,
        "jitter_ms": np.array(segments.jitter_ms)[segment] * 2**0.5 * np.exp(chance.normal(0, 0.05, len(segment))),
        "sent_count": np.full(len(segment), PACKETS),
        "received_count": chance.binomial(PACKETS, survival),
    }
    return {name: columns[name][order] for name in COLUMNS}


def written_records(columns: dict[str, NDArray[Any]], path: Path) -> Path:
    """As a file of the form that its ending says."""
    table = pa.table(columns)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    return path


def latencies(snapshot: Snapshot, kind: type[Links] | type[Access] | type[Direct]) -> dict[tuple[str, str], float]:
    """Latency by the names of the ends."""
    table = snapshot[kind]
    ends = [name for name, spec in kind.declared().items() if spec.refers]
    names = {Sites.name: snapshot[Sites].site.astype(str), Groups.name: snapshot[Groups].group.astype(str)}
    one, other = (names[kind.declared()[end].refers][table.array(end)].tolist() for end in ends)
    return dict(zip(zip(one, other, strict=True), table.latency_ms.tolist(), strict=True))
