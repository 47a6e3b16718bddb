"""Flows through time against an obvious fluid, closed forms and what must hold of any rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_small import Problem, clos_flows, naive_rates, problems, uses_of

from fairlead.kernels.epochs import Passage, epochs
from fairlead.kernels.epochs_active import EXACT

NONE = np.inf
BYTES_PER_MBIT = 125_000.0


def fluid(
    problem: Problem, enter_s: np.ndarray, size: np.ndarray, until_s: float
) -> tuple[np.ndarray, np.ndarray, list[tuple[float, np.ndarray]]]:
    """Finish, delivered, and who was under way at which rate from when on: a new solution at every event."""
    links, capacity, ceiling = problem
    left, finish, now, history = size.copy(), np.full(len(size), np.nan), 0.0, []
    while now < until_s:
        under = np.flatnonzero((enter_s <= now) & np.isnan(finish))
        rate = np.zeros(len(size))
        if len(under):
            rate[under] = naive_rates(links[under], capacity, ceiling[under])
        history.append((now, rate))
        later = enter_s[enter_s > now]
        speed = rate[under] * BYTES_PER_MBIT
        ends = now + np.divide(left[under], speed, out=np.full(len(under), NONE), where=speed > 0)
        end = min(ends.min(initial=NONE), later.min(initial=NONE), until_s)
        left[under] -= speed * (end - now)
        done = under[ends <= end]
        finish[done], left[done] = end, 0.0
        now = end
    return finish, size - np.maximum(left, 0), history


def exact(problem: Problem, enter_s: np.ndarray, size: np.ndarray, until_s: float, **probes: np.ndarray) -> Passage:
    return epochs(
        *(problem[0], enter_s, size, problem[2], problem[1]),
        **{"begin_s": 0.0, "until_s": until_s, "epoch_s": NONE, "turnover_ratio": 0.0, "bits": EXACT, **probes},
    )


@st.composite
def journeys(draw: st.DrawFn) -> tuple[Problem, np.ndarray, np.ndarray]:
    """A problem whose flows enter within a second or so, several at once among them, and all cross a link."""
    links, capacity, ceiling = draw(problems(flow_limit=8, link_limit=4))
    links[(links < 0).all(axis=1), 0] = 0
    count = len(links)
    times = st.one_of(st.sampled_from([0.0, 0.25, 0.5]), st.floats(0, 1.5))
    enter = np.sort(draw(st.lists(times, min_size=count, max_size=count)))
    size = np.array(draw(st.lists(st.floats(1e3, 5e6), min_size=count, max_size=count)))
    return (links, capacity, ceiling), enter, size


@given(journeys(), st.floats(0.1, 4))
@settings(max_examples=60, deadline=None)
def test_exact_is_the_fluid(journey: tuple[Problem, np.ndarray, np.ndarray], until_s: float) -> None:
    problem, enter, size = journey
    found = exact(problem, enter, size, until_s)
    finish, delivered, _ = fluid(problem, enter, size, until_s)
    at_end = np.abs(delivered - size) < 1e-3  # a finish at the very end may fall on either side of it
    assert found.finish_s[~at_end] == pytest.approx(finish[~at_end], nan_ok=True)
    both = at_end & ~np.isnan(finish) & ~np.isnan(found.finish_s)
    assert found.finish_s[both] == pytest.approx(finish[both], rel=1e-6)
    assert np.nan_to_num(found.finish_s[at_end], nan=until_s) == pytest.approx(
        np.nan_to_num(finish[at_end], nan=until_s), rel=1e-6
    )
    assert found.delivered_bytes == pytest.approx(delivered, rel=1e-6, abs=1e-2)


@given(journeys())
@settings(max_examples=40, deadline=None)
def test_probes_see_the_fluid(journey: tuple[Problem, np.ndarray, np.ndarray]) -> None:
    problem, enter, size = journey
    links, capacity, _ = problem
    probe_s = np.linspace(0.0137, 1.97, 11)
    probe_links = np.tile(np.append(np.arange(len(capacity)), -1).astype(np.int32), (11, 1))
    found = exact(problem, enter, size, 2.0, probe_links=probe_links, probe_s=probe_s)
    finish, _, history = fluid(problem, enter, size, 2.0)
    times = np.array([time for time, _ in history])
    uses = uses_of(links, len(capacity))
    for row, time in enumerate(probe_s):
        if np.abs(times - time).min() < 1e-6:
            continue
        rate = history[int(np.searchsorted(times, time)) - 1][1]
        under = (enter <= time) & ~(finish <= time)
        assert found.flow_count[row, :-1].tolist() == (uses @ under).tolist()
        load = np.divide(uses @ rate, capacity, out=np.ones(len(capacity)), where=capacity > 0)
        assert found.utilisation_ratio[row, :-1] == pytest.approx(load, abs=1e-6)
        assert found.flow_count[row, -1] == -1
        assert np.isnan(found.utilisation_ratio[row, -1])


def one_link(enter: list[float], size_mbit: list[float], **rule: float) -> Passage:
    """Flows on one link of 10 Mbit/s."""
    count = len(enter)
    rule = {"begin_s": 0.0, "until_s": 100.0, "epoch_s": NONE, "turnover_ratio": 0.0, "bits": EXACT, **rule}
    return epochs(
        np.zeros((count, 1), np.int32),
        np.array(enter),
        np.array(size_mbit) * BYTES_PER_MBIT,
        np.full(count, NONE),
        np.array([10.0]),
        **rule,
    )


def test_processor_sharing_by_hand() -> None:
    """Alone for a second, then two: the first has 10 Mbit left, the second 5; both get 5 until that is done."""
    assert one_link([0.0, 1.0], [20.0, 5.0]).finish_s == pytest.approx([2.5, 2.0])


def test_within_an_epoch_by_hand() -> None:
    """One epoch of 10 s. The second flow gets half at once, but the first is told only at the end: the link has 5 too
    much. When the second leaves, that is paid off, and the third has to share its 5 with the first."""
    found = one_link([0.0, 1.0, 4.0], [500.0, 10.0, 10.0], epoch_s=10.0, turnover_ratio=NONE)
    assert found.finish_s == pytest.approx([50.0, 3.0, 8.0])
    # when the first leaves, 10 - 5 are free; the fourth has a third of what the second and third have
    found = one_link([0.0, 1.0, 2.0, 2.5], [15.0, 10.0, 100.0, 1.0], epoch_s=10.0, turnover_ratio=NONE)
    assert found.finish_s == pytest.approx([1.5, 3.0, 10 + (100 - 8 * 5) / 10, 2.5 + 1 / (10 / 3)])
    assert found.epoch_count == 2


def test_an_idle_link_is_given_whole() -> None:
    found = one_link([0.0, 7.0], [10.0, 10.0], epoch_s=5.0, turnover_ratio=NONE)
    assert found.finish_s == pytest.approx([1.0, 8.0])
    assert found.epoch_count == 2


def test_what_is_not_done_by_the_end() -> None:
    found = one_link([0.0, 8.0, 40.0], [1_000.0, 1_000.0, 1.0], until_s=10.0)
    assert np.isnan(found.finish_s).all()
    assert found.delivered_bytes / BYTES_PER_MBIT == pytest.approx([90.0, 10.0, 0.0])


def test_begin_and_what_is_under_way_then() -> None:
    found = one_link([0.0, 6.0], [10.0, 10.0], begin_s=5.0)
    assert found.finish_s == pytest.approx([6.0, 7.0])


def test_probes_before_the_begin_see_nothing() -> None:
    found = one_link(
        [0.0], [100.0], begin_s=5.0, probe_links=np.zeros((3, 1), np.int32), probe_s=np.array([1.0, 6.0, 200.0])
    )
    assert found.utilisation_ratio[:, 0].tolist() == pytest.approx([np.nan, 1.0, np.nan], nan_ok=True)
    assert found.flow_count[:, 0].tolist() == [-1, 1, -1]


def poisson(seed: int, flow_count: int, load: float) -> tuple[Problem, np.ndarray, np.ndarray]:
    """A fat tree of 16 servers, flows of exponential size around 1.5 MB; ``load`` of what its servers can send."""
    problem = clos_flows(2, flow_count, seed, limited_ratio=0.05)
    chance = np.random.default_rng(seed)
    size = 150e3 + chance.exponential(1.5e6, flow_count)
    gap = size.mean() * 8e-6 / (16 * 333.0 * load)
    return problem, np.cumsum(chance.exponential(gap, flow_count)), size


def speed(problem: Problem, enter: np.ndarray, size: np.ndarray, **rule: float) -> np.ndarray:
    passage = epochs(
        *(problem[0], enter, size, problem[2], problem[1]),
        **{"begin_s": 0.0, "until_s": NONE, "epoch_s": 0.2, "turnover_ratio": 0.2, **rule},
    )
    assert not np.isnan(passage.finish_s).any()
    return size * 8e-6 / (passage.finish_s - enter)


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_error_of_the_rule_in_use(load: float) -> None:
    """Against the exact fluid: mean within 2 %, 1st percentile within 3 %."""
    world = poisson(5, 6_000, load)
    truth = speed(*world, turnover_ratio=0.0, epoch_s=NONE, bits=EXACT)
    found = speed(*world)
    assert found.mean() == pytest.approx(truth.mean(), rel=0.02)
    assert np.quantile(found, 0.01) == pytest.approx(np.quantile(truth, 0.01), rel=0.03)


def test_short_epochs_tend_to_the_fluid() -> None:
    world = poisson(6, 3_000, 0.5)
    truth = speed(*world, turnover_ratio=0.0, epoch_s=NONE, bits=EXACT)
    errors = [
        np.abs(speed(*world, turnover_ratio=NONE, epoch_s=epoch_s) / truth - 1).mean()
        for epoch_s in (0.2, 0.05, 0.01, 0.001)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.005 < 0.05 < errors[0]


@pytest.mark.parametrize("turnover_ratio", [0.0, 0.2, NONE])
def test_no_link_carries_more_than_it_can(turnover_ratio: float) -> None:
    """Over the whole time, and with hundreds of flows at once; within an epoch a link may be a little over."""
    problem, enter, size = poisson(7, 1_500, 3.0)
    links, capacity, _ = problem
    found = epochs(
        *(links, enter, size, problem[2], capacity),
        begin_s=0.0,
        until_s=enter[-1],
        epoch_s=0.2,
        turnover_ratio=turnover_ratio,
    )
    sent = uses_of(links, len(capacity)) @ found.delivered_bytes / BYTES_PER_MBIT
    slack = 1e-9 if turnover_ratio == 0 else 0.1
    assert (sent / capacity).max() <= enter[-1] * (1 + slack)
    assert (sent / capacity).max() > 0.5 * enter[-1]
    assert np.isnan(found.finish_s).sum() > 200


def test_a_flow_without_links_is_through_at_its_ceiling() -> None:
    links = np.full((2, 1), -1, np.int32)
    found = epochs(
        *(links, np.array([1.0, 2.0]), np.full(2, BYTES_PER_MBIT), np.array([NONE, 4.0]), np.array([1.0])),
        begin_s=0.0,
        until_s=9.0,
        epoch_s=NONE,
        turnover_ratio=0.0,
    )
    assert found.finish_s == pytest.approx([1.0, 2.25])


def test_no_flows() -> None:
    found = epochs(
        *(np.empty((0, 6), np.int32), np.empty(0), np.empty(0), np.empty(0), np.array([1.0])),
        begin_s=0.0,
        until_s=1.0,
        epoch_s=0.2,
        turnover_ratio=0.2,
    )
    assert (len(found.finish_s), found.epoch_count) == (0, 0)


def test_flows_out_of_order_are_refused() -> None:
    with pytest.raises(AssertionError, match="order"):
        one_link([1.0, 0.0], [1.0, 1.0])
