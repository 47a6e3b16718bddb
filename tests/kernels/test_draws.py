"""Numbers from a hash: uniform, independent of the place and of each other, the same each time."""

from __future__ import annotations

import numpy as np
from scipy.stats import chisquare, kstest

from fairlead.kernels.draws import chance, chances, mixed, mixed_keys

KEYS = np.random.default_rng(1).integers(0, 2**64, 20_000, dtype=np.uint64)
_GOLDEN = 0x9E3779B97F4A7C15


def splitmix(state: int) -> int:
    """SplitMix64's next output, as its authors wrote it."""
    mask = 2**64 - 1
    bits = (state + _GOLDEN) & mask
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
    return bits ^ (bits >> 31)


def test_place_is_the_step_of_the_generator() -> None:
    assert splitmix(0) == 0xE220A8397B1DCDAF  # the published first output for seed 0
    for key in (0, 1, 2**63, 2**64 - 1):
        for place in (0, 1, 7, 1 << 41):
            assert mixed(np.uint64(key), place) == splitmix((key + _GOLDEN * place) % 2**64)


def test_uniform_at_every_place() -> None:
    for place in (0, 1, 2, 1 << 41):
        assert kstest(chances(KEYS, place), "uniform").pvalue > 0.001
    neighbours = np.arange(20_000, dtype=np.uint64)
    assert kstest(chances(neighbours, 3), "uniform").pvalue > 0.001
    assert chances(KEYS, 0).min() > 0
    assert chances(KEYS, 0).max() < 1


def test_places_and_neighbouring_keys_are_independent() -> None:
    for one, other in (
        (chances(KEYS, 0), chances(KEYS, 1)),
        (chances(KEYS, 5), chances(KEYS + np.uint64(1), 5)),
        (chances(mixed_keys(KEYS, 0), 9), chances(mixed_keys(KEYS, 1), 9)),
    ):
        cells = np.histogram2d(one, other, bins=8, range=((0, 1), (0, 1)))[0]
        assert chisquare(cells.ravel()).pvalue > 0.001


def test_rows_are_single_draws() -> None:
    locked = KEYS[:50].copy()
    locked.flags.writeable = False
    assert chances(locked[::2], 4).tolist() == [chance(key, 4) for key in locked[::2]]
    assert mixed_keys(locked, 4).tolist() == [mixed(key, 4) for key in locked]
    assert len(chances(KEYS[:0], 0)) == 0
