"""Records -> estimates: planted links with noise, losses and outliers; and what is not known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError
from fairlead.telemetry.estimates import EstimateRule, LinkEstimates, RoundTrip, link_estimates, newest
from fairlead.telemetry.probes import Probes

NAN = np.nan
PLAIN = EstimateRule(window_s=60, least_count=1, round_trip=RoundTrip(latency_ratio=1, jitter_ratio=1, loss_exponent=1))


def probes(rtt_ms: list[float], **columns: Any) -> Probes:
    count = len(rtt_ms)
    given = {"time": np.arange(count), "source": np.zeros(count, np.int32), "target": np.ones(count, np.int32)}
    return Probes.of(**(given | columns), rtt_ms=np.array(rtt_ms, np.float64))


def one(records: Probes, rule: EstimateRule = PLAIN) -> dict[str, Any]:
    found = link_estimates(records, rule, 1000.0)
    assert len(found.window) == 1
    return {name: getattr(found, name)[0] for name in LinkEstimates.__slots__}


def test_one_link_in_one_window() -> None:
    found = one(probes([10, 12, 11, 15], sent_count=[5, 5, 5, 5], received_count=np.array([5.0, 4, 5, 5])))
    assert (found["window"], found["source"], found["target"], found["via"]) == (0, 0, 1, "")
    assert found["latency_ms"] == 11.5
    assert found["uncertainty_ms"] == pytest.approx(1.2533 * 1.4826 * 1.0 / 2)
    assert found["jitter_ms"] == pytest.approx((0.25 * 1 + 1 * 2 + 0.25 * 4) / 1.5)  # of 1, 2 and 4
    assert found["loss_ratio"] == pytest.approx(0.05)
    assert math.isnan(found["throughput_mbps"])
    assert (found["count"], found["sent_count"], found["age_s"]) == (4, 20, 997.0)


def test_a_round_trip_is_two_ways() -> None:
    rule = EstimateRule(window_s=60, least_count=1)
    both = probes([10, 14], sent_count=[50, 50], received_count=np.array([32.0, 32.0]))
    found, plain = one(both, rule), one(both)
    assert found["latency_ms"] == plain["latency_ms"] / 2 == 6.0
    assert found["uncertainty_ms"] == plain["uncertainty_ms"] / 2
    assert found["jitter_ms"] == pytest.approx(4 / math.sqrt(2))
    assert found["loss_ratio"] == pytest.approx(0.2)  # 0.8 of 0.8 come back


def test_jitter_and_loss_of_one_way_come_out_of_round_trips() -> None:
    """Planted: each way adds its own noise and loses on its own."""
    chance = np.random.default_rng(1)
    there, back = 20 + chance.normal(0, 2, 4001), 20 + chance.normal(0, 2, 4001)
    sent = 200
    got = chance.binomial(sent, 0.9 * 0.9, 4001)
    records = probes((there + back).tolist(), sent_count=np.full(4001, sent), received_count=got.astype(float))
    found = one(records, EstimateRule(window_s=1e6))
    alone = one(probes(there.tolist()), EstimateRule(window_s=1e6, round_trip=PLAIN.round_trip))
    assert found["latency_ms"] == pytest.approx(20, abs=0.1)
    assert found["jitter_ms"] == pytest.approx(alone["jitter_ms"], rel=0.05)
    assert found["loss_ratio"] == pytest.approx(0.1, abs=0.002)


def test_outliers_do_not_move_it() -> None:
    chance = np.random.default_rng(2)
    good = chance.normal(30, 1, 200)
    bad = good.copy()
    bad[chance.choice(200, 20, replace=False)] = 5000.0  # a tenth
    rule = EstimateRule(window_s=1e6)
    clean, dirty = one(probes(good.tolist()), rule), one(probes(bad.tolist()), rule)
    assert dirty["latency_ms"] == pytest.approx(clean["latency_ms"], abs=0.2)
    assert dirty["uncertainty_ms"] == pytest.approx(clean["uncertainty_ms"], rel=0.3)
    assert dirty["jitter_ms"] == pytest.approx(clean["jitter_ms"], rel=0.5)


def test_throughput_is_what_most_reached() -> None:
    records = probes([1.0] * 5, throughput_mbps=np.array([10.0, 30, 20, 50, 40]))
    assert one(records)["throughput_mbps"] == 20.0


def test_a_stated_jitter_goes_before_differences() -> None:
    assert one(probes([10, 90, 10], jitter_ms=np.array([1.0, 2.0, 3.0])))["jitter_ms"] == 2.0
    assert one(probes([10, 90, 10], jitter_ms=np.array([NAN, NAN, NAN])))["jitter_ms"] == 80.0


def test_unknown_is_never_zero() -> None:
    found = one(probes([NAN, NAN], sent_count=[3, 3], received_count=np.array([0.0, 0.0])))
    assert [name for name in ("latency_ms", "uncertainty_ms", "jitter_ms") if not math.isnan(found[name])] == []
    assert found["loss_ratio"] == 1.0
    assert (found["count"], found["sent_count"]) == (0, 6)
    found = one(probes([5.0, 5.0], sent_count=[3, 3]))
    assert math.isnan(found["loss_ratio"])
    assert found["sent_count"] == 0
    assert math.isnan(one(probes([5.0], sent_count=[0], received_count=np.zeros(1)))["loss_ratio"])


def test_too_few_records_say_nothing_but_their_count() -> None:
    rule = EstimateRule(window_s=60, least_count=4)
    few = probes([10.0] * 3, received_count=np.ones(3), throughput_mbps=np.ones(3))
    found = one(few, rule)
    assert all(math.isnan(found[f"{name}"]) for name in ("latency_ms", "jitter_ms", "loss_ratio", "throughput_mbps"))
    assert (found["count"], found["sent_count"]) == (3, 3)
    enough = one(probes([10.0] * 4, received_count=np.ones(4), throughput_mbps=np.ones(4)), rule)
    assert not any(
        math.isnan(enough[f"{name}"]) for name in ("latency_ms", "jitter_ms", "loss_ratio", "throughput_mbps")
    )


def test_windows_pairs_and_paths_stand_apart() -> None:
    records = Probes.of(
        time=np.array([0, 59, 60, 0, 0, 0, -1]),
        source=np.array([0, 0, 0, 1, 0, 0, 0]),
        target=np.array([1, 1, 1, 0, 2, 2, 1]),
        via=np.array(["", "", "", "", "", "b>c", ""]),
        rtt_ms=np.arange(7.0),
    )
    found = link_estimates(records, PLAIN, 60.0)
    rows = list(zip(*(getattr(found, name).tolist() for name in ("window", "source", "target", "via")), strict=True))
    expected = [(-1, 0, 1, ""), (0, 0, 1, ""), (0, 0, 2, ""), (0, 0, 2, "b>c"), (0, 1, 0, ""), (1, 0, 1, "")]
    assert rows == expected
    assert found.latency_ms.tolist() == [6.0, 0.5, 4.0, 5.0, 3.0, 2.0]
    assert found.age_s.tolist() == [61.0, 1.0, 60.0, 60.0, 60.0, 0.0]


def test_utc_times_are_seconds_since_1970() -> None:
    utc = np.array(["2026-03-01T12:00:00.250", "2026-03-01T12:00:59.750"], "M8[ms]")
    seconds = utc.astype(np.int64) / 1000
    found = link_estimates(probes([1, 2], time=utc), PLAIN, float(seconds[1]) + 1)
    assert found.window.tolist() == [seconds[0] // 60]
    assert found.age_s.tolist() == [1.0]


ROWS = st.tuples(
    st.integers(0, 60),
    st.integers(0, 0),
    st.integers(1, 2),
    st.sampled_from(["", "x>y"]),
    st.sampled_from([NAN, 1.0, 5.0, 80.5]),
    st.integers(0, 4),
)


@settings(max_examples=60)
@given(st.lists(ROWS, min_size=1, max_size=40), st.integers(1, 3), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bits(rows: list[Any], least_count: int, rng: Any) -> None:
    def estimated(ordered: list[Any]) -> LinkEstimates:
        time, source, target, via, rtt, sent = (np.array(column) for column in zip(*ordered, strict=True))
        records = Probes.of(
            time=time,
            source=source.astype(np.int32),
            target=target.astype(np.int32),
            via=via,
            rtt_ms=rtt,
            sent_count=sent.astype(np.int32),
            received_count=np.where(np.isnan(rtt), 0.0, sent * 0.3),
        )
        return link_estimates(records, EstimateRule(window_s=50, least_count=least_count), 300.0)

    before = estimated(rows)
    shuffled = rows.copy()
    rng.shuffle(shuffled)
    after = estimated(shuffled)
    for name in LinkEstimates.__slots__:
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    assert before.count.sum() == sum(not math.isnan(row[4]) for row in rows)
    keys = {(row[0] // 50, row[1], row[2], row[3]) for row in rows}
    assert len(before.window) == len(keys)


def test_the_newest_of_each_figure() -> None:
    records = Probes.of(
        time=np.array([0, 1, 60, 61, 120, 121]),
        source=np.zeros(6, np.int32),
        target=np.ones(6, np.int32),
        rtt_ms=np.array([10.0, 12.0, 20.0, 24.0, NAN, NAN]),
        received_count=np.array([1.0, 0.0, NAN, NAN, NAN, NAN]),
        throughput_mbps=np.array([7.0, 7.0, NAN, NAN, 9.0, 9.0]),
    )
    estimates = link_estimates(records, PLAIN, 200.0)
    found = newest(estimates, math.inf)
    assert found.window.tolist() == [-1]
    assert (found.latency_ms[0], found.count[0], found.age_s[0]) == (22.0, 2, 139.0)
    assert (found.loss_ratio[0], found.sent_count[0], found.throughput_mbps[0]) == (0.5, 2, 9.0)
    young = newest(estimates, 150.0)
    assert math.isnan(young.loss_ratio[0])
    assert young.latency_ms[0] == 22.0
    youngest = newest(estimates, 100.0)
    assert math.isnan(youngest.latency_ms[0])
    assert youngest.age_s[0] == 79.0
    assert len(newest(estimates, 1.0).window) == 0


def test_no_records() -> None:
    nothing = Probes.of(time=np.zeros(0, np.int64), source=[], target=[], via=np.empty(0, "U1"))
    found = link_estimates(nothing, PLAIN, 0.0)
    assert len(found.window) == len(newest(found, 1.0).window) == 0


@pytest.mark.parametrize("window_s", [0.0, -1.0, NAN])
def test_a_window_that_cannot_be(window_s: float) -> None:
    with pytest.raises(BadInputError, match=r"records\.window_length"):
        link_estimates(probes([1.0]), EstimateRule(window_s=window_s), 0.0)
