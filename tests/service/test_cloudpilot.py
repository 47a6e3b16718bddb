"""Predicting measured winners: the physics by hand, the scores by hand, and the real measurements."""

import dataclasses
import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.service.cloudpilot import (
    FIRST_FLIGHT_BYTES,
    TEST_S,
    _repeat_ratio,
    _rules,
    _scored,
    cloudpilot_agreement,
    predicted_rates,
    predicted_speeds,
)
from fairlead.worlds.overlay import data_dir
from fairlead.worlds.routing.relay_runs import FILE
from fairlead.worlds.routing.relay_trials import AIMS, LARGE_FILE_BYTES, Segments, Trial, Way

KNOWN = Segments(host_target_ms=200, host_relay_ms=100, relay_target_ms=80, host_relay_mbps=50, relay_target_mbps=50)
MILLISECONDS = st.floats(0.1, 400)
RATES = st.floats(1, 5_000)


def trial(direct: float, forwarding: float, split: float, *, triple: str = "t", minute: int = 0) -> Trial:
    return Trial(
        triple=("main", "h", "t", triple),
        moment=datetime(2021, 7, 1, 0, minute),
        known=KNOWN,
        measured={Way.DIRECT: direct, Way.FORWARDING: forwarding, Way.SPLIT: split},
    )


def test_rates_by_hand() -> None:
    """The longer segment has more in flight; the shorter one was held back at its rate."""
    found = predicted_rates(KNOWN, math.inf)

    def slowed(rate: float, ms: float) -> float:
        return 1 + math.log2(rate * 125_000 * ms / 1000 / FIRST_FLIGHT_BYTES) * ms / 1000 / TEST_S

    longer, shorter = 50 * slowed(50, 100), 50 * slowed(50, 80)
    direct = longer * 100 / 200
    forwarding = longer * 100 / 180
    assert found[Way.DIRECT] == pytest.approx(direct / slowed(direct, 200))
    assert found[Way.FORWARDING] == pytest.approx(forwarding / slowed(forwarding, 180))
    assert found[Way.SPLIT] == pytest.approx(shorter / slowed(shorter, 100))
    assert found[Way.SPLIT] > found[Way.FORWARDING] > found[Way.DIRECT]


def test_a_rate_that_holds_back_a_short_segment_holds_back_direct_too() -> None:
    near = dataclasses.replace(KNOWN, host_relay_ms=1, host_relay_mbps=30, relay_target_ms=199, relay_target_mbps=400)
    found = predicted_rates(near, math.inf)
    assert found[Way.DIRECT] < 30.1


@given(MILLISECONDS, MILLISECONDS, MILLISECONDS, RATES, RATES, st.sampled_from([math.inf, LARGE_FILE_BYTES]))
def test_rates_are_rates(direct: float, first: float, second: float, a: float, b: float, size: float) -> None:
    known = Segments(
        host_target_ms=direct,
        host_relay_ms=first,
        relay_target_ms=second,
        host_relay_mbps=a,
        relay_target_mbps=b,
    )
    found = predicted_rates(known, size)
    assert all(math.isfinite(rate) and rate > 0 for rate in found.values())
    # the longer the way, the slower one connection
    if direct <= first + second:
        assert found[Way.DIRECT] >= found[Way.FORWARDING] * (1 - 1e-9)
    mirrored = Segments(
        host_target_ms=direct,
        host_relay_ms=second,
        relay_target_ms=first,
        host_relay_mbps=b,
        relay_target_mbps=a,
    )
    assert predicted_rates(mirrored, size) == pytest.approx(found)


def test_short_transfers_by_hand() -> None:
    found = predicted_speeds(KNOWN)
    assert {way: 1 / speed for way, speed in found.items()} == pytest.approx(
        {Way.DIRECT: 0.4, Way.FORWARDING: 0.36, Way.SPLIT: 0.28}
    )


def test_scores_by_hand() -> None:
    trials = [trial(10, 5, 8), trial(4, 8, 10), trial(9.6, 10, 1)]
    assert _scored(lambda _: Way.DIRECT, trials) == {
        "agreement_ratio": 0.3333,
        "relay_ratio": 0.3333,
        "near_best_ratio": 0.6667,
        "kept_ratio": pytest.approx((1 + 0.4 + 0.96) / 3, abs=1e-4),
    }
    assert _scored(lambda _: Way.SPLIT, trials)["agreement_ratio"] == 0.3333
    assert _scored(lambda _: Way.SPLIT, trials)["relay_ratio"] == 0.6667


def test_repeats_are_of_the_same_triple() -> None:
    assert _repeat_ratio([trial(1, 0, 0), trial(0, 1, 0, triple="u")]) is None
    runs = [trial(1, 0, 0), trial(1, 0, 0, minute=1), trial(0, 1, 0, minute=2), trial(0, 1, 0, triple="u")]
    assert _repeat_ratio(runs) == 0.5


@pytest.mark.parametrize("aim", AIMS)
def test_rules_do_not_look_at_the_outcome(aim: object) -> None:
    for rule in _rules(aim).values():  # type: ignore[arg-type]  # each of AIMS
        assert len({rule(trial(*measured)) for measured in ((1, 2, 3), (3, 2, 1), (2, 3, 1))}) == 1


def test_the_shorter_round_trip() -> None:
    rule = _rules(AIMS[0])["shorter_round_trip"]
    assert rule(trial(1, 1, 1)) is Way.FORWARDING
    near = dataclasses.replace(trial(1, 1, 1), known=dataclasses.replace(KNOWN, host_target_ms=180))
    assert rule(near) is Way.DIRECT


def test_against_the_measurements() -> None:
    """What prediction is worth: near the best more often than any rule of thumb, except by chance of a tie."""
    if not (data_dir() / FILE).is_file():
        pytest.skip("no measured relays: set FAIRLEAD_DATA")
    found = cloudpilot_agreement(data_dir())
    assert list(found) == [aim.name for aim in AIMS]
    for row in found.values():
        rules = row["rules"]
        assert row["runs"] == sum(row[f"winner_{way.value}_count"] for way in Way)
        thumb = [rules[name] for name in rules if name != "predicted"]
        assert rules["predicted"]["near_best_ratio"] > max(each["near_best_ratio"] for each in thumb)
    assert found["throughput"]["rules"]["predicted"]["kept_ratio"] > 0.94
    assert found["small_transfer"]["rules"]["predicted"]["agreement_ratio"] > 0.65
    assert found["large_transfer"]["rules"]["predicted"]["relay_ratio"] > 0.6
