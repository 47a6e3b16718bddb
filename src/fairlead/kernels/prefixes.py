"""Address prefixes in CIDR form -> numbers. One pass over the bytes, no object per prefix."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

FAULT_NONE, FAULT_SYNTAX, FAULT_LENGTH, FAULT_HOST_BITS = 0, 1, 2, 3

_SLASH, _DOT, _COLON, _ZERO = ord("/"), ord("."), ord(":"), ord("0")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrefixNumbers:
    """Prefixes as numbers; every array [prefixes].

    family    : 4 or 6; 0 where the text is no prefix
    high, low : the 128 bits of the first address; an IPv4 prefix has its 32 bits in ``low`` and nothing in ``high``
    length    : leading bits that the addresses of the prefix share: 0 to 32 (IPv4), 0 to 128 (IPv6)
    fault     : FAULT_NONE, or what is wrong: FAULT_SYNTAX, FAULT_LENGTH (out of range), FAULT_HOST_BITS (bits behind
                the length are set; the numbers are those of the text)
    """

    family: NDArray[np.uint8]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    length: NDArray[np.uint8]
    fault: NDArray[np.uint8]


def prefix_numbers(text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> PrefixNumbers:
    """The prefixes of texts that lie one behind the other.

    text : [bytes] ASCII; text ``i`` is ``text[offsets[i]:offsets[i + 1]]``; offsets : [prefixes + 1]

    IPv4 as four decimal numbers without leading zeros; IPv6 as RFC 4291 2.2 writes it, with ``::`` once at most and
    without an embedded IPv4 address; then a slash and the length. O(bytes).
    """
    count = len(offsets) - 1
    family, length, fault = (np.zeros(count, np.uint8) for _ in range(3))
    high, low = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
    _parse_all(np.ascontiguousarray(text), np.ascontiguousarray(offsets), family, high, low, length, fault)
    return PrefixNumbers(family=family, high=high, low=low, length=length, fault=fault)


# text is read-only where it is a buffer of Arrow
_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)
_PLACES = numba.types.Array(numba.int64, 1, "C", readonly=True)


@numba.njit(numba.int64(_BYTES, numba.int64, numba.int64), cache=True, nogil=True)
def _decimal(text: NDArray[np.uint8], begin: int, end: int) -> np.int64:
    """The number in ``text[begin:end]``, up to three digits without a leading zero; -1 for anything else."""
    if end <= begin or end - begin > 3 or (text[begin] == _ZERO and end - begin > 1):
        return np.int64(-1)
    value = np.int64(0)
    for i in range(begin, end):
        digit = np.int64(text[i]) - _ZERO
        if digit < 0 or digit > 9:
            return np.int64(-1)
        value = value * 10 + digit
    return value


@numba.njit(numba.int64(_BYTES, numba.int64, numba.int64), cache=True, nogil=True)
def _ipv4(text: NDArray[np.uint8], begin: int, end: int) -> np.int64:
    """The 32 bits of an IPv4 address, or -1."""
    value, parts, start = np.int64(0), 0, begin
    for i in range(begin, end + 1):
        if i == end or text[i] == _DOT:
            part = _decimal(text, start, i)
            if part < 0 or part > 255 or parts == 4:
                return np.int64(-1)
            value = value * 256 + part
            parts += 1
            start = i + 1
    return value if parts == 4 else np.int64(-1)


@numba.njit(numba.int64(numba.uint8), cache=True, nogil=True)
def _hex_digit(byte: np.uint8) -> np.int64:
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    lower = np.int64(byte) | 32
    return lower - 87 if 97 <= lower <= 102 else np.int64(-1)


@numba.njit(numba.boolean(_BYTES, numba.int64, numba.int64, numba.int64[::1]), cache=True, nogil=True)
def _ipv6(text: NDArray[np.uint8], begin: int, end: int, parts: NDArray[np.int64]) -> bool:
    """Fills the eight 16-bit ``parts`` of an IPv6 address; false where the text is none."""
    count, gap, i = 0, -1, begin
    if end - begin < 2 or (text[begin] == _COLON and text[begin + 1] != _COLON):
        return False
    while i < end:
        if text[i] == _COLON and i + 1 < end and text[i + 1] == _COLON:
            if gap >= 0:
                return False
            gap = count
            i += 2
            continue
        if text[i] == _COLON:  # between two parts, never at the end
            i += 1
            if i == end or text[i] == _COLON or i - 1 == begin or text[i - 2] == _COLON:
                return False
            continue
        if count == 8:
            return False
        value, digits = np.int64(0), 0
        while i < end and text[i] != _COLON:
            digit = _hex_digit(text[i])
            if digit < 0 or digits == 4:
                return False
            value = value * 16 + digit
            digits += 1
            i += 1
        parts[count] = value
        count += 1
    if gap < 0:
        return count == 8
    if count > 7:  # "::" stands for one part or more
        return False
    for k in range(count - gap):
        parts[7 - k] = parts[count - 1 - k]
    for k in range(gap, 8 - (count - gap)):
        parts[k] = 0
    return True


@numba.njit(numba.boolean(numba.uint64, numba.int64), cache=True, nogil=True)
def _any_below(value: np.uint64, bits: int) -> bool:
    """Whether one of the lowest ``bits`` (0 to 64) is set."""
    if bits <= 0:
        return False
    if bits >= 64:
        return bool(value != np.uint64(0))
    return bool((value & ((np.uint64(1) << np.uint64(bits)) - np.uint64(1))) != np.uint64(0))


@numba.njit(
    numba.void(
        _BYTES,
        _PLACES,
        numba.uint8[::1],
        numba.uint64[::1],
        numba.uint64[::1],
        numba.uint8[::1],
        numba.uint8[::1],
    ),
    cache=True,
    nogil=True,
)
def _parse_all(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    family: NDArray[np.uint8],
    high: NDArray[np.uint64],
    low: NDArray[np.uint64],
    length: NDArray[np.uint8],
    fault: NDArray[np.uint8],
) -> None:
    parts = np.zeros(8, np.int64)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        slash, has_colon = end, False
        for i in range(begin, end):
            if text[i] == _SLASH:
                slash = i
                break
            has_colon |= text[i] == _COLON
        fault[row] = FAULT_SYNTAX
        if slash == end:
            continue
        if has_colon:
            if not _ipv6(text, begin, slash, parts):
                continue
            first, second = np.uint64(0), np.uint64(0)
            for k in range(4):
                first = (first << np.uint64(16)) | np.uint64(parts[k])
                second = (second << np.uint64(16)) | np.uint64(parts[4 + k])
            high[row], low[row], width = first, second, 128
        else:
            value = _ipv4(text, begin, slash)
            if value < 0:
                continue
            low[row], width = np.uint64(value), 32
        family[row] = 6 if has_colon else 4
        bits = _decimal(text, slash + 1, end)
        if bits < 0 or bits > width:
            fault[row] = FAULT_LENGTH
            continue
        length[row] = bits
        host = width - bits
        set_behind = _any_below(low[row], min(host, 64)) or _any_below(high[row], host - 64)
        fault[row] = FAULT_HOST_BITS if set_behind else FAULT_NONE
