"""Flights: losses against packets drawn one by one, round trips with queues, what is let through."""

import numpy as np
import pytest
from scipy import stats

from fairlead.worlds.fabric.chance import streams
from fairlead.worlds.fabric.connection import unstarted
from fairlead.worlds.fabric.flights import come_back, look, losses, set_out
from fairlead.worlds.fabric.queues import empty_queues


def flow(seed: int = 0) -> np.ndarray:
    flows = unstarted(np.array([1e6]), streams(np.uint64(seed), 1))
    flows["there"], flows["back"], flows["clocked"] = -1, -1, True
    return flows


def by_packet(lost: np.ndarray, covered: int) -> tuple[int, int, int]:
    """What ``losses`` returns, from a flag a packet."""
    sent = len(lost)
    arrived = np.flatnonzero(~lost)
    tail = sent - 1 - int(arrived[-1]) if len(arrived) else sent
    counted = [place for place in np.flatnonzero(lost) if covered <= place < sent - tail]
    return int(lost.sum()), tail, int(counted[0]) if counted else -1


@pytest.mark.parametrize(("sent", "drop", "covered"), [(5, 0.3, 0), (5, 0.3, 2), (40, 0.02, 10), (3, 0.7, 1)])
def test_losses_are_those_of_packets_drawn_one_by_one(sent: int, drop: float, covered: int) -> None:
    flows, chance, count = flow(), np.random.default_rng(1), 4_000
    flows["sent"] = sent
    kinds: dict[tuple[int, int, int], list[int]] = {}
    for _ in range(count):
        kinds.setdefault(losses(flows[0], drop, covered), [0, 0])[0] += 1
        kinds.setdefault(by_packet(chance.random(sent) < drop, covered), [0, 0])[1] += 1
    table = np.array([pair for pair in kinds.values() if sum(pair) >= 20]).T
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_nothing_or_everything_is_lost() -> None:
    flows = flow()
    flows["sent"] = 7
    assert losses(flows[0], 0.0, 0) == (0, 0, -1)
    assert losses(flows[0], 1.0, 0) == (7, 7, -1)


def test_a_round_trip_waits_in_queues_and_pays_for_what_is_refused() -> None:
    queues = empty_queues(np.array([12.0, 6.0]), np.array([np.nan, 3000.0]))  # 1000 and 500 packets a second
    flows = flow()
    flows["there"][0, :2] = (0, 1)
    queues["held"] = (1500.0, 0.0)
    assert look(queues, flows["there"][0], 0.0) == pytest.approx((1e-3, 0.0))
    flows["trip_s"] = 0.01
    set_out(queues, flows[0], 20, True, 0.0)  # 2000 packets a second
    assert flows["rate"][0, 0] == pytest.approx(2000 * 1500.0)
    assert flows["rate"][0, 1] == pytest.approx(1000 * 1500.0)  # the first link lets half through
    refused = come_back(queues, flows[0], 0.01)
    # the second queue (2 packets) fills at 500 packets a second: full after 4 ms, then refuses a half
    assert refused == pytest.approx(0.5 * 0.6)
    assert queues["arriving"].tolist() == [0.0, 0.0]
    assert queues["users"].tolist() == [0, 0]


def test_pace_limits_a_flight() -> None:
    queues, flows = empty_queues(np.array([100.0]), np.array([np.nan])), flow()
    flows["there"][0, 0], flows["trip_s"], flows["pace"] = 0, 0.01, 1500.0 * 700
    set_out(queues, flows[0], 100, True, 0.0)
    assert flows["sent"][0] == 7


@pytest.mark.parametrize(("safe", "fault"), [(0, 0.0), (4, 0.0), (4, 0.2), (9, 0.2)])
def test_what_leaves_together_loses_behind_the_safe_ones(safe: int, fault: float) -> None:
    flows, chance, count, refused = flow(), np.random.default_rng(2), 4_000, 0.4
    flows["sent"], flows["safe"], flows["clocked"], flows["there_drop"] = 9, safe, False, fault
    drop = np.where(np.arange(9) < safe, fault, 1 - (1 - fault) * (1 - refused))
    kinds: dict[tuple[int, int, int], list[int]] = {}
    for _ in range(count):
        kinds.setdefault(losses(flows[0], refused, 0), [0, 0])[0] += 1
        kinds.setdefault(by_packet(chance.random(9) < drop, 0), [0, 0])[1] += 1
    table = np.array([pair for pair in kinds.values() if sum(pair) >= 20]).T
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_what_leaves_together_fills_queues_at_once_and_is_refused_by_the_full_one() -> None:
    queues, flows = empty_queues(np.array([120.0, 120.0]), np.array([np.nan, 15_000.0])), flow()
    flows["there"][0, :2], flows["trip_s"], flows["slot_s"] = (0, 1), 0.01, 1e-4
    queues["held"][1] = 15_000.0
    queues["arriving"][1] = queues["capacity"][1]  # as much comes as leaves
    set_out(queues, flows[0], 400, False, 0.0)
    assert queues["held"][0] == 100 * 1500.0  # all that it holds; in 40 ms it sends what came
    assert flows["safe"][0] <= 10  # no more than the second one holds at all
    assert come_back(queues, flows[0], 0.01) == pytest.approx(0.5, abs=0.01)
    assert queues["arriving"][0] == 0.0
