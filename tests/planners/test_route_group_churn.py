"""Prefixes change their group only where the change is significant and lasts; measured on planted and real paths."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fairlead.model import UsageError
from fairlead.planners.route.group_churn import AT_ONCE, Churn, ChurnRule, GroupMemory, regrouped
from fairlead.planners.route.groups import PrefixMap, nearest_sites, user_groups

NAMES = np.array(["fra", "lon", "par"])
NAN = np.nan
RULE = ChurnRule(margin_ms=2.0, margin_ratio=0.1, error_count=2.0, run_count=3)
HOME = [10.0, 20.0, 30.0]
AWAY = [30.0, 20.0, 10.0]
CLOSE = [20.5, 20.0, 30.0]  # lon is nearer, but within 2 ms


def one(latency: list[float], depth: int = 3, error: float = NAN) -> PrefixMap:
    given = PrefixMap.of_latency(np.array(["10.0.0.0/24"]), np.array([latency]), depth)
    return PrefixMap(
        prefix=given.prefix,
        latency_ms=given.latency_ms,
        error_ms=np.full((1, len(latency)), error),
        jitter_ms=given.jitter_ms,
        loss_ratio=given.loss_ratio,
        weight=given.weight,
        depth=given.depth,
    )


def story(*runs: list[float] | PrefixMap, rule: ChurnRule = RULE) -> list[tuple[str, str]]:
    """The group and the kind of change after each run, of one prefix that is measured so."""
    memory, told = GroupMemory.begin(), []
    for run in runs:
        given = run if isinstance(run, PrefixMap) else one(run)
        names = NAMES[: given.latency_ms.shape[1]]
        grouping, churn, memory = regrouped(given, names, memory, rule)
        (kind,) = [name for name in Churn.__slots__ if getattr(churn, name)]
        group = grouping.group.item()
        told.append((grouping.group_id[group] if group >= 0 else "", kind))
    return told


def test_a_lasting_change_moves_in_the_third_run() -> None:
    assert story(HOME, AWAY, AWAY, AWAY, AWAY) == [
        ("fra>lon>par", "fresh"),
        ("fra>lon>par", "waiting"),
        ("fra>lon>par", "waiting"),
        ("par>lon>fra", "moved"),
        ("par>lon>fra", "same"),
    ]


def test_a_change_that_does_not_last() -> None:
    kinds = [kind for _, kind in story(HOME, AWAY, AWAY, HOME, AWAY, AWAY, HOME)]
    assert kinds == ["fresh", "waiting", "waiting", "same", "waiting", "waiting", "same"]


def test_any_better_ranking_counts_and_the_last_wins() -> None:
    assert story(HOME, AWAY, [30.0, 10.0, 20.0], AWAY)[-1] == ("par>lon>fra", "moved")


def test_after_a_move_the_count_begins_anew() -> None:
    kinds = [kind for _, kind in story(HOME, *[AWAY] * 3, *[HOME] * 3)]
    assert kinds == ["fresh", *["waiting", "waiting", "moved"] * 2]


def test_an_insignificant_change_never_moves() -> None:
    assert [kind for _, kind in story(HOME, *[CLOSE] * 9)] == ["fresh"] + ["tolerated"] * 9
    assert story(HOME, CLOSE, rule=AT_ONCE)[-1] == ("lon>fra>par", "moved")


def test_a_tolerated_run_breaks_the_row() -> None:
    assert [kind for _, kind in story(HOME, AWAY, AWAY, CLOSE, AWAY, AWAY)][-1] == "waiting"


def test_noisy_measurements_need_a_larger_change() -> None:
    loud, exact = one(AWAY, error=8.0), one(AWAY, error=1.0)
    assert [kind for _, kind in story(HOME, loud, loud, loud)][1:] == ["tolerated"] * 3
    assert [kind for _, kind in story(HOME, exact, exact, exact)][1:] == ["waiting", "waiting", "moved"]


def test_nobody_measured() -> None:
    nothing = [NAN] * 3
    assert story(nothing, HOME, nothing, AWAY, nothing, AWAY, AWAY) == [
        ("", "unmeasured"),
        ("fra>lon>par", "fresh"),
        ("fra>lon>par", "unmeasured"),
        ("fra>lon>par", "waiting"),
        ("fra>lon>par", "unmeasured"),  # neither for nor against
        ("fra>lon>par", "waiting"),
        ("par>lon>fra", "moved"),
    ]


def test_a_site_that_falls_silent_is_left_in_the_end() -> None:
    silent = [NAN, 20.0, 30.0]
    assert story(HOME, silent, silent, silent)[-2:] == [("fra>lon>par", "waiting"), ("lon>par", "moved")]


def test_a_site_that_is_heard_for_the_first_time_joins_in_the_end() -> None:
    partial = [10.0, 20.0, NAN]
    assert story(partial, HOME, HOME, HOME)[-2:] == [("fra>lon", "waiting"), ("fra>lon>par", "moved")]


def test_a_site_that_is_gone_is_left_at_once() -> None:
    memory = regrouped(one(AWAY), NAMES, GroupMemory.begin(), RULE)[2]
    grouping, churn, _ = regrouped(one([10.0, 20.0]), NAMES[:2], memory, RULE)
    assert (grouping.group_id.tolist(), churn.forced) == (["fra>lon"], 1)


def test_a_site_gone_and_nobody_measured() -> None:
    memory = regrouped(one(AWAY), NAMES, GroupMemory.begin(), RULE)[2]
    grouping, churn, memory = regrouped(one([NAN, NAN]), NAMES[:2], memory, RULE)
    assert (grouping.group.tolist(), churn.unmeasured) == ([-1], 1)
    assert regrouped(one([10.0, 20.0]), NAMES[:2], memory, RULE)[1].fresh == 1


def test_a_lower_depth_takes_effect_at_once_and_a_higher_one_in_the_end() -> None:
    assert story(HOME, one(HOME, depth=2)) == [("fra>lon>par", "fresh"), ("fra>lon", "forced")]
    assert story(one(HOME, depth=2), *[HOME] * 3)[1:] == [("fra>lon", "waiting")] * 2 + [("fra>lon>par", "moved")]


def test_rows_of_sites_and_prefixes_may_change() -> None:
    chance = np.random.default_rng(2)
    latency = chance.uniform(1, 100, (60, 8))
    prefix = np.array([f"10.0.{i}.0/24" for i in range(60)])
    sites = np.array([f"s{i}" for i in range(8)])
    first, _, memory = regrouped(PrefixMap.of_latency(prefix, latency), sites, GroupMemory.begin(), RULE)
    rows, columns = chance.permutation(60)[:50], chance.permutation(8)
    turned = PrefixMap.of_latency(prefix[rows], latency[np.ix_(rows, columns)])
    second, churn, memory = regrouped(turned, sites[columns], memory, RULE)
    assert churn.same == 50
    assert second.group_id[second.group].tolist() == first.group_id[first.group][rows].tolist()
    _, churn, _ = regrouped(PrefixMap.of_latency(prefix, latency), sites, memory, RULE)
    assert (churn.same, churn.fresh) == (50, 10)  # whoever is not given is forgotten


def test_counts_add_up_and_the_memory_is_all() -> None:
    chance = np.random.default_rng(4)
    memory, twin = GroupMemory.begin(), GroupMemory.begin()
    base = chance.uniform(10, 40, (200, 5))
    prefix, sites = np.arange(200), np.arange(5)
    for _ in range(8):
        latency = base + chance.normal(0, 4, base.shape)
        latency[chance.random(latency.shape) < 0.2] = NAN
        given = PrefixMap.of_latency(prefix, latency)
        one_grouping, churn, memory = regrouped(given, sites, memory, RULE)
        two_grouping, _, twin = regrouped(given, sites, twin, RULE)
        assert sum(getattr(churn, name) for name in Churn.__slots__) == 200
        assert one_grouping.group.tolist() == two_grouping.group.tolist()


def test_at_once_is_the_grouping_of_the_paper() -> None:
    chance = np.random.default_rng(6)
    memory = GroupMemory.begin()
    for _ in range(5):
        given = PrefixMap.of_latency(np.arange(100), chance.uniform(1, 50, (100, 5)))
        grouping, _, memory = regrouped(given, np.arange(5), memory, AT_ONCE)
        plain = user_groups(nearest_sites(given), np.arange(5))
        assert grouping.group.tolist() == plain.group.tolist()
        assert grouping.group_id.tolist() == plain.group_id.tolist()


def test_noise_alone_moves_nobody_to_speak_of() -> None:
    """One true ranking, a millisecond of noise: the paper's grouping churns, the rule does not."""
    chance = np.random.default_rng(8)
    base = chance.uniform(5, 60, (2000, 10))
    moved = {}
    for rule in (AT_ONCE, RULE):
        memory, moved[rule] = GroupMemory.begin(), 0
        chance = np.random.default_rng(9)
        for _ in range(10):
            given = PrefixMap.of_latency(np.arange(2000), base + chance.normal(0, 1, base.shape))
            _, churn, memory = regrouped(given, np.arange(10), memory, rule)
            moved[rule] += churn.moved
    assert moved[AT_ONCE] > 3000
    assert moved[RULE] < 0.02 * moved[AT_ONCE]


@pytest.mark.parametrize("name", ["margin_ms", "margin_ratio", "error_count", "run_count"])
def test_numbers_without_meaning(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        ChurnRule(**{name: -1})
    with pytest.raises(UsageError, match=name):
        ChurnRule(**{name: np.nan})


def planetlab() -> np.ndarray:
    """One-way latency [slices, nodes, nodes] of the measured mesh."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("FAIRLEAD_DATA", beside)) / "common" / "planetlab490_rtt_ms.npz"
    if not path.is_file():
        pytest.skip("no measured mesh: set FAIRLEAD_DATA")
    with np.load(path, allow_pickle=False) as stored:
        upper, count = stored["rtt_upper"], int(stored["n"])
    latency = np.zeros((len(upper), count, count))
    source, target = np.triu_indices(count, 1)
    latency[:, source, target] = latency[:, target, source] = upper / 2
    return latency


def test_measured_paths_over_eighteen_slices() -> None:
    latency = planetlab()
    sites = np.arange(0, 490, 15)[:33]  # 33 nodes spread over the list stand for sites, the rest for users
    users = np.setdiff1d(np.arange(490), sites)
    moved = {}
    for rule in (AT_ONCE, ChurnRule()):
        memory, moved[rule] = GroupMemory.begin(), 0
        for slice_ms in latency:
            given = PrefixMap.of_latency(users, slice_ms[np.ix_(users, sites)])
            _, churn, memory = regrouped(given, sites, memory, rule)
            moved[rule] += churn.moved
    assert moved[ChurnRule()] < 0.2 * moved[AT_ONCE]
