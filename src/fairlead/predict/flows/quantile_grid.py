"""A measured quantity as quantiles over a grid of conditions, and what lies between the points of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.quantiles import bilinear_quantiles

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantileGrid:
    """Quantiles of a quantity at every point of a rectangular grid; NaN where nobody measured.

    axes   : coordinates along each axis, ascending
    levels : [levels] ascending in [0, 1]
    values : [*axes, levels] the quantity at most this with that probability
    """

    axes: tuple[Reals, ...]
    levels: Reals
    values: Reals

    def __post_init__(self) -> None:
        assert self.values.shape == (*(len(axis) for axis in self.axes), len(self.levels))

    def quantile(self, place: tuple[Reals, ...], luck: Reals) -> Reals:
        """Linear between the points and between the levels of a grid of two axes: [draws] at ``place``, each [draws].

        Outside the grid its border holds. O(draws * log points).
        """
        assert len(self.axes) == len(place) == 2
        found: Reals = bilinear_quantiles(*self.axes, self.levels, self.values, *place, luck)
        return found

    def nearest_level(self, luck: Reals) -> Rows:
        """[draws] the level next to each luck: every level stands for the part of the distribution around it."""
        middle = (self.levels[1:] + self.levels[:-1]) / 2
        found: Rows = np.searchsorted(middle, luck)
        return found


def neighbours(axis: Reals, at: Reals) -> tuple[Rows, Reals]:
    """The point of an axis at or below each coordinate, and the share of the way to the next one, in [0, 1]."""
    low = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, max(len(axis) - 2, 0))
    if len(axis) == 1:
        return low, np.zeros(len(at))
    share = (at - axis[low]) / (axis[low + 1] - axis[low])
    return low, np.clip(share, 0.0, 1.0)


def grid(columns: Mapping[str, Reals], axes: tuple[str, ...], value: str) -> QuantileGrid:
    """The grid that long-form rows describe: ``level_ratio``, the named axes and the value, each [rows].

    A point may have its own levels; they are read at the levels of all points together. O(rows log rows).
    """
    coordinates = [np.unique(columns[axis], return_inverse=True) for axis in axes]
    levels = np.unique(columns["level_ratio"])
    shape = tuple(len(points) for points, _ in coordinates)
    cell = np.ravel_multi_index([place for _, place in coordinates], shape)
    order = np.lexsort((columns["level_ratio"], cell))
    values = np.full((int(np.prod(shape)), len(levels)), np.nan)
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        values[cell[rows[0]]] = np.interp(levels, columns["level_ratio"][rows], columns[value][rows])
    return QuantileGrid(
        axes=tuple(points.astype(np.float64) for points, _ in coordinates),
        levels=levels.astype(np.float64),
        values=values.reshape(*shape, len(levels)),
    )
