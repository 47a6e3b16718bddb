from __future__ import annotations

import doctest
import io
import json
import math
from enum import Enum

import numpy as np
import pytest
from rich.console import Console

from fairlead.model import Bound, BoundKind
from fairlead.service import figures, plain, svg
from fairlead.service.figures import figure, print_figures, print_tables

RESULT = {
    "cases": 150,
    "methods": {
        "greedy": {"servers_mean": 8.0234, "qoe_mean": 1234567.891, "by_scenario": {"mild": {"servers_mean": 5.0}}},
        "exact": {"servers_mean": 8.1, "success_ratio": 1.0, "by_scenario": {"mild": {"servers_mean": 4.5}}},
    },
    "growth": [{"servers": 1000, "seconds": 0.1}, {"servers": 2000, "seconds": math.nan}],
    "run": {"seed": 0, "commit": "abc"},
}


def printed() -> str:
    console = Console(file=io.StringIO(), width=100)
    print_tables(console, RESULT, "")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_number_is_printed_once_and_rows_of_equal_shape_share_a_table() -> None:
    said = printed()
    for words in ("150", "8.023", "1,234,567.89", "servers mean", "2,000", "abc", "methods / greedy / by_scenario"):
        assert words in said, words
    assert said.count("8.023") == 1


def test_json_is_one_object_without_not_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(RESULT, as_json=True)
    assert json.loads(capsys.readouterr().out)["growth"][1] == {"servers": 2000, "seconds": None}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "-"),
        (math.nan, "-"),
        (3, "3"),
        (0.5, "0.5"),
        ("x", "x"),
        ([1, 2, 3], "1, 2, 3"),
    ],
)
def test_figures(value: object, words: str) -> None:
    assert figure(value) == words


def test_plain_data_of_everything() -> None:
    class Colour(Enum):
        RED = "red"

    value = {"array": np.array([1.5, np.nan]), "one": np.float32(0.5), "kind": Colour.RED, 7: (np.int64(3), {"x"})}
    assert plain.plain(value) == {"array": [1.5, None], "one": 0.5, "kind": "red", "7": [3, ["x"]]}
    assert plain.plain(Bound(cost=1.0, best=math.nan, kind=BoundKind.NONE)) == {
        "cost": 1.0,
        "best": None,
        "kind": "NONE",
    }


@pytest.mark.parametrize("module", [figures, plain, svg])
def test_examples_in_the_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # modules, every one
