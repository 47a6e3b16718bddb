"""``fairlead demo``: the closed loop on a simulated overlay, told on the terminal and in a report."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from fairlead.model import BadInputError
from fairlead.planners.drain import Goal
from fairlead.service.report import report_page
from fairlead.service.story import Story, story_as_json, told
from fairlead.service.telling import print_story
from fairlead.service.terminal import data_console, print_json, spinner
from fairlead.service.wiring import DRAIN_METHODS

REPORT_NAME = "report.html"


def run_demo(out: Path, seed: int, as_json: bool) -> None:
    """Runs, tells and reports. BadInputError where the report cannot be written."""
    goal = Goal()
    with spinner() as say:
        say("running the network for 12 minutes of its time")
        story = told(seed, DRAIN_METHODS["fairlead"](goal), goal)
    path = written(story, out)
    if as_json:
        print_json(story_as_json(story) | {"report": str(path)})
        return
    console = data_console()
    print_story(console, story)
    console.print(Text(f"Report: {path}"))


def written(story: Story, out: Path) -> Path:
    """Writes the report; its path."""
    path = out / REPORT_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(report_page(story), encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            code="demo.unwritable",
            what="the report cannot be written",
            where=str(path),
            got=error.strerror or str(error),
            hint="choose another folder with --out",
        ) from None
    return path
