"""A ranking as people see it: digits that the margin lets stand, and words for how a repair stands to the best."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from planners.mitigate.fabrics_for_mitigate import ByFormula, figure_1, with_faults
from rich.console import Console

from fairlead.checks.case import Note
from fairlead.checks.gate import Verdict
from fairlead.model import Budget, Status
from fairlead.planners.mitigate import COMPARATORS, Mitigate, Ranked, Ranking
from fairlead.planners.mitigate.decision import Flip
from fairlead.planners.mitigate.peers import RIVALS
from fairlead.planners.mitigate.words import told
from fairlead.service.mitigate_answer import MitigateAnswer, as_json
from fairlead.service.show_mitigate import STEPS_COUNT, headline, print_repair
from fairlead.service.show_ranking import beside, between

SICK = with_faults(figure_1(), lossy={"C0-B0": 5e-2, "C0-B1": 5e-2, "C2-B2": 5e-2})


@pytest.mark.parametrize(
    ("value", "margin", "said"),
    [
        (1131.4, 96.2, "1,131 ±96"),
        (1553.0, 210.0, "1,553 ±210"),
        (4.4049, 0.291, "4.40 ±0.29"),
        (1045.26, 5.63, "1,045.3 ±5.6"),
        (0.5, 0.00001, "0.500 ±0.000"),
        (2.5, 0.0, "2.500"),
        (80.6123, math.nan, "80.61"),
        (1234.5, math.nan, "1,234"),
        (0.0, math.nan, "0"),
        (math.inf, math.nan, "never"),
        (math.nan, 1.0, "-"),
    ],
)
def test_digits_stand_as_far_as_the_margin_lets_them(value: float, margin: float, said: str) -> None:
    assert between(value, margin) == said


def answer() -> MitigateAnswer:
    planner = Mitigate(estimate=ByFormula(), demand_count=8)
    plan, ranking, _ = planner.decision(SICK, planner.begin(), Budget(rounds=16))
    flips = (
        Flip(dimension="arrivals", factor=1.0, winner=ranking.best.candidate.name, penalty_ratio=0.0),
        Flip(dimension="arrivals", factor=1.6, winner="none", penalty_ratio=0.4),
    )
    verdict = Verdict(violations=(), notes=(Note(rule="G3", what="nobody knows the traffic", where="arrivals"),))
    return MitigateAnswer(snapshot=SICK, plan=plan, ranking=ranking, flips=flips, verdict=verdict)


def printed(found: MitigateAnswer, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False)
    print_repair(console, found)
    said: str = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    return said


@pytest.mark.parametrize("width", [80, 100])
def test_all_of_it_fits_and_nothing_is_cut(width: int) -> None:
    found = answer()
    said = printed(found, width)
    assert found.ranking is not None
    assert found.plan.edits
    assert max(map(len, said.splitlines())) <= width
    assert "…" not in said
    flat = " ".join(said.split())
    for words in (
        f"Repair: {found.ranking.best.candidate.name}.", f"- {told(found.snapshot, found.plan.edits)[0]}",
        "(healthy)", "would cut servers off",
        "To know", "nobody knows the traffic", "What would change this",
        "were arrivals of flows 1.6 times what is believed, none would be best",
    ):  # fmt: skip
        assert words in flat, words


def test_a_long_repair_says_how_much_is_left_out() -> None:
    found = answer()
    weights = replace(
        found.plan.edits[0],
        table="links",
        column="weight",
        rows=np.arange(STEPS_COUNT + 3),
        after=np.full(STEPS_COUNT + 3, 7.0),
    )
    said = printed(replace(found, plan=replace(found.plan, edits=(weights,))), 100)
    assert "and 3 steps more" in said
    assert len(as_json(replace(found, plan=replace(found.plan, edits=(weights,))))["steps"]) == STEPS_COUNT + 3


def ranked(found: Ranking, **changed: object) -> Ranked:
    return replace(found.rows[1], **changed)  # type: ignore[arg-type]  # its fields


def test_words_for_how_a_repair_stands() -> None:
    found = answer().ranking
    assert found is not None
    assert beside(found.best, found) == "best"
    fct = ranked(found, within_tie=False, indistinct=False, decided_on=0, difference_ratio=0.13)
    assert beside(fct, found) == "p99 FCT +13%"
    assert beside(replace(fct, indistinct=True), found) == "perhaps: p99 FCT +13%"
    assert beside(replace(fct, within_tie=True), found) == "tie"
    # a cost of a throughput is its reciprocal: +100 % of it is half the throughput
    assert beside(replace(fct, decided_on=1, difference_ratio=1.0), found) == "p1 -50%"
    assert beside(replace(fct, difference_ratio=math.nan), found) == "p99 FCT worse"
    linear = replace(found, judge=COMPARATORS[-1])
    assert beside(replace(fct, difference_ratio=0.2), linear) == "cost +20%"


def test_every_status_has_its_sentence() -> None:
    found = answer()
    starts = {
        Status.SOLVED: "Repair: ",
        Status.NOTHING_TO_DO: "Nothing to do",
        Status.BEST_EFFORT: "Best effort: ",
        Status.OUT_OF_REACH: "Out of reach",
    }
    for status, start in starts.items():
        plan = replace(found.plan, status=status, edits=())
        assert headline(plan, found.ranking).startswith(start)


def test_a_rival_says_what_it_does() -> None:
    rival = next(each for each in RIVALS if each.name == "corropt_25")
    plan, _ = rival.plan(SICK, None, Budget())
    found = MitigateAnswer(snapshot=SICK, plan=plan, ranking=None, flips=(), verdict=Verdict(violations=()))
    said = printed(found, 80)
    assert said.startswith("Repair: what corropt_25 does.")
    assert "take link" in said
    assert "p99 FCT" not in said
