"""docs/reference.md lists every option, code, key, metric, rule and limit that the source has."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
import typer.main

from fairlead.checks.limits import Limits
from fairlead.checks.mitigate_gate import MitigateLimits
from fairlead.checks.promises import DIRECTIONS, FORECASTS
from fairlead.checks.route_gate import ROUTE_DIRECTIONS, RouteLimits
from fairlead.model import ACTIONS, BoundKind, FairleadError, Stage, Status
from fairlead.planners.drain import Goal
from fairlead.planners.mitigate import COMPARATORS
from fairlead.predict.flows.clp import CLP_METRICS, LOWER_IS_BETTER
from fairlead.predict.flows.transport_tables import TABLES
from fairlead.predict.metrics import METRICS
from fairlead.predict.route_metrics import ROUTING_METRICS
from fairlead.service.cli import app
from fairlead.service.options import Method
from fairlead.service.options_mitigate import ComparatorName, CongestionControl, FabricKind, MitigateMethod
from fairlead.service.options_route import RouteMethod
from fairlead.service.settings import PREFIX, DrainSettings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlead"
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
FAMILIES = (
    "actuator", "audit", "cell", "csv", "demo", "executor", "extra", "file", "folder", "guard", "journal", "json",
    "limits", "model", "parquet", "records", "row", "settings", "snapshot", "table", "toml", "train", "turn", "usage",
    "windows", "world",
)  # fmt: skip
# known by ``code=`` alone: other literals begin like these
NAMED_ONLY = (
    "adjustment", "atlas", "candidates", "cloudpilot", "links", "map", "measure", "memory", "mitigate", "nodes",
    "packet_level", "published_te", "route", "route_counts", "route_delta", "route_server", "route_store",
    "route_tables", "sizes", "testbed", "transport",
)  # fmt: skip
# literals that read like codes: a column, the key of a reason, and a file
NO_CODES = {"windows.window", "turn.held_back", "network.toml"}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def command_section(command: str) -> str:
    found = re.split(rf"\n### {command}(?![\w-])", PAGE)
    assert len(found) == 2, f"no section {command}"
    return found[1].split("\n### ")[0].split("\n## ")[0]


def commands() -> Iterator[tuple[str, list[str]]]:
    """(``fairlead NOUN VERB``, its options) of the command line as it is."""

    def below(command: object, path: str) -> Iterator[tuple[str, list[str]]]:
        subcommands = getattr(command, "commands", {})
        for name, each in subcommands.items():
            yield from below(each, f"{path} {name}")
        if not subcommands:
            names = [name for option in command.params for name in option.opts if name.startswith("-")]  # type: ignore[attr-defined]  # click's
            yield path, names

    return below(typer.main.get_command(app), "fairlead")


def error_codes() -> set[str]:
    """Every error code that the source can raise, but for ``guard.G…``: as ``code=``, by its family, by ``refusal``."""
    named = re.compile(rf'"((?:{"|".join(FAMILIES)})\.[a-z_]+)"|code="([a-z_]+\.[a-z_]+)"')
    refused = re.compile(r'refusal\(\s*"([a-z_]+)"')
    codes: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        codes |= {first or second for first, second in named.findall(text)}
        codes |= {f"model.{reason}" for reason in refused.findall(text)}
    return codes - NO_CODES


@pytest.mark.parametrize(("command", "options"), list(commands()))
def test_every_option_is_there(command: str, options: list[str]) -> None:
    assert options, "a command without options was not understood"
    text = command_section(command)
    missing = [option for option in options if f"`{option}`" not in text and option != "--help"]
    assert not missing, f"{command}: {missing}"


def test_every_method_is_there() -> None:
    both = [*Method, *RouteMethod]
    assert [method.value for method in both if f"`{method.value}`" not in section("Commands")] == []


def test_every_choice_of_a_repair_is_there() -> None:
    text = command_section("fairlead mitigate plan")
    for choice in (*MitigateMethod, *ComparatorName, *CongestionControl):
        assert f"`{choice.value}`" in text
    assert [name for name in (each.name for each in COMPARATORS) if f"\n| `{name}` | " not in text] == []
    kinds = command_section("fairlead world generate fabric")
    assert [kind.value for kind in FabricKind if f"`{kind.value}`" not in kinds] == []


def test_every_default_of_a_repair_is_there() -> None:
    parameters = {
        option.opts[0]: option.default
        for option in typer.main.get_command(app).commands["mitigate"].commands["plan"].params  # type: ignore[attr-defined]  # click's
    }
    text, checked = command_section("fairlead mitigate plan"), 0
    for option, default in parameters.items():
        row = re.search(rf"^\| `{option}`[^|]*\| ([^|]*) \|", text, re.M)
        if row is None or isinstance(default, bool) or default in (None, "", float("inf")):
            continue
        shown = default.value if isinstance(default, Enum) else default
        assert row[1].strip("`") == (shown if isinstance(shown, str) else f"{shown:g}"), option
        checked += 1
    assert checked >= 9, "the search for defaults finds nothing any more"


def test_every_action_is_named() -> None:
    tables = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert [action for action in ACTIONS if action not in tables.split("\n### candidates\n")[1]] == []


def test_every_transport_table_is_there_with_its_columns() -> None:
    text = section("A transport folder")
    for name, columns in TABLES.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert [column for column in columns if column != "level_ratio" and f"`{column}`" not in row] == [], name
    assert "`level_ratio`" in text


def test_every_setting_is_there_with_its_default() -> None:
    text, goal = section("Settings and environment"), Goal()
    for name in DrainSettings.model_fields:
        flag = f"--{name.replace('_', '-')}"
        row = f"| `{flag}` | `{PREFIX}{name.upper()}` | `{name}` | {getattr(goal, f'{name}_ratio')} |"
        assert row in text


def test_every_variable_is_there() -> None:
    text = section("Settings and environment")
    for path in SOURCE.rglob("*.py"):
        for variable in re.findall(r'environ[^\n]*"(FAIRLEAD_[A-Z]+)"', path.read_text(encoding="utf-8")):
            assert f"`{variable}`" in text


def test_every_error_code_is_there_and_no_other() -> None:
    codes, text = error_codes(), section("Exit codes and errors")
    assert len(codes) > 60, "the search for codes finds nothing any more"
    listed = {
        code for code in re.findall(r"`([a-z_]+\.[a-z_]+)`", text) if code.split(".")[0] in (*FAMILIES, *NAMED_ONLY)
    }
    assert sorted(codes - listed) == [], "raised, and not in docs/reference.md"
    assert sorted(listed - codes) == [], "in docs/reference.md, and never raised"


def test_every_exit_code_is_there() -> None:
    kinds = FairleadError.__subclasses__()
    assert len(kinds) >= 5
    for kind in kinds:
        assert re.search(
            rf"^\| {kind.exit_code} \| .* \| `{kind.__name__}` \|$", section("Exit codes and errors"), re.M
        )


def test_every_status_and_kind_is_there() -> None:
    text = section("A plan as JSON")
    assert [each.value for each in (*Status, *BoundKind) if f"`{each.value}`" not in text] == []


def test_every_metric_is_there_with_its_direction() -> None:
    text = section("Metrics")
    for name in METRICS:
        assert re.search(rf"^\| `{name}` \| \w+ \| {DIRECTIONS[name].name.lower()} \|", text, re.M), name
    for name in FORECASTS:
        assert f"| `{name}` |" in text
    for name in ROUTING_METRICS:
        assert re.search(rf"^\| `{name}` \| \w+ \| {ROUTE_DIRECTIONS[name].name.lower()} \|", text, re.M), name
    for name, lower in zip(CLP_METRICS, LOWER_IS_BETTER, strict=True):
        assert re.search(rf"^\| `{name}` \| [\w/]+ \| {'lower' if lower else 'higher'} \|", text, re.M), name


def test_every_stage_is_there() -> None:
    text = section("Commands").split("### fairlead route plan")[1].split("\n### ")[0]
    assert [stage.name for stage in Stage if f"`{stage.name.lower()}`" not in text] == []


@pytest.mark.parametrize(
    ("title", "pattern"),
    [
        ("Reasons", r'key="((?:drain|mitigate|route|turn)\.\w+)"'),
        ("Audit findings", r'"((?:promise|edit|server)_(?:kept|broken|unmeasured|not_applied|unintended|gone))"'),
    ],
)
def test_every_key_is_there_and_no_other(title: str, pattern: str) -> None:
    keys = {key for path in SOURCE.rglob("*.py") for key in re.findall(pattern, path.read_text(encoding="utf-8"))}
    assert len(keys) >= 6
    assert set(re.findall(r"^\| `([\w.]+)` \|", section(title), re.M)) == keys


def test_every_rule_is_there() -> None:
    rules = re.findall(r"^\| (G\d+) \|", section("Safety rules"), re.M)
    assert rules == [f"G{number}" for number in range(1, 13)]


def test_every_limit_is_there_with_its_default() -> None:
    tables = section("Safety rules").split("\n| limit | default | rule |\n")[1:]
    owners = (Limits, RouteLimits, MitigateLimits)  # in the order of their tables
    assert len(tables) == len(owners)
    for table, owner in zip(tables, owners, strict=True):
        rows = [line.split("|")[1:3] for line in table.split("\n\n")[0].splitlines() if line.startswith("| `")]
        assert rows
        for field in dataclasses.fields(owner):
            defaults = [default for names, default in rows if f"`{field.name}`" in names]
            assert len(defaults) == 1, field.name
            shown = rf"(?<![\d.]){re.escape(f'{field.default:g}')}(?![\d.])"
            assert re.search(shown, defaults[0]), field.name
        known = {field.name for field in dataclasses.fields(owner)}
        assert {name for names, _ in rows for name in re.findall(r"`(\w+)`", names)} <= known
