from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fairlead.planners.drain import Goal
from fairlead.service.cli import main
from fairlead.service.report import report_page
from fairlead.service.story import Story, story_as_json, told
from fairlead.service.telling import clock, duration, happenings, headline, listed, quiet_together
from fairlead.service.wiring import DRAIN_METHODS

SECTIONS = (
    "The objective over time",
    "What happened",
    "The network before and after",
    "The plan",
    "Safety",
    "Audit",
    "Undo",
    "The hidden truth",
)
VOID = {"meta", "br"}
LOADING = {"src", "href", "xlink:href", "srcset", "data", "action", "background", "poster"}


@pytest.fixture(scope="module")
def story() -> Story:
    goal = Goal()
    return told(1, DRAIN_METHODS["fairlead"](goal), goal)


class Page(HTMLParser):
    """What an HTML page says and what it would load."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.tags: dict[str, int] = {}
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.loads += [f"{name}={value}" for name, value in attrs if name in LOADING]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_demo_loses_the_objective_and_gets_it_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    facts: dict[str, Any] = json.loads(said.out)
    ratios = [window["success_ratio"] for window in facts["windows"]]
    without = [window["without_success_ratio"] for window in facts["windows"]]
    assert ratios[0] >= facts["objective"]
    assert min(ratios) < facts["objective"]
    assert ratios[-1] >= facts["objective"]
    assert facts["lost"]
    assert facts["regained"]
    assert facts["restored"]
    assert len(facts["missed_windows"]) < len(facts["missed_windows_without"]) / 2
    assert sum(ratio < facts["objective"] for ratio in without) == len(facts["missed_windows_without"])
    assert {"planner", "basis", "status", "edits", "effects", "bound", "reasons"} <= set(facts["plan"])
    assert facts["verdict"]["allowed"]
    assert all(window["reversible"] for window in facts["windows"])
    assert facts["undo"]["failed_counts"][0] > 1000
    assert max(window["down_count"] for window in facts["windows"]) <= 12
    assert Path(facts["report"]) == tmp_path / "out" / "report.html"


def test_the_story_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    for words in ("60 servers", "99.99%", "the objective is lost", "offline", "proven optimum", "holds again", "back"):
        assert words in said, words
    assert "instead of 6 minutes." in said
    assert said.splitlines()[-1] == f"Report: {tmp_path / 'report.html'}"
    assert max(len(line) for line in said.splitlines()[:-1]) <= 100


def test_the_same_seed_tells_the_same_story_and_another_seed_another(story: Story) -> None:
    goal = Goal()
    again = told(1, DRAIN_METHODS["fairlead"](goal), goal)
    assert story_as_json(again) == story_as_json(story)
    assert report_page(again) == report_page(story)
    other = told(2, DRAIN_METHODS["fairlead"](goal), goal)
    assert story_as_json(other)["plan"] != story_as_json(story)["plan"]


def test_the_report_loads_nothing_runs_nothing_and_is_whole(story: Story) -> None:
    content = report_page(story)
    page = Page(content)
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", content) == []
    assert "url(" not in content
    assert "@import" not in content
    assert "prefers-color-scheme: dark" in content
    said = " ".join(page.words)
    for section in SECTIONS:
        assert section in said
    assert headline(story) in said
    assert page.tags["svg"] == 7  # a chart, two maps, four marks of a legend
    assert 40_000 < len(content) < 250_000


def test_the_report_names_every_server_of_the_plan_with_its_reason(story: Story) -> None:
    first = story.first_drain
    assert first is not None
    words = " ".join(Page(report_page(story)).words)
    for name in first.drained:
        assert name in words
    for reason in first.made.plan.reasons:
        assert reason.text in words


def test_a_planner_that_never_acts_is_told_as_it_is() -> None:
    """A story can end badly, and then it says so."""
    lax = Goal(slo_ratio=0.5)
    story = told(1, DRAIN_METHODS["greedy"](lax), Goal())
    facts = story_as_json(story)
    assert facts["lost"]
    assert not facts["regained"]
    assert facts["plan"] is None
    assert headline(story).endswith("Fairlead could not bring it back.")
    assert "could not bring it back" in report_page(story)


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file" / "out")]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: demo.unwritable: ")


def test_every_window_is_in_one_group_and_eventful_ones_stand_alone(story: Story) -> None:
    groups = list(quiet_together(story, story.moments))
    assert [moment.window for group in groups for moment in group] == list(range(len(story.moments)))
    for group in groups:
        assert len(group) == 1 or not any(happenings(story, moment) for moment in group)


def test_words() -> None:
    assert [duration(count) for count in (0, 1, 2, 3, 12)] == [
        "0 seconds",
        "30 seconds",
        "1 minute",
        "1 minute 30 seconds",
        "6 minutes",
    ]
    assert [listed(names) for names in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "nothing",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert clock(150) == "2:30"
