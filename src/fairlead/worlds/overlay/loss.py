"""How packet loss becomes failed relay streams (Sentry, Eq. 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOSSLESS_UP_TO_RATIO = 0.132
"""Up to this loss every stream succeeds (Eq. 2, first branch)."""

FAILS_ABOVE_RATIO = 0.14 / 1.06
"""Above this loss the clipped Eq. (2) is really below 1: its second branch is above 1 between 0.132 and 0.13208."""


def success_ratio(loss_ratio: ArrayLike) -> NDArray[np.float64]:
    """Share of streams that succeed at a packet loss, same shape as ``loss_ratio``, in [0, 1] (Sentry, Eq. 2).

    Departs: clipped to [0, 1], for the printed fit gives 1.00008 just above a loss of 0.132. Its step at 0.5, from
    0.61 to 0.60, is kept. A loss outside [0, 1] or not a number is our own mistake.
    """
    loss = np.asarray(loss_ratio, dtype=np.float64)
    assert bool(np.all((loss >= 0) & (loss <= 1))), "loss is a ratio"
    fitted = np.where(loss <= 0.5, -1.06 * loss + 1.14, -1.2 * loss + 1.2)
    return np.clip(np.where(loss <= LOSSLESS_UP_TO_RATIO, 1.0, fitted), 0.0, 1.0)


def failed_counts(stream_count: ArrayLike, loss_ratio: ArrayLike) -> NDArray[np.int32]:
    """Failed streams out of ``stream_count`` at ``loss_ratio``: ``round(n (1 - y))``; the shapes broadcast.

    Rounded like ``numpy.rint``: halves go to the even neighbour. No chance is involved; the paper does not say how a
    rate becomes a count, and this reading reproduces the figures of its HeuristicOffline (see :mod:`paper`).
    """
    return np.rint(np.asarray(stream_count) * (1.0 - success_ratio(loss_ratio))).astype(np.int32)


def failing_loss(chance: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.float32]:
    """Losses of failing paths, uniform over (0.132, 1] as in Sentry 4.1.1.

    Departs: starts at 0.13208, where Eq. (2) falls below 1, so that a failing path always has a success rate below 1.
    """
    drawn = chance.uniform(FAILS_ABOVE_RATIO, 1.0, shape).astype(np.float32)
    smallest = np.nextafter(np.float32(FAILS_ABOVE_RATIO), np.float32(1))  # in float32, above the limit
    return np.maximum(drawn, smallest)
