"""Chance as a function: numbers that follow from a key and a place alone, so what is drawn first changes nothing.

A generator hands out its numbers in order: where one network state asks once more than another, everything after it
differs. A hash of (key, place) does not: two states that ask the same question get the same answer, which is what
common random numbers need. The mixing is the finaliser of SplitMix64 (Steele, Lea, Flood 2014; variant 13 of Stafford).
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit, types, uint64
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Keys = NDArray[np.uint64]

_KEYS = types.Array(uint64, 1, "A", readonly=True)
_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring places land far apart
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


@njit(uint64(uint64, int64), cache=True, nogil=True)
def mixed(key, place):  # type: ignore[no-untyped-def]  # compiled; the signature above is its type
    """64 bits that follow from a key and a place >= 0; a bijection of the key for a fixed place."""
    bits = key + _STEP * np.uint64(place + 1)
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


@njit(float64(uint64, int64), cache=True, nogil=True)
def chance(key, place):  # type: ignore[no-untyped-def]
    """A number in (0, 1) that follows from a key and a place."""
    return (np.float64(mixed(key, place) >> np.uint64(11)) + 0.5) * _UNIT


@njit(uint64[::1](_KEYS, int64), cache=True, nogil=True)
def mixed_keys(keys, place):  # type: ignore[no-untyped-def]
    """``mixed`` of each key: [keys]."""
    found = np.empty(len(keys), np.uint64)
    for row in range(len(keys)):
        found[row] = mixed(keys[row], place)
    return found


@njit(float64[::1](_KEYS, int64), cache=True, nogil=True)
def chances(keys, place):  # type: ignore[no-untyped-def]
    """``chance`` of each key: [keys]."""
    found = np.empty(len(keys), np.float64)
    for row in range(len(keys)):
        found[row] = chance(keys[row], place)
    return found
