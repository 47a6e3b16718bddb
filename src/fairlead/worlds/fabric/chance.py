"""Chance that belongs to a flow: numbers that follow from a seed and a place alone, not from what was drawn before.

States of one network are compared on the same luck: a flow meets the same numbers whatever other flows do. SplitMix64
(Steele, Lea and Flood 2014) both as a generator and as the hash of a key.
"""

from __future__ import annotations

import numba
import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_TO_UNIT = 1.0 / (1 << 52)  # with 53 bits the largest word would round to 1


@numba.njit(cache=True, nogil=True)
def mixed(word):  # type: ignore[no-untyped-def]  # compiled
    """The word with every bit spread over all: the finaliser of SplitMix64."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@numba.njit(cache=True, nogil=True)
def key(first, second):  # type: ignore[no-untyped-def]
    """One word of two; order matters."""
    return mixed(mixed(first + _STEP) ^ (second * _STEP + _MIX_2))


@numba.njit(cache=True, nogil=True)
def unit(word):  # type: ignore[no-untyped-def]
    """A number in (0, 1) of a word."""
    return ((word >> _S12) + 0.5) * _TO_UNIT


@numba.njit(cache=True, nogil=True)
def drawn(flow):  # type: ignore[no-untyped-def]  # a record
    """The next number in (0, 1) of a flow's own ``stream``; moves the stream on."""
    flow.stream += _STEP
    return unit(mixed(flow.stream))


@numba.njit(cache=True, nogil=True)
def streams(seed, count):  # type: ignore[no-untyped-def]
    """[count] one stream a row."""
    begun = np.empty(count, np.uint64)
    for row in range(count):
        begun[row] = key(seed, np.uint64(row))
    return begun
