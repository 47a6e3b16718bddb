"""The window column."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.telemetry.moments import moments
from fairlead.telemetry.texts import coded


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**17), 10**17), min_size=1, max_size=12))
def test_numbers_are_used_ascending_and_once(numbers: list[int]) -> None:
    found, offences = moments(coded(pa.chunked_array([pa.array([str(number) for number in numbers])])), "window", None)
    assert offences == []
    assert not found.is_time
    assert found.used().tolist() == sorted(set(numbers))
    assert found.used()[found.ranks(found.used())].tolist() == numbers


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)), min_size=1, max_size=6)
)
def test_times_are_those_of_python(times: list[datetime]) -> None:
    times = [time.replace(microsecond=time.microsecond // 1000 * 1000) for time in times]
    found, offences = moments(coded(pa.chunked_array([pa.array([time.isoformat() for time in times])])), "window", None)
    assert offences == []
    assert found.is_time
    expected = np.array([time.replace(tzinfo=None) for time in times], "M8[ms]")
    assert np.array_equal(found.used()[found.ranks(found.used())].astype("M8[ms]"), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), min_size=1, max_size=6), st.booleans())
def test_plain_utc_times_are_read_at_once_as_one_by_one(times: list[datetime], one_is_none: bool) -> None:
    texts = [f"{time.isoformat(timespec='milliseconds')}Z" for time in times]
    spoilt = [*texts, "2026-02-30T00:00:00Z"] if one_is_none else texts
    found, offences = moments(coded(pa.chunked_array([pa.array(spoilt)])), "window", None)
    assert [offence.row for offence in offences] == ([len(texts)] if one_is_none else [])
    expected = np.array([text.removesuffix("Z") for text in texts], "M8[ms]").astype(np.int64)
    assert found.values[found.codes[: len(texts)]].tolist() == expected.tolist()
    assert (found.codes[len(texts) :] == -1).all()
