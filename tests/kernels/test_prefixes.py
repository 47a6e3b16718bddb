"""Prefixes as numbers, against Python's own reading of addresses."""

from __future__ import annotations

import gzip
import ipaddress
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.kernels.prefixes import (
    FAULT_HOST_BITS,
    FAULT_LENGTH,
    FAULT_NONE,
    FAULT_SYNTAX,
    PrefixNumbers,
    prefix_numbers,
)


def numbers_of(*texts: str) -> PrefixNumbers:
    raw = [text.encode() for text in texts]
    offsets = np.cumsum([0, *(len(text) for text in raw)]).astype(np.int64)
    return prefix_numbers(np.frombuffer(b"".join(raw), np.uint8), offsets)


def oracle(text: str) -> tuple[int, int, int, int]:
    """Family, first address, length and fault as ``ipaddress`` sees them."""
    address, slash, length = text.partition("/")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return 0, 0, 0, FAULT_SYNTAX
    if not slash or "%" in address or ("." in address and ":" in address):
        return 0, 0, 0, FAULT_SYNTAX
    bad_length = not length.isascii() or not length.isdigit() or str(int(length)) != length
    if bad_length or int(length) > parsed.max_prefixlen:
        return parsed.version, int(parsed), 0, FAULT_LENGTH
    host = int(parsed) & ((1 << (parsed.max_prefixlen - int(length))) - 1)
    return parsed.version, int(parsed), int(length), FAULT_HOST_BITS if host else FAULT_NONE


def assert_same(*texts: str) -> None:
    found = numbers_of(*texts)
    for i, text in enumerate(texts):
        value = (int(found.high[i]) << 64) | int(found.low[i])
        assert (found.family[i], value, found.length[i], found.fault[i]) == oracle(text), text


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
SPELLINGS = st.builds(
    lambda address, exploded, upper: (
        (address.exploded if exploded else str(address)).upper()
        if upper
        else (address.exploded if exploded else str(address))
    ),
    ADDRESSES,
    st.booleans(),
    st.booleans(),
)


@given(st.lists(st.tuples(SPELLINGS, st.integers(0, 140)), min_size=1))
def test_addresses(pairs: list[tuple[str, int]]) -> None:
    assert_same(*(f"{address}/{length}" for address, length in pairs))


@given(st.lists(st.tuples(ADDRESSES, st.integers(0, 128)), min_size=1))
def test_networks(pairs: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]) -> None:
    networks = [ipaddress.ip_network((a, min(length, a.max_prefixlen)), strict=False) for a, length in pairs]
    found = numbers_of(*map(str, networks))
    assert (found.fault == FAULT_NONE).all()
    assert found.length.tolist() == [network.prefixlen for network in networks]
    assert_same(*map(str, networks))


@given(st.lists(st.text(alphabet="012589af:./", max_size=24)))
@example(["::/0", ":/0", ":::/0", "1::2::3/128", "1:2:3:4:5:6:7::/128", "::1:2:3:4:5:6:7/128", "1:2:3:4:5:6:7:8::/0"])
@example(["1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8:9/0", ":1::/16", "1::/16:", "1:/0", "::1:/0", "12345::/0", "g::/0"])
@example(["1.2.3.4", "1.2.3/0", "1.2.3.4.5/0", "1.2..4/0", ".1.2.3/0", "01.2.3.4/32", "256.0.0.0/8", "1.2.3.4/032"])
@example(["::ffff:1.2.3.4/128", "/", "/0", "0.0.0.0/", "0.0.0.0/ 0", "0.0.0.0/+1", "0.0.0.0/0/0", "", "1" * 24])
def test_garbage(texts: list[str]) -> None:
    assert_same(*texts)


@pytest.mark.parametrize("bits", range(129))
def test_host_bits_of_every_length(bits: int) -> None:
    one = ipaddress.IPv6Address(1 << bits) if bits < 128 else ipaddress.IPv6Address(0)
    assert_same(*(f"{one}/{length}" for length in range(129)))


def test_bytes_beyond_ascii() -> None:
    assert numbers_of("10.0.0.٠/8", "é::/16").fault.tolist() == [FAULT_SYNTAX, FAULT_SYNTAX]


def test_the_prefixes_of_a_routing_table() -> None:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("FAIRLEAD_DATA", beside)) / "common" / "ipasn_20140513.dat.gz"
    if not path.is_file():
        pytest.skip("no routing table: set FAIRLEAD_DATA")
    with gzip.open(path, "rt", encoding="ascii") as lines:
        texts = [line.split()[0] for line in lines if line[:1].isdigit()]
    found = numbers_of(*texts)
    assert len(texts) > 500_000
    assert (found.fault == FAULT_NONE).all()
    assert (found.family == 4).all()
    assert len(np.unique(found.low * np.uint64(64) + found.length)) == len(set(texts))
    assert_same(*texts[::5000])


def test_none() -> None:
    assert len(numbers_of().family) == 0
