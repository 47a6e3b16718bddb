"""What a client does with an answer, with none, and when; and that many clients never ask at one moment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.dataplane.adjustment import (
    Reason,
    Session,
    Timers,
    WeightedPath,
    begun,
    checked,
    drawn,
    first_s,
    interval_s,
)
from fairlead.model import BadInputError

TIMERS = Timers()
A, B, C, DIRECT = ("ams",), ("ams", "fra"), ("lon", "fra"), ()
UNIFORM = st.floats(0, 1, exclude_max=True)
SETS = st.lists(
    st.builds(WeightedPath, st.sampled_from([A, B, C, DIRECT]), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    unique_by=lambda path: path.sites,
)


def on(sites: tuple[str, ...]) -> Session:
    return Session(sites=sites, reason=Reason.ANSWERED, next_check_s=0.0)


def test_an_answer_in_time_is_used() -> None:
    found = begun(B, 0.2, A, 100.0, 0.5, TIMERS)
    assert found == Session(sites=B, reason=Reason.ANSWERED, next_check_s=400.0)
    assert begun(DIRECT, 0.0, A, 0.0, 0.5, TIMERS).sites == DIRECT  # direct is an answer, not the lack of one


@pytest.mark.parametrize(("answer", "took_s"), [(B, 0.2001), (None, 0.0), (None, 5.0), (B, math.nan), (B, math.inf)])
def test_no_answer_in_time_is_nearby(answer: tuple[str, ...] | None, took_s: float) -> None:
    found = begun(answer, took_s, A, 0.0, 0.5, TIMERS)
    assert (found.sites, found.reason) == (A, Reason.FALLBACK)


def test_the_path_is_kept_while_it_is_in_the_set() -> None:
    paths = [WeightedPath(A, 0.01), WeightedPath(B, 0.99)]
    for uniform in (0.0, 0.5, 0.999):
        found = checked(on(A), paths, 0.2, 10.0, (uniform, 0.5), TIMERS)
        assert (found.sites, found.reason, found.next_check_s) == (A, Reason.KEPT, 610.0)


def test_a_path_that_left_the_set_is_replaced_by_weight() -> None:
    paths = [WeightedPath(A, 0.25), WeightedPath(C, 0.0), WeightedPath(B, 0.75)]
    found = [checked(on(C), paths, 0.1, 0.0, ((i + 0.5) / 100, 0.5), TIMERS) for i in range(100)]
    assert {session.reason for session in found} == {Reason.DRAWN}
    assert [sum(s.sites == sites for s in found) for sites in (A, B, C)] == [25, 75, 0]


@pytest.mark.parametrize(
    ("paths", "took_s"),
    [
        (None, 0.0),
        ([WeightedPath(A, 1.0)], 0.21),
        ([WeightedPath(A, 1.0)], math.nan),
        ([], 0.0),
        ([WeightedPath(A, 0.0)], 0.0),
    ],
)
def test_without_a_set_nothing_changes(paths: list[WeightedPath] | None, took_s: float) -> None:
    found = checked(on(C), paths, took_s, 50.0, (0.0, 0.0), TIMERS)
    assert (found.sites, found.reason) == (C, Reason.UNCHECKED)
    assert found.next_check_s == 50.0 + 480.0


@given(st.sampled_from([A, B, C, DIRECT]), SETS, UNIFORM, UNIFORM, st.floats(0, 0.3))
def test_after_a_check_the_path_is_usable_or_the_old_one(
    sites: tuple[str, ...], paths: list[WeightedPath], one: float, other: float, took_s: float
) -> None:
    before = on(sites)
    found = checked(before, paths, took_s, 0.0, (one, other), TIMERS)
    usable = {path.sites for path in paths if path.weight_ratio > 0}
    if found.reason is Reason.UNCHECKED:
        assert found.sites == sites
        assert took_s > 0.2 or not usable
    else:
        assert found.sites in usable
        assert (found.reason is Reason.KEPT) == (sites in usable)
        assert (found.sites == sites) == (found.reason is Reason.KEPT)
    assert 480.0 <= found.next_check_s <= 720.0
    # the second check finds what the first chose
    again = checked(found, paths, 0.0, 600.0, (other, one), TIMERS)
    assert not usable or again.reason is Reason.KEPT or found.reason is Reason.UNCHECKED


@given(SETS.filter(lambda paths: any(path.weight_ratio > 0 for path in paths)))
def test_draws_follow_the_weights(paths: list[WeightedPath]) -> None:
    total = sum(path.weight_ratio for path in paths)
    got = [drawn(paths, (i + 0.5) / 400) for i in range(400)]
    for path in paths:
        assert got.count(path.sites) / 400 == pytest.approx(path.weight_ratio / total, abs=0.003)
    assert drawn(paths, math.nextafter(1.0, 0.0)) in {path.sites for path in paths if path.weight_ratio > 0}


def test_many_clients_never_ask_together() -> None:
    """10,000 sessions that begin in the same instant: every ten seconds have their fair share, for hours."""
    rng = np.random.default_rng(3)
    clients = 10_000
    due = [begun(A, 0.1, A, 0.0, float(u), TIMERS).next_check_s for u in rng.random(clients)]
    asked = []
    for _ in range(10):
        asked.extend(due)
        due = [now + interval_s(TIMERS, float(u)) for now, u in zip(due, rng.random(clients), strict=True)]
    per_ten_s, _ = np.histogram(asked, bins=np.arange(0, 4_800, 10))
    fair = clients * 10 / 600
    assert abs(per_ten_s - fair).max() < 5 * math.sqrt(fair)  # what chance alone does
    gaps = [interval_s(TIMERS, u) for u in (0.0, 0.5, math.nextafter(1.0, 0.0))]
    assert gaps == pytest.approx([480.0, 600.0, 720.0])


def test_the_first_interval_is_what_is_left_of_one() -> None:
    rng = np.random.default_rng(5)
    every = np.array([interval_s(TIMERS, float(u)) for u in rng.random(20_000)])
    # length-biased interval, entered at an even place: the definition
    left = rng.choice(every, 20_000, p=every / every.sum()) * rng.random(20_000)
    first = np.array([first_s(TIMERS, float(u)) for u in rng.random(20_000)])
    np.testing.assert_allclose(np.percentile(first, range(5, 96, 5)), np.percentile(left, range(5, 96, 5)), atol=12)
    assert first.max() <= 720
    assert first_s(Timers(jitter_ratio=0), 0.25) == 150


def test_clients_that_met_once_drift_apart() -> None:
    """Should all check in one second all the same, they do not after that."""
    rng = np.random.default_rng(4)
    due = np.zeros(10_000)
    for _ in range(3):
        due = np.array([now + interval_s(TIMERS, float(u)) for now, u in zip(due, rng.random(10_000), strict=True)])
    assert np.histogram(due, bins=np.arange(0, 4_000, 10))[0].max() < 0.05 * 10_000


@given(UNIFORM, st.floats(0.001, 1e6), st.floats(0, 1))
def test_a_session_never_asks_twice_at_once(uniform: float, check_s: float, jitter: float) -> None:
    timers = Timers(check_s=check_s, jitter_ratio=jitter)
    assert interval_s(timers, uniform) > 0
    assert begun(A, 0.0, A, 0.0, uniform, timers).next_check_s > 0


@pytest.mark.parametrize(
    "wrong", [{"check_s": 0}, {"check_s": math.nan}, {"jitter_ratio": 1.1}, {"jitter_ratio": -0.1}, {"timeout_s": 0}]
)
def test_timers_without_meaning_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInputError, match=r"^adjustment\.timers"):
        Timers(**wrong)


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_weights_without_meaning_are_refused(weight: float) -> None:
    with pytest.raises(BadInputError, match=r"^adjustment\.weight"):
        WeightedPath(A, weight)
