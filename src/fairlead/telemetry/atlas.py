"""Ping results of RIPE Atlas -> records of measurements.

The form is that of the RIPE Atlas result format, ping, firmware 4400 and later: one object a result, in a JSON array or
one object a line, with ``prb_id``, ``dst_addr``, ``timestamp``, ``sent``, ``rcvd`` and ``result``, a list of
``{"rtt": ms}``, ``{"x": "*"}`` (no answer) or ``{"error": text}``, where ``dup`` marks an answer that came twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fairlead.model import BadInputError
from fairlead.telemetry.listing import read_file
from fairlead.telemetry.offence import shown
from fairlead.telemetry.probes import Probes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtlasRecords:
    """``probes``: what could be used; and results that could not, by reason.

    unmapped_count : of a probe or to an address that stands for none of the ends
    failed_count   : without a packet sent: the name was not resolved, there was no route
    other_count    : of other kinds than ping (traceroute, DNS, ...)
    """

    probes: Probes
    unmapped_count: int
    failed_count: int
    other_count: int


@dataclass(frozen=True, slots=True)
class _Ping:
    timestamp: int
    source: int
    target: int
    rtt_ms: float
    jitter_ms: float
    sent_count: int
    received_count: int


def read_atlas(
    path: Path, ends: NDArray[Any], source_of: Mapping[int, str], target_of: Mapping[str, str]
) -> AtlasRecords:
    """The ping results of one file as records between ``ends`` [ends].

    source_of : number of a probe -> the end that it stands for
    target_of : address that was pinged, as Atlas writes it -> the end that it stands for

    The round-trip time of a result is the median of its answers, its jitter the mean difference of one answer to the
    next. BadInputError for what is not JSON, or no result in this form. O(bytes).
    """
    row_of = {str(name): row for row, name in enumerate(ends.tolist())}
    sources = {probe: _end(name, row_of, f"probe {probe}") for probe, name in source_of.items()}
    targets = {address: _end(name, row_of, f"address {address}") for address, name in target_of.items()}
    pings: list[_Ping] = []
    unmapped = failed = other = 0
    for place, result in _results(Path(path)):
        if result.get("type", "ping") != "ping":
            other += 1
            continue
        probe = _whole(result, "prb_id", place)
        address = result.get("dst_addr", result.get("addr"))  # firmware before 4460
        sent = _whole(result, "sent", place) if "sent" in result else 0
        if sent <= 0 or address is None:
            failed += 1
        elif probe not in sources or address not in targets or sources[probe] == targets[address]:
            unmapped += 1
        else:
            pings.append(_ping(result, sources[probe], targets[address], sent, place))
    columns = {name: np.array([getattr(ping, name) for ping in pings]) for name in _Ping.__slots__}
    probes = Probes.of(
        time=columns["timestamp"].astype(np.int64),
        source=columns["source"].astype(np.int32),
        target=columns["target"].astype(np.int32),
        rtt_ms=columns["rtt_ms"].astype(np.float64),
        jitter_ms=columns["jitter_ms"].astype(np.float64),
        sent_count=columns["sent_count"].astype(np.int32),
        received_count=columns["received_count"].astype(np.float64),
    )
    return AtlasRecords(probes=probes, unmapped_count=unmapped, failed_count=failed, other_count=other)


def _ping(result: Mapping[str, Any], source: int, target: int, sent: int, place: str) -> _Ping:
    received = _whole(result, "rcvd", place)
    if not 0 <= received <= sent:
        _refuse(place, "rcvd", received, f"a whole number from 0 to sent, which is {sent}")
    answers = result.get("result")
    if not isinstance(answers, list):
        _refuse(place, "result", answers, "a list of answers")
    rtts = np.array([rtt for answer in answers if (rtt := _rtt(answer, place)) is not None], np.float64)
    return _Ping(
        timestamp=_whole(result, "timestamp", place),
        source=source,
        target=target,
        rtt_ms=float(np.median(rtts)) if len(rtts) else np.nan,
        jitter_ms=float(np.abs(np.diff(rtts)).mean()) if len(rtts) > 1 else np.nan,
        sent_count=sent,
        received_count=received,
    )


def _rtt(answer: object, place: str) -> float | None:
    """Milliseconds; nothing for no answer, for an error, and for an answer that came twice."""
    if not isinstance(answer, dict):
        _refuse(place, "result", answer, 'objects such as {"rtt": 12.3}')
    if "rtt" not in answer or "dup" in answer:
        return None
    rtt = answer["rtt"]
    if isinstance(rtt, bool) or not isinstance(rtt, int | float) or not 0 <= rtt < np.inf:
        _refuse(place, "rtt", rtt, "a number, 0 or more, in ms")
    return float(rtt)


def _whole(result: Mapping[str, Any], name: str, place: str) -> int:
    value = result.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        _refuse(place, name, value, "a whole number")
    return value


def _results(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every result of the file and where it is: in a line, or by number in an array."""
    raw = read_file(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_json(f"{path}, offset {error.start}", "bytes that are not UTF-8") from None
    if text.lstrip().startswith("["):
        for number, result in enumerate(_parsed(text, f"{path}")):
            yield f"{path}, result {number}", _object(result, f"{path}, result {number}")
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"{path}:{number}"
            yield place, _object(_parsed(line, place), place)


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _not_json(place, str(error)[:120]) from None


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _not_json(place, type(value).__name__)
    return value


def _not_json(place: str, got: str) -> BadInputError:
    return BadInputError(
        code="atlas.not_json",
        what="the file holds no Atlas results",
        where=place,
        got=got,
        expected="a JSON array of results, or one result a line",
    )


def _refuse(place: str, name: str, value: object, expected: str) -> NoReturn:
    raise BadInputError(
        code="atlas.wrong_field",
        what=f"{name} of a ping result cannot be used",
        where=place,
        got="nothing" if value is None else shown(str(value)),
        expected=expected,
    )


def _end(name: str, row_of: Mapping[str, int], what: str) -> int:
    if name not in row_of:
        raise BadInputError(
            code="atlas.unknown_end",
            what=f"{what} stands for an end that there is not",
            where="the mapping",
            got=shown(name),
            expected=f"one of the {len(row_of)} ends",
        )
    return row_of[name]
