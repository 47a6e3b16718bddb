"""Tables of quantiles between their points: against scipy's interpolation on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from fairlead.kernels.quantiles import bilinear_quantiles


@given(st.integers(1, 5), st.integers(1, 4), st.integers(2, 6), st.integers(0, 99))
def test_as_scipy_interpolates(ones: int, others: int, levels: int, seed: int) -> None:
    """Inside the grid, on its points, and clipped to its border outside; axes of one point included."""
    chance = np.random.default_rng(seed)
    axes = [np.cumsum(chance.random(count) + 0.1) for count in (ones, others, levels)]
    values = chance.normal(size=(ones, others, levels))
    places = [np.concatenate([axis, chance.uniform(axis[0] - 1, axis[-1] + 1, 20)]) for axis in axes]
    count = min(len(place) for place in places)
    places = [place[-count:] for place in places]
    wide = [axis if len(axis) > 1 else np.array([axis[0], axis[0] + 1]) for axis in axes]
    filled = np.pad(values, [(0, len(w) - len(a)) for w, a in zip(wide, axes, strict=True)], mode="edge")
    inside = np.stack([np.clip(p, a[0], a[-1]) for p, a in zip(places, axes, strict=True)], axis=1)
    expected = RegularGridInterpolator(wide, filled)(inside)
    assert bilinear_quantiles(*axes, values, *places) == pytest.approx(expected, abs=1e-12)


def test_strided_and_locked_arguments() -> None:
    table = np.arange(8.0).reshape(2, 2, 2)
    axis = np.array([0.0, 1.0])
    places = np.repeat([[0.0, 0.5, 1.0]], 3, axis=0).T
    for array in (table, axis, places):
        array.flags.writeable = False
    found = bilinear_quantiles(axis, axis, axis, table, places[:, 0], places[:, 1], places[:, 2])
    assert found.tolist() == [0.0, 3.5, 7.0]
    assert len(bilinear_quantiles(axis, axis, axis, table, places[:0, 0], places[:0, 1], places[:0, 2])) == 0
