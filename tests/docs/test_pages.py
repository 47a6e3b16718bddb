"""All pages: links lead somewhere, commands that are printed exist with their options, nothing names a machine."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import typer.main

from fairlead.service.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]  # click's, wherever typer keeps it
LEAST_COMMAND_COUNT = 20  # of all pages; a search that finds nothing must not pass


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """Without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Of the headings, as they are made by the usual renderers."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def printed_commands(page: Path) -> Iterator[list[str]]:
    """Words of every ``fairlead NOUN …`` in fenced blocks and in backticks, without what a shell adds."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    fenced = "".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^\s*(?:\$ )?(fairlead [a-z-].*)$", fenced, re.MULTILINE)
    for line in (*lines, *re.findall(r"`(fairlead (?:--)?[a-z][^`]*)`", prose(page))):
        words = shlex.split(re.split(r"[;|>#]|\$\?", line)[0])
        if words[1:2] and (
            words[1].startswith("--")
            or words[1] in ("demo", "drain", "route", "mitigate", "measure", "world", "train", "reproduce", "bench")
        ):
            yield words[1:]


def parsed(words: list[str]) -> None:
    """CommandLineError for a command or an option that does not exist."""
    command, context = typer.main.get_command(app), None
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        context = command.make_context(command.name or "fairlead", [], parent=context, resilient_parsing=True)
        found = command.get_command(context, words[0])
        if found is None:
            raise CommandLineError(f"no command {words[0]}")
        command, words = found, words[1:]
    context = command.make_context(command.name or "fairlead", [], parent=context, resilient_parsing=True)
    context.resilient_parsing = False  # else unknown options pass
    command.make_parser(context).parse_args([word for word in words if word != "..."])


def test_the_pages_are_there() -> None:
    found = {name(page) for page in PAGES}
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/index.md"} <= found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https://", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{name(page)}: {target}"
        assert goal.is_relative_to(ROOT), f"{name(page)}: {target} is not part of the project"
        if anchor and goal.suffix == ".md":
            assert anchor in anchors(goal), f"{name(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_printed_commands_exist(page: Path) -> None:
    for words in printed_commands(page):
        parsed(words)


def test_commands_are_found_and_false_ones_found_out() -> None:
    assert sum(len(list(printed_commands(page))) for page in PAGES) >= LEAST_COMMAND_COUNT
    for false in (["drain", "apply"], ["drain", "plan", "NETWORK", "--now-or-never"], ["--verison"]):
        with pytest.raises(CommandLineError):
            parsed(false)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_no_machine_and_no_registry(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = re.findall(
        r"(?:/work/|/home/|/root/|/tmp/|/Users/|C:\\)\S*|pypi\.\w+|pythonhosted|conda-forge|localhost", text
    )
    assert places == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_figure_is_left_open(page: Path) -> None:
    assert re.findall(r"FIGURE\([^)]*\)?", page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_lines_are_short(page: Path) -> None:
    for number, line in enumerate(prose(page).splitlines(), start=1):
        assert len(line) <= 120 or line.startswith("|"), f"{name(page)}, line {number} of the prose: {len(line)}"


def test_the_version_that_is_becoming_is_the_one_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"`make ([a-z]+)|^make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert {first or second for first, second in named} <= targets, name(page)
