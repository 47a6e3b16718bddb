"""A flow's own chance: the published generator, uniform, independent of the neighbours."""

import numpy as np
from scipy import stats

from fairlead.worlds.fabric.chance import drawn, key, streams, unit

RECORD = np.dtype([("stream", "u8")])
_MASK = 2**64 - 1


def splitmix(state: int) -> tuple[int, int]:
    """SplitMix64 as published, in plain integers: (next state, word)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, word ^ (word >> 31)


def test_streams_are_splitmix64() -> None:
    assert splitmix(0)[1] == 0xE220A8397B1DCDAF  # the first word of seed 0, as published
    row, state = np.zeros(1, RECORD), 0
    for _ in range(5):
        state, word = splitmix(state)
        assert drawn(row[0]) == ((word >> 12) + 0.5) / 2**52


def test_numbers_are_uniform_along_a_stream_and_across_flows() -> None:
    rows = np.zeros(5_000, RECORD)
    rows["stream"] = streams(np.uint64(3), len(rows))
    across = np.array([drawn(row) for row in rows])
    along = np.array([drawn(rows[0]) for _ in range(5_000)])
    for numbers in (across, along):
        assert stats.kstest(numbers, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.06


def test_keys_tell_order_and_neighbours_apart() -> None:
    words = {int(key(np.uint64(a), np.uint64(b))) for a in range(100) for b in range(100)}
    assert len(words) == 10_000
    assert 0.0 < unit(np.uint64(0)) < unit(np.uint64(_MASK)) < 1.0
