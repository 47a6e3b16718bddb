"""One whole generation at any moment: after publications, damage, rollbacks, and a kill at every single step."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import BadInputError, StaleError
from fairlead.planners.route.answer import RouteTables, route_tables
from fairlead.service.route_kill import kill_trial, outcome
from fairlead.service.route_server_bench import reweighted
from fairlead.service.route_store import CURRENT, current_name, generations, loaded, publish, roll_back, whole
from fairlead.service.route_synthetic import synthetic_snapshot
from fairlead.service.route_tables import MANIFEST, applied, delta


class DiedError(Exception):
    """Stands in for the end of the process: nothing catches it inside."""


def states(count: int) -> list[RouteTables]:
    rng = np.random.default_rng(0)
    made = [route_tables(synthetic_snapshot(200, 60, 1, groups=12, sites=4))]
    while len(made) < count:
        made.append(reweighted(made[-1], rng))
    return made


def steps_of(store: Path, tables: RouteTables) -> list[str]:
    names: list[str] = []
    publish(store, tables, step=names.append)
    return names


def dying_at(number: int) -> object:
    left = [number]

    def step(name: str) -> None:
        if left[0] == 0:
            raise DiedError(name)
        left[0] -= 1

    return step


def test_what_is_published_is_loaded(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "store"
    for number, tables in enumerate(states(5), start=1):
        manifest = publish(store, tables, clock=lambda now=100.0 + number: now)  # type: ignore[misc]
        found = loaded(store)
        assert found.tables == tables
        assert found.tables.content_hash == found.manifest.content
        assert (found.manifest, found.warnings) == (manifest, ())
        assert (manifest.number, manifest.made_s, manifest.published_s) == (number, 100.0 + number, 100.0 + number)
    assert [int(folder.name.split("-")[1]) for folder in generations(store)] == [3, 4, 5], "two older ones are kept"


def test_arrays_are_mapped_not_read(tmp_path: Path) -> None:
    publish(tmp_path, states(1)[0])
    tables = loaded(tmp_path).tables
    assert isinstance(tables.set_weight.base, np.memmap)
    kept = tables.set_weight.copy()
    shutil.rmtree(tmp_path)
    np.testing.assert_array_equal(tables.set_weight, kept)  # what is mapped outlives its file


def test_unchanged_files_are_linked_and_changed_ones_are_not(tmp_path: Path) -> None:
    first, second = states(2)
    steps_of(tmp_path, first)
    names = steps_of(tmp_path, second)
    assert [name for name in names if name.startswith("write")] == [
        "write set_weight.npy",
        f"write {MANIFEST}",
        f"write staging-{CURRENT}",
    ]
    assert len([name for name in names if name.startswith("link")]) == len(first.arrays()) - 1
    old, new = generations(tmp_path)
    assert (old / "best.npy").stat().st_ino == (new / "best.npy").stat().st_ino
    assert (old / "set_weight.npy").stat().st_ino != (new / "set_weight.npy").stat().st_ino


def test_every_write_is_synced_before_it_counts(tmp_path: Path) -> None:
    names = steps_of(tmp_path, states(1)[0])
    for name in names:
        if name.startswith("write "):
            assert names.index(name.replace("write", "sync")) == names.index(name) + 1
    tail = names[-7:]
    assert tail == [
        "sync the staging folder", "name the generation", "sync the store",
        f"write staging-{CURRENT}", f"sync staging-{CURRENT}", "rename CURRENT", "sync the store again",
    ]  # fmt: skip


def test_a_death_at_any_step_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    old, new, newest = states(3)
    for _ in range(3):
        publish(tmp_path / "before", old)
    shutil.copytree(tmp_path / "before", tmp_path / "count")
    names = steps_of(tmp_path / "count", new)
    assert any(name.startswith("remove gen") for name in names)
    found = []
    for number in range(len(names)):
        store = tmp_path / f"at{number}"
        shutil.copytree(tmp_path / "before", store)
        with pytest.raises(DiedError):
            publish(store, new, step=dying_at(number))  # type: ignore[arg-type]
        found.append(outcome(store, old.content_hash, new.content_hash))
        # the next publication repairs: nothing is left over, two older ones are there
        publish(store, newest)
        assert loaded(store).tables == newest
        assert not list(store.glob("staging-*"))
        assert len(generations(store)) == 3
    place = names.index("rename CURRENT") + 1
    assert found == ["old"] * place + ["new"] * (len(names) - place)


def test_a_death_in_the_first_publication_leaves_nothing_or_all(tmp_path: Path) -> None:
    first = states(1)[0]
    names = steps_of(tmp_path / "count", first)
    found = []
    for number in range(len(names)):
        store = tmp_path / f"at{number}"
        with pytest.raises(DiedError):
            publish(store, first, step=dying_at(number))  # type: ignore[arg-type]
        found.append(outcome(store, "", first.content_hash))
    # a generation that is whole is served even before CURRENT names it: there is nothing else to serve
    place = names.index("name the generation") + 1
    assert found == ["lost"] * place + ["warned"] * (names.index("rename CURRENT") + 1 - place) + ["new"]
    publish(store, first)
    assert loaded(store).tables == first


@pytest.mark.slow
def test_real_kills_leave_one_whole_generation() -> None:
    """Real SIGKILLs: at every step, at moments of chance, and of a serving server with its publisher."""
    found = kill_trial(6, server_count=1)
    assert found["whole"], found
    assert sum(found["steps"].values()) > 25
    assert set(found["steps"]) == {"old", "new"}
    assert sum(found["chance"].values()) == 6
    assert sum(found["servers"].values()) == 1


@pytest.fixture(scope="module")
def two_unlike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RouteTables, RouteTables]:
    """A store of two generations that share next to nothing."""
    store = tmp_path_factory.mktemp("unlike")
    old = route_tables(synthetic_snapshot(60, 30, 1, groups=8, sites=3))
    new = route_tables(synthetic_snapshot(70, 31, 2, groups=9, sites=4))
    publish(store, old)
    publish(store, new)
    return store, old, new


def test_a_damaged_generation_is_no_basis(tmp_path: Path) -> None:
    old, new = states(2)
    publish(tmp_path, old)
    hit = tmp_path / current_name(tmp_path) / "best.npy"
    data = bytearray(hit.read_bytes())
    data[-1] ^= 1
    hit.write_bytes(data)
    names = steps_of(tmp_path, new)
    assert not any(name.startswith("link") for name in names), "none of its files is linked"
    assert (loaded(tmp_path).tables, loaded(tmp_path).warnings) == (new, ())


@given(st.integers(0), st.integers(0), st.sampled_from(["flip", "cut", "grow", "delete", "empty"]))
@settings(max_examples=40)
def test_damage_is_found_and_the_newest_whole_one_is_used(
    two_unlike: tuple[Path, RouteTables, RouteTables],
    tmp_path_factory: pytest.TempPathFactory,
    which: int,
    place: int,
    damage: str,
) -> None:
    template, old, new = two_unlike
    store = tmp_path_factory.mktemp("damaged") / "store"
    shutil.copytree(template, store)
    files = sorted((store / current_name(store)).iterdir())
    hit = files[which % len(files)]
    data = bytearray(hit.read_bytes())
    if damage == "flip":
        data[place % len(data)] ^= 1 << (place % 8)
    elif damage == "cut":
        data = data[: place % len(data)]
    elif damage == "grow":
        data += b"\0"
    hit.unlink()
    if damage != "delete":
        hit.write_bytes(b"" if damage == "empty" else bytes(data))
    found = loaded(store)
    if found.tables == new:  # white space of the manifest
        assert hit.name == MANIFEST
        return
    assert found.tables == old
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("route_store.corrupt")
    assert "\n" not in found.warnings[0]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"../elsewhere", b"gen-9/../..", None])
def test_without_a_readable_current_the_newest_whole_one_counts(tmp_path: Path, text: bytes | None) -> None:
    old, new = states(2)
    publish(tmp_path, old)
    publish(tmp_path, new)
    if text is None:
        (tmp_path / CURRENT).unlink()
    else:
        (tmp_path / CURRENT).write_bytes(text)
    found = loaded(tmp_path)
    assert found.tables == new
    assert len(found.warnings) == 1
    assert publish(tmp_path, old).number == 3


def test_current_names_what_is_gone(tmp_path: Path) -> None:
    old, new = states(2)
    publish(tmp_path, old)
    publish(tmp_path, new)
    shutil.rmtree(tmp_path / current_name(tmp_path))
    found = loaded(tmp_path)
    assert found.tables == old
    assert "no such folder" in found.warnings[0]


def test_what_was_never_published_is_never_served(tmp_path: Path) -> None:
    old, new = states(2)
    publish(tmp_path, old)
    before = current_name(tmp_path)
    publish(tmp_path, new)
    (tmp_path / CURRENT).write_text(before + "\n")
    assert loaded(tmp_path).tables == old
    publish(tmp_path, old)
    assert len(generations(tmp_path)) == 2, "the generation that CURRENT never named is gone"


def test_a_generation_under_another_name_is_not_whole(tmp_path: Path) -> None:
    publish(tmp_path, states(1)[0])
    folder = tmp_path / current_name(tmp_path)
    with pytest.raises(BadInputError, match=r"the manifest of gen-"):
        whole(folder.rename(tmp_path / folder.name.replace("gen-0", "gen-1")))


@pytest.mark.parametrize("made", [True, False])
def test_an_empty_store_is_refused(tmp_path: Path, made: bool) -> None:
    store = tmp_path / "store"
    if made:
        store.mkdir()
    with pytest.raises(BadInputError, match=r"^route_store\.empty"):
        loaded(store)


def test_rolling_back_serves_what_was_with_its_own_age(tmp_path: Path) -> None:
    first, second, third = states(3)
    for now, tables in enumerate((first, second, third)):
        publish(tmp_path, tables, clock=lambda now=now: float(now))  # type: ignore[misc]
    manifest = roll_back(tmp_path, back=2, clock=lambda: 10.0)
    assert loaded(tmp_path).tables == first
    assert (manifest.number, manifest.made_s, manifest.published_s) == (4, 0.0, 10.0)
    assert roll_back(tmp_path, clock=lambda: 11.0).content == third.content_hash, "an undo can be undone"
    with pytest.raises(BadInputError, match=r"^route_store\.no_older"):
        roll_back(tmp_path, back=3)


def test_only_one_publishes(tmp_path: Path) -> None:
    old, new = states(2)
    publish(tmp_path, old)
    with (tmp_path / "LOCK").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StaleError, match=r"^route_store\.busy"):
            publish(tmp_path, new)
    assert loaded(tmp_path).tables == old


def test_more_generations_on_request(tmp_path: Path) -> None:
    tables = states(1)[0]
    for _ in range(6):
        publish(tmp_path, tables, keep=4)
    assert len(generations(tmp_path)) == 5
    publish(tmp_path, tables, keep=0)
    assert len(generations(tmp_path)) == 1


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(BadInputError, match=r"^route_store\.unusable"):
        publish(tmp_path / "store", states(1)[0])


def test_a_difference_brings_a_store_up_to_date(tmp_path: Path) -> None:
    """What a remote server does: takes the difference, applies it to what it has, publishes."""
    old, new = states(2)
    publish(tmp_path, old)
    publish(tmp_path, applied(loaded(tmp_path).tables, delta(old, new)))
    assert loaded(tmp_path).tables == new
