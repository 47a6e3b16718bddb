"""docs/papers.md names symbols that exist, and lists every departure that the source marks."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlead"
PAGE = (ROOT / "docs" / "papers.md").read_text(encoding="utf-8")
LEARNING = ("torch", "torch_geometric")  # the extra `train`
LEAST_SYMBOL_COUNT = 30  # an empty map must not pass


def symbols() -> list[str]:
    return sorted(set(re.findall(r"`(fairlead(?:\.\w+)+)`", PAGE)))


def resolved(symbol: str) -> object:
    """The module, class or function; ModuleNotFoundError or AttributeError if there is none."""
    parts = symbol.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError as error:
            if error.name in LEARNING:
                pytest.skip("needs the extra train")
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(symbol)


def departures() -> Counter[str]:
    """Module -> how many departures it marks."""
    marked: Counter[str] = Counter()
    for path in sorted(SOURCE.rglob("*.py")):
        count = path.read_text(encoding="utf-8").count("Departs:")
        if count:
            parts = path.relative_to(SOURCE.parent).with_suffix("").parts
            marked[".".join(part for part in parts if part != "__init__")] = count
    return marked


def listed() -> list[str]:
    """Symbols in the first cells of the tables of departures."""
    sections = [after.split("\n### ")[0] for after in PAGE.split("### Departures")[1:]]
    rows = [line for section in sections for line in section.splitlines() if line.startswith("| `fairlead.")]
    return [row.split("|")[1].strip().strip("`") for row in rows]


def test_the_map_is_no_empty_promise() -> None:
    assert len(symbols()) >= LEAST_SYMBOL_COUNT


@pytest.mark.parametrize("symbol", symbols())
def test_every_symbol_exists(symbol: str) -> None:
    assert resolved(symbol) is not None


def test_a_symbol_that_does_not_exist_is_found_out() -> None:
    with pytest.raises(AttributeError):
        resolved("fairlead.planners.drain.bound.miracle")


def test_every_departure_is_listed() -> None:
    marked = departures()
    assert marked, "the source marks its departures with `Departs:`"
    found = Counter(symbol.rpartition(".")[0] for symbol in listed())
    missing = {module: count for module, count in marked.items() if found[module] < count}
    assert not missing, f"departures that docs/papers.md does not list (module: how many are marked): {missing}"


def test_no_departure_is_listed_that_the_source_does_not_mark() -> None:
    marked = departures()
    unmarked = [symbol for symbol in listed() if symbol.rpartition(".")[0] not in marked]
    assert not unmarked, f"listed in docs/papers.md, but their modules mark none: {unmarked}"


@pytest.mark.parametrize("paper", ["Sentry (drain)", "Panorama (route)", "SWARM (mitigate)"])
def test_every_room_has_its_map_its_readings_and_its_figures(paper: str) -> None:
    part = PAGE.split(f"\n## {paper}\n")[1].split("\n## ")[0]
    headings = re.findall(r"^### (.+)$", part, re.M)
    for kind in ("Sections and symbols", "What", "Departures", "Our figures", "Not reproduced"):
        assert any(heading.startswith(kind) for heading in headings), kind
    named = set(re.findall(r"`(fairlead(?:\.\w+)+)`", part))
    room = re.search(r"\((\w+)\)", paper)
    assert room is not None
    assert sum(symbol.startswith(f"fairlead.planners.{room[1]}.") for symbol in named) >= 8
