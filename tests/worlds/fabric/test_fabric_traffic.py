"""Demands: Poisson arrivals, sizes and pairs as the tables say, pinned flows, the same for every state."""

import numpy as np
import pytest
from scipy import stats

from fairlead.model import Arrivals, Flows, FlowSizes, Pairs, UsageError, apply_edits
from fairlead.worlds.fabric import cut_link, figure_1, trace


def test_arrivals_are_poisson() -> None:
    flows = trace(figure_1(100.0), 3, 200.0)
    gaps = np.diff(flows.start_s)
    assert stats.kstest(gaps, "expon", args=(0, 0.01)).pvalue > 1e-3
    counts = [len(trace(figure_1(5.0), seed, 10.0).start_s) for seed in range(300)]
    assert np.var(counts) / np.mean(counts) == pytest.approx(1.0, abs=0.3)


def test_sizes_follow_the_distribution() -> None:
    snapshot = figure_1()
    flows, table = trace(snapshot, 1, 300.0), snapshot[FlowSizes]
    shares = [(flows.size_bytes <= size).mean() for size in table.size_bytes]
    assert np.allclose(shares, table.cdf_ratio, atol=0.01)
    assert flows.size_bytes.min() >= 1
    # straight lines between the points: the mean is that of the middles of the pieces
    middle = (table.size_bytes[1:] + table.size_bytes[:-1]) / 2
    assert flows.size_bytes.mean() == pytest.approx(float(middle @ np.diff(table.cdf_ratio)), rel=0.03)


def test_pairs_are_all_alike_where_nothing_is_said() -> None:
    flows = trace(figure_1(), 2, 300.0)
    counts = np.zeros((8, 8))
    np.add.at(counts, (flows.source, flows.target), 1)
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(8, dtype=bool)]
    assert stats.chisquare(others).pvalue > 1e-3


def test_pairs_in_proportion_to_their_probability() -> None:
    pairs = Pairs.of(source=[0, 1, 2], target=[1, 2, 0], probability=[3.0, 0.0, 1.0])
    flows = trace(figure_1().replaced(pairs), 2, 100.0)
    assert set(flows.source) == {0, 2}
    assert (flows.source == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert set(flows.target[flows.source == 2]) == {0}


def test_pinned_flows_are_taken_as_they_are_in_order() -> None:
    pinned = Flows.of(start_s=[3.0, 1.0, 9.0], source=[0, 1, 2], target=[1, 2, 3], size_bytes=[10.0, 20.0, 30.0])
    flows = trace(figure_1().replaced(pinned), 5, 8.0)
    assert flows.start_s.tolist() == [1.0, 3.0]
    assert flows.size_bytes.tolist() == [20.0, 10.0]
    assert flows.source.tolist() == [1, 0]


def test_the_same_seed_gives_the_same_demand_whatever_failed() -> None:
    healthy = figure_1()
    broken = apply_edits(healthy, cut_link(healthy, "C0", "B0"))
    first, second, third = trace(healthy, 7, 20.0), trace(broken, 7, 20.0), trace(healthy, 8, 20.0)
    for name in ("start_s", "source", "target", "size_bytes"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert not np.array_equal(first.start_s, third.start_s)


@pytest.mark.parametrize("kind", [Arrivals, FlowSizes])
def test_without_traffic_there_is_nothing_to_draw(kind: type) -> None:
    empty = kind.of(**dict.fromkeys(kind.declared(), ()))
    with pytest.raises(UsageError, match="traffic"):
        trace(figure_1().replaced(empty), 0, 1.0)
