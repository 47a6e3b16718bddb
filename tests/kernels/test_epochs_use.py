"""What happens within epochs, against the same rules written out plainly: lists, a new ledger every epoch."""

from __future__ import annotations

import numpy as np
import pytest
from water_small import Problem, naive_rates

from fairlead.kernels.epochs import epochs
from fairlead.kernels.epochs_active import BYTES_PER_MBIT, EXACT
from fairlead.kernels.epochs_use import ALIKE, Pull


class Ledger:
    """Links within an epoch: each flow is on the list of each of its links, and the fastest of a link are counted."""

    def __init__(self, capacity: np.ndarray) -> None:
        self.capacity, self.flows = capacity.tolist(), [0] * len(capacity)
        self.free = dict(enumerate(self.capacity))
        self.top = dict.fromkeys(self.free, 0.0)
        self.count = dict.fromkeys(self.free, 0)

    def put(self, link: int, rate: float, squeezed: bool) -> None:
        if squeezed:
            self.top[link], self.count[link] = rate, self.count[link] + 1
        elif rate > self.top[link] * (1 + ALIKE):
            self.top[link], self.count[link] = rate, 1
        elif rate >= self.top[link] * (1 - ALIKE):
            self.top[link], self.count[link] = max(rate, self.top[link]), self.count[link] + 1

    def offer(self, link: int) -> float:
        free = max(self.free[link], 0.0)
        among_the_fastest = (self.count[link] * self.top[link] + free) / (self.count[link] + 1)
        return max(free, among_the_fastest if self.count[link] else self.capacity[link] / (self.flows[link] + 1))

    def let_in(self, way: list[int], rate: float) -> None:
        for link in way:
            self.flows[link] += 1
            self.put(link, rate, squeezed=rate > self.free[link])
            self.free[link] -= rate

    def let_go(self, way: list[int], rate: float) -> None:
        for link in way:
            self.flows[link] -= 1
            self.free[link] += rate
            if rate >= self.top[link] * (1 - ALIKE):
                self.count[link] = max(self.count[link] - 1, 0)


def plainly(
    problem: Problem, enter: np.ndarray, size: np.ndarray, until_s: float, epoch_s: float
) -> tuple[np.ndarray, int]:
    """Finish of each flow by epochs of one length, and how many epochs."""
    links, capacity, ceiling = problem
    ways = [row[row >= 0].tolist() for row in links]
    finish, left, now, count = np.full(len(size), np.nan), size.copy(), 0.0, 0
    while now < until_s:
        under = [f for f in range(len(size)) if enter[f] <= now and np.isnan(finish[f])]
        later = enter[enter > now]
        if not under:
            now = min(later.min(initial=np.inf), until_s)
            continue
        count, end, ledger = count + 1, min(now + epoch_s, until_s), Ledger(capacity)
        rate = dict(zip(under, naive_rates(links[under], capacity, ceiling[under]).tolist(), strict=True))
        since = dict.fromkeys(under, now)
        for f in under:
            for link in ways[f]:
                ledger.put(link, rate[f], squeezed=False)
                ledger.flows[link] += 1
                ledger.free[link] -= rate[f]
        ledger.free = {link: max(free, 0.0) for link, free in ledger.free.items()}
        goes = {f: now + left[f] / (rate[f] * BYTES_PER_MBIT) for f in under}
        gone = set()
        for arrival in [*np.flatnonzero((enter > now) & (enter < end)).tolist(), None]:
            time = end if arrival is None else enter[arrival]
            for f in sorted(goes, key=lambda f: goes[f]):
                if goes[f] <= time and f not in gone:
                    ledger.let_go(ways[f], rate[f])
                    gone.add(f)
            if arrival is not None:
                rate[arrival] = min([ceiling[arrival], *(ledger.offer(link) for link in ways[arrival])])
                ledger.let_in(ways[arrival], rate[arrival])
                since[arrival] = time
                goes[arrival] = time + left[arrival] / (rate[arrival] * BYTES_PER_MBIT)
        for f, time in goes.items():
            if time <= end:
                finish[f] = time
            else:
                left[f] -= rate[f] * BYTES_PER_MBIT * (end - since[f])
        now = end
    return finish, count


@pytest.mark.parametrize(("seed", "load"), [(1, 0.5), (2, 0.5), (3, 1.5), (4, 4.0)])
def test_as_written_out_plainly(seed: int, load: float) -> None:
    """300 flows over 5 links; at the highest load more of them than there is room for at first."""
    chance = np.random.default_rng(seed)
    count, capacity = 300, np.array([100.0, 100.0, 50.0, 200.0, 80.0])
    links = np.argsort(chance.random((count, 5)), axis=1)[:, :3].astype(np.int32)
    links[chance.random(count) < 0.4, 2] = -1
    ceiling = np.where(chance.random(count) < 0.2, chance.uniform(1, 40, count), np.inf)
    size = chance.exponential(0.5e6, count)
    enter = np.cumsum(chance.exponential(4.0 * 3 / 500 / load, count))
    found = epochs(
        *(links, enter, size, ceiling, capacity),
        begin_s=0.0,
        until_s=60.0,
        epoch_s=0.4,
        turnover_ratio=np.inf,
        bits=EXACT,
    )
    finish, epoch_count = plainly((links, capacity, ceiling), enter, size, 60.0, 0.4)
    assert found.epoch_count == epoch_count > 5
    assert found.finish_s == pytest.approx(finish, rel=1e-6)


ONE_LINK, TWO_LINKS = [0, -1], [0, 1]


def passed(links: list[list[int]], enter: list[float], size: list[float], pull: Pull, turnover: float) -> np.ndarray:
    """Finish of flows that meet on a link of 80 and one of 10 Mbit/s."""
    found = epochs(
        *(np.array(links, np.int32), np.array(enter), np.array(size) * BYTES_PER_MBIT, np.full(len(links), np.inf)),
        np.array([80.0, 10.0]),
        begin_s=0.0,
        until_s=1e3,
        epoch_s=np.inf,
        turnover_ratio=turnover,
        bits=EXACT,
        pull=pull,
    )
    return found.finish_s


def pulls(base_ms: list[float], full_ms: tuple[float, float] = (0.0, 0.0), power: float = -1.0) -> Pull:
    return Pull(np.array(base_ms), np.array(full_ms), np.array([0.0, 0.5, 1.0]), power)


@pytest.mark.parametrize("turnover", [0.0, np.inf])
def test_shares_go_with_the_inverse_of_the_round_trip(turnover: float) -> None:
    """1 and 3 ms: 60 and 20 of 80 Mbit/s, whether they begin together or the second within the epoch of the first."""
    together = passed([ONE_LINK] * 2, [0.0, 0.0], [60.0, 100.0], pulls([1.0, 3.0]), turnover)
    assert together[0] == pytest.approx(1.0)
    assert together[1] == pytest.approx(2.0 if turnover == 0 else 5.0), "in a longer epoch it keeps its rate"
    later = passed([ONE_LINK] * 2, [0.0, 0.5], [100.0, 10.0], pulls([1.0, 3.0]), 0.0)
    assert later[1] == pytest.approx(0.5 + 10.0 / 20.0)
    equal = passed([ONE_LINK] * 2, [0.0, 0.0], [40.0, 40.0], pulls([1.0, 3.0], power=0.0), turnover)
    assert equal == pytest.approx([1.0, 1.0])


def test_a_full_queue_counts_from_the_next_epoch_on() -> None:
    """The way of the first leads through both links; the queue of the second, once full, makes its round trip 3 ms.

    Both links are full from the start: the first flow has all of the narrow one, the others 35 each. When the small
    one has left, the first weighs 1/(2 + 0.5 x 4) on the wide link against 1/2, but is held by the narrow link as ever.
    """
    flows = [TWO_LINKS, ONE_LINK, ONE_LINK]
    found = passed(flows, [0.0] * 3, [30.0, 35.0, 105.0], pulls([2.0] * 3, (0.0, 4.0)), 0.0)
    assert found == pytest.approx([3.0, 1.0, 2.0])
    # two on the narrow link, one of which has another, wide, full one: 1 / (1 + 1) against 1 / (1 + 1 + 2)
    flows = [TWO_LINKS, [1, -1], ONE_LINK, ONE_LINK]
    before = passed(flows, [0.0] * 4, [1e3, 1e3, 37.5 * 1e3, 37.5], pulls([1.0] * 4, (2.0, 1.0)), 0.0)
    assert before[3] == pytest.approx(1.0), "5, 5 and 37.5 each at first: nobody has heard of a queue"
    after_mbit = 1e3 - 5.0
    share = 10.0 * (1 / (1 + 2 + 1)) / (1 / (1 + 2 + 1) + 1 / (1 + 1))
    assert before[0] > before[1]
    assert before[1] == pytest.approx(1.0 + after_mbit / (10.0 - share), rel=1e-6)


def test_a_probe_sees_the_fastest_of_a_link() -> None:
    """Two flows of 3 ms and one of 1 ms on 80 Mbit/s: 16, 16 and 48; a level of 48 for a weight of 1."""
    links = np.array([[0, -1]] * 3 + [[0, 1]], np.int32)
    found = epochs(
        *(links, np.array([0.0, 0.0, 0.0, 2.0]), np.full(4, 1e9), np.array([np.inf] * 3 + [5.0])),
        np.array([80.0, 10.0]),
        begin_s=0.0,
        until_s=3.0,
        epoch_s=np.inf,
        turnover_ratio=0.0,
        bits=EXACT,
        pull=pulls([3.0, 3.0, 1.0, 1.0]),
        probe_links=np.array([[0, 1], [0, 1], [-1, 0]], np.int32),
        probe_s=np.array([1.0, 2.5, 2.5]),
    )
    assert found.level_mbps[0] == pytest.approx([48.0, np.inf])
    assert found.level_mbps[1] == pytest.approx([45.0, 5.0])
    assert found.level_mbps[2] == pytest.approx([np.inf, 45.0])
    assert found.flow_count.tolist() == [[3, 0], [4, 1], [-1, 4]]
