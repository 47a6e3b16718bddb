"""Quantile grids: what is linear is exact between the points, and the border holds outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.predict.flows.quantile_grid import QuantileGrid, grid, neighbours

ONE, TWO = np.array([0.0, 1.0, 4.0]), np.array([-2.0, 3.0])
LEVELS = np.array([0.1, 0.5, 0.9])


def plane(one: np.ndarray, two: np.ndarray, level: np.ndarray) -> np.ndarray:
    return 1 + 2 * one - 3 * two + 5 * level + one * two * level


PLANE = QuantileGrid(axes=(ONE, TWO), levels=LEVELS, values=plane(*np.meshgrid(ONE, TWO, LEVELS, indexing="ij")))


@given(st.lists(st.tuples(st.floats(-1, 5), st.floats(-3, 4), st.floats(0, 1)), min_size=1))
def test_multilinear_is_exact_inside_and_held_outside(draws: list[tuple[float, float, float]]) -> None:
    one, two, luck = np.array(draws).T
    held = plane(np.clip(one, 0, 4), np.clip(two, -2, 3), np.clip(luck, 0.1, 0.9))
    assert PLANE.quantile((one, two), luck) == pytest.approx(held, abs=1e-9)


def test_one_point_is_the_same_everywhere() -> None:
    alone = np.array([2.0])
    lone = QuantileGrid(axes=(alone, alone), levels=np.array([0.5]), values=np.array([[[7.0]]]))
    places = np.array([0.0, 2.0, 9.0])
    assert lone.quantile((places, places), np.array([0.0, 0.5, 1.0])).tolist() == [7.0] * 3
    assert lone.nearest_level(np.array([0.0, 1.0])).tolist() == [0, 0]


def test_levels_stand_for_what_is_nearest() -> None:
    assert PLANE.nearest_level(np.array([0.0, 0.29, 0.31, 0.69, 0.71, 1.0])).tolist() == [0, 0, 1, 1, 2, 2]


def test_neighbours_share_the_way() -> None:
    low, share = neighbours(ONE, np.array([-1.0, 0.25, 1.0, 3.25, 9.0]))
    assert low.tolist() == [0, 0, 1, 1, 1]
    assert share.tolist() == [0.0, 0.25, 0.0, 0.75, 1.0]


def test_rows_in_any_order_with_levels_of_their_own() -> None:
    """Points that lack a level get it from their others; points that were not measured are NaN."""
    rows = {
        "x": np.array([1.0, 0.0, 1.0, 0.0, 0.0]),
        "y": np.array([5.0, 5.0, 5.0, 5.0, 6.0]),
        "level_ratio": np.array([1.0, 0.5, 0.0, 0.0, 0.5]),
        "value": np.array([30.0, 4.0, 10.0, 2.0, 9.0]),
    }
    found = grid(rows, ("x", "y"), "value")
    assert [axis.tolist() for axis in found.axes] == [[0.0, 1.0], [5.0, 6.0]]
    assert found.levels.tolist() == [0.0, 0.5, 1.0]
    assert found.values[0, 0].tolist() == [2.0, 4.0, 4.0]
    assert found.values[1, 0].tolist() == [10.0, 20.0, 30.0]
    assert found.values[0, 1].tolist() == [9.0, 9.0, 9.0]
    assert np.isnan(found.values[1, 1]).all()
