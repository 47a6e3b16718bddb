"""One choice among many next hops: exact shares, and which flows move when the choice changes."""

from __future__ import annotations

import numpy as np
import pytest
from ladders_small import routing
from scipy.stats import chisquare

from fairlead.kernels.ecmp import Ladder, ladder
from fairlead.kernels.ecmp_ways import Ways, draw_ways, ends, room

COUNT = 30_000
KEYS = np.random.default_rng(3).integers(0, 2**64, COUNT, dtype=np.uint64)


def fan(width: int) -> Ladder:
    """A t0 (0) linked to ``width`` t1s, each linked to another t0 (1); links in this order, then a server's on each."""
    middle = np.arange(2, 2 + width, dtype=np.int32)
    source = np.concatenate([np.zeros(width), middle, [-1, 1]]).astype(np.int32)
    target = np.concatenate([middle, np.ones(width), [0, -1]]).astype(np.int32)
    return ladder(np.array([1, 1, *[2] * width], np.int8), source, target)


def drawn(width: int, weight: list[float], alive: list[bool] | None = None) -> tuple[np.ndarray, Ways]:
    """The next hop of each flow from t0 0 to t0 1."""
    rungs = fan(width)
    worth, up = np.ones(2 * width + 2), np.ones(2 * width + 2, bool)
    worth[:width], up[:width] = weight, True if alive is None else alive
    same = np.full(COUNT, 2 * width)
    ways = draw_ways(
        rungs,
        routing(rungs, up, worth),
        ends(*(part.astype(np.int32) for part in (same, same + 1, same * 0 + 1)), KEYS),
    )
    return ways.links[:, 1], ways


@pytest.mark.parametrize(
    "weight", [[1.0] * 5, [1.0, 2.0, 3.0, 0.5, 10.0], [2.0, 2.0, 1.0, 2.0, 2.0], [1e-3, 1.0, 1.0, 1.0, 1.0]]
)
def test_share_is_the_weight(weight: list[float]) -> None:
    chosen, ways = drawn(5, weight)
    assert (ways.length == 4).all()
    counts = np.bincount(chosen, minlength=5)
    assert chisquare(counts, COUNT * np.array(weight) / sum(weight)).pvalue > 0.001


def test_only_ratios_count_and_the_short_cut_is_the_rule() -> None:
    """Equal weights are drawn without logarithms: the same as with them, and whatever the weights are."""
    equal = drawn(5, [1.0] * 5)[0]
    assert (drawn(5, [7.5] * 5)[0] == equal).all()
    nearly = drawn(5, [1.0, 1.0, 1.0, 1.0, 1.0 + 1e-12])[0]
    assert (nearly == equal).all()
    assert (drawn(5, [2.0, 1.0, 3.0, 1.0, 1.0])[0] == drawn(5, [4.0, 2.0, 6.0, 2.0, 2.0])[0]).all()


def test_a_weight_moves_flows_one_way_only() -> None:
    before, after = drawn(5, [1.0] * 5)[0], drawn(5, [1.0, 1.0, 2.0, 1.0, 1.0])[0]
    moved = before != after
    assert (after[moved] == 2).all()
    assert moved.mean() == pytest.approx(2 / 6 - 1 / 5, abs=0.01)  # no more than the shares ask for


def test_a_loss_moves_only_its_own() -> None:
    before = drawn(5, [1.0, 2.0, 3.0, 1.0, 1.0])[0]
    after = drawn(5, [1.0, 2.0, 3.0, 1.0, 1.0], [True, True, False, True, True])[0]
    assert ((before != after) == (before == 2)).all()
    assert (drawn(5, [1.0, 2.0, 0.0, 1.0, 1.0])[0] == after).all()  # weight 0 is as good as gone


def test_weight_zero_everywhere_is_no_way() -> None:
    _, ways = drawn(3, [0.0] * 3)
    assert (ways.length == -1).all()
    assert (ways.links == -1).all()
    assert (drawn(3, [0.0, 1.0, 0.0])[0] == 1).all()


def test_room_is_the_widest_switch() -> None:
    assert room(fan(7)) == 7
