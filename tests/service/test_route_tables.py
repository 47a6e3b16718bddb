"""Files, manifests and differences: what was written is read, and what was damaged is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError, StaleError
from fairlead.planners.route.answer import RouteTables, route_tables
from fairlead.service.route_server_bench import reweighted
from fairlead.service.route_store import current_name, loaded, publish
from fairlead.service.route_synthetic import synthetic_snapshot
from fairlead.service.route_tables import (
    Delta,
    Manifest,
    applied,
    delta,
    file_hash,
    mapped_tables,
    npy_bytes,
    read_manifest,
)


@pytest.fixture(scope="module")
def tables() -> RouteTables:
    return route_tables(synthetic_snapshot(200, 60, 1, groups=12, sites=4))


def manifest() -> Manifest:
    return Manifest(number=7, content="ab" * 16, made_s=1.5, published_s=2.5, files={"a.npy": "cd" * 16})


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert Manifest.of_bytes(manifest().as_bytes(), Path("here")) == manifest()
    assert manifest().name == "gen-000000000007-" + "ab" * 16
    names = [dataclasses.replace(manifest(), number=number).name for number in (9, 10, 99, 100_000)]
    assert names == sorted(names), "names sort as numbers"


@given(st.integers(0), st.integers(0, 7))
@settings(max_examples=60)
def test_every_flipped_bit_of_a_manifest_is_found(place: int, bit: int) -> None:
    text = bytearray(manifest().as_bytes())
    text[place % len(text)] ^= 1 << bit
    try:
        found = Manifest.of_bytes(bytes(text), Path("here"))
    except BadInputError:
        return
    assert found == manifest()  # only white space was hit


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b'{"check": ""}', b"\xff", b"1"])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(BadInputError, match="manifest"):
        Manifest.of_bytes(text, Path("here"))


def test_a_manifest_of_another_form_is_refused() -> None:
    body = json.loads(manifest().as_bytes())
    body["number"] = 8
    with pytest.raises(BadInputError, match="check does not agree"):
        Manifest.of_bytes(json.dumps(body).encode(), Path("here"))


def test_a_file_is_hashed_as_its_bytes(tmp_path: Path) -> None:
    values = np.arange(400_000.0)  # more than one block
    (tmp_path / "a.npy").write_bytes(npy_bytes(values))
    first = file_hash(tmp_path / "a.npy")
    values[-1] += 1
    (tmp_path / "a.npy").write_bytes(npy_bytes(values))
    assert file_hash(tmp_path / "a.npy") != first
    with pytest.raises(OSError, match="No such file"):
        file_hash(tmp_path / "b.npy")


@given(st.sets(st.integers(0, 199), max_size=200), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_difference_applied_is_the_new_state(rows: set[int], sites: bool, grown: bool, chance: object) -> None:
    old = route_tables(synthetic_snapshot(200, 60, 1, groups=12, sites=4))
    weights = old.set_weight.copy()
    touched = [row for row in rows if row < len(weights)]
    weights[touched] = weights[touched] / 2 + 0.01
    new = dataclasses.replace(old, set_weight=weights)
    if sites:
        new = dataclasses.replace(new, site_name=np.array(["north", "s1", "s2", "s3"]))
    if grown:
        new = route_tables(synthetic_snapshot(250, 80, 2, groups=12, sites=4))
    change = Delta.of_bytes(delta(old, new).as_bytes())
    assert applied(old, change) == new
    assert applied(old, change).content_hash == new.content_hash


def test_a_difference_carries_only_what_changed(tables: RouteTables) -> None:
    weights = tables.set_weight.copy()
    weights[[3, 9]] = 0.5
    change = delta(tables, dataclasses.replace(tables, set_weight=weights))
    assert {name: rows.tolist() for name, rows in change.rows.items()} == {"set_weight": [3, 9]}
    assert not change.whole
    nothing = delta(tables, tables)
    assert (nothing.rows, nothing.whole, nothing.result) == ({}, {}, tables.content_hash)
    most = tables.set_weight.copy()
    most[: len(most) // 2 + 1] += 1
    assert list(delta(tables, dataclasses.replace(tables, set_weight=most)).whole) == ["set_weight"]
    everything = delta(tables, dataclasses.replace(tables, set_weight=tables.set_weight + 1))
    assert list(everything.whole) == ["set_weight"]


def test_a_difference_to_another_state_is_stale(tables: RouteTables) -> None:
    other = dataclasses.replace(tables, set_weight=tables.set_weight + 1)
    with pytest.raises(StaleError, match=r"^route_delta\.basis"):
        applied(other, delta(tables, tables))


@pytest.mark.parametrize(
    "broken",
    [
        {"rows": {"set_weight": np.array([0])}, "values": {"set_weight": np.array([[9.0, 9.0, 9.0]])}},
        {"rows": {"set_weight": np.array([10**6])}, "values": {"set_weight": np.array([[9.0, 9.0, 9.0]])}},
        {"rows": {"set_weight": np.array([0])}},
        {"rows": {"nothing": np.array([0])}},
        {"whole": {"nothing": np.array([0])}},
        {"result": "00" * 16},
    ],
)
def test_a_difference_that_leads_astray_is_refused(tables: RouteTables, broken: dict[str, object]) -> None:
    with pytest.raises(BadInputError, match=r"^route_delta\.result"):
        applied(tables, dataclasses.replace(delta(tables, tables), **broken))


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b"junk", lambda b: b[:-30], lambda b: b[:40]])
def test_broken_bytes_are_no_difference(tables: RouteTables, damage: object) -> None:
    data = delta(tables, dataclasses.replace(tables, set_weight=tables.set_weight + 1)).as_bytes()
    with pytest.raises(BadInputError, match=r"^route_delta\.unreadable"):
        Delta.of_bytes(damage(data))  # type: ignore[operator]


def test_what_is_held_with_the_same_hash_is_taken_over_and_the_rest_is_verified(tmp_path: Path) -> None:
    tables = route_tables(synthetic_snapshot(100, 20, 0, groups=9, sites=4))
    publish(tmp_path, tables)
    held = loaded(tmp_path)
    publish(tmp_path, reweighted(tables, np.random.default_rng(1)))
    folder = tmp_path / current_name(tmp_path)
    manifest = read_manifest(folder)
    breaths: list[int] = []
    found = mapped_tables(folder, manifest, (held.manifest, held.tables), lambda: breaths.append(1))
    changed = [name for name, digest in manifest.files.items() if held.manifest.files[name] != digest]
    assert changed == ["set_weight.npy"]
    assert len(breaths) == 1
    assert found.pair_key is held.tables.pair_key
    assert found.content_hash == manifest.content
    data = bytearray((folder / "set_weight.npy").read_bytes())
    data[-1] ^= 1
    (folder / "set_weight.npy").unlink()
    (folder / "set_weight.npy").write_bytes(bytes(data))
    with pytest.raises(BadInputError, match=r"route_store\.corrupt"):
        mapped_tables(folder, manifest, (held.manifest, held.tables))
