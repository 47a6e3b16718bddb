"""Failures: which cells they write, that they can be undone, and CorrOpt's distribution."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from fairlead.model import FabricLinks, Nodes, UsageError, apply_edits, invert
from fairlead.worlds.fabric import corropt_drop_ratio, failures, figure_1
from fairlead.worlds.fabric.failures import CORROPT_LOSS

HEALTHY = figure_1()
ALL = {
    "lossy_link": failures.lossy_link(HEALTHY, "C0", "B0", 0.05),
    "cut_link": failures.cut_link(HEALTHY, "C0", "B0"),
    "disabled_link": failures.disabled_link(HEALTHY, "C0", "B0"),
    "narrowed_link": failures.narrowed_link(HEALTHY, "B0", "C0"),
    "lossy_switch": failures.lossy_switch(HEALTHY, "C0", 0.05),
    "down_switch": failures.down_switch(HEALTHY, "C0"),
}


@pytest.mark.parametrize("name", ALL)
def test_a_failure_writes_one_row_or_both_directions_and_can_be_undone(name: str) -> None:
    broken = apply_edits(HEALTHY, ALL[name])
    assert broken != HEALTHY
    assert apply_edits(broken, invert(HEALTHY, ALL[name])) == HEALTHY
    assert {edit.cell_count for edit in ALL[name]} == {1 if "switch" in name else 2}
    assert len(ALL[name]) == (2 if name == "cut_link" else 1)


def test_links_break_in_both_directions() -> None:
    names = HEALTHY[Nodes].node
    wanted = {("C0", "B0"), ("B0", "C0")}
    for name, after in (("lossy_link", 0.05), ("disabled_link", False), ("narrowed_link", 40_000 / 240)):
        edit = ALL[name][0]
        links = HEALTHY[FabricLinks]
        assert {(names[links.source[row]], names[links.target[row]]) for row in edit.rows} == wanted
        assert edit.after.tolist() == [after, after]


def test_a_cut_link_carries_nothing_and_a_disabled_one_would_lose_what_it_lost() -> None:
    lossy = apply_edits(HEALTHY, ALL["lossy_link"])
    rows = failures.link_rows(HEALTHY, "C0", "B0")
    for name, drop_ratio in (("cut_link", 1.0), ("disabled_link", 0.05)):
        links = apply_edits(lossy, ALL[name])[FabricLinks]
        assert not links.up[rows].any()
        assert links.drop_ratio[rows].tolist() == [drop_ratio] * 2
        others = np.setdiff1d(np.arange(links.row_count), rows)
        assert links.up[others].all()
        assert not links.drop_ratio[others].any()


def test_switches() -> None:
    for name, after in (("lossy_switch", 0.05), ("down_switch", 1.0)):
        nodes = apply_edits(HEALTHY, ALL[name])[Nodes]
        assert nodes.drop_ratio[nodes.node == "C0"].tolist() == [after]
        assert not nodes.drop_ratio[nodes.node != "C0"].any()


def test_what_is_not_there_cannot_break() -> None:
    with pytest.raises(UsageError, match="no link between C0 and B2"):
        failures.cut_link(HEALTHY, "C0", "B2")
    with pytest.raises(UsageError, match="no node X"):
        failures.down_switch(HEALTHY, "X")


def test_corropt_draws_fall_into_its_buckets() -> None:
    chance = np.random.default_rng(5)
    drawn = np.array([corropt_drop_ratio(chance) for _ in range(8_000)])
    for low, high, share in CORROPT_LOSS:
        inside = (drawn >= low) & (drawn < high)
        assert inside.mean() == pytest.approx(share, abs=0.02)
        # log-uniform: half of a bucket lies below its geometric middle
        assert (drawn[inside] < np.sqrt(low * high)).mean() == pytest.approx(0.5, abs=0.06)


def test_the_buckets_are_those_published() -> None:
    path = Path(os.environ.get("FAIRLEAD_DATA", Path(__file__).parents[4] / "shared" / "data"))
    path = path / "swarm" / "corropt_loss_rates.json"
    if not path.exists():
        pytest.skip("no measured loss: set FAIRLEAD_DATA")
    published = json.loads(path.read_text(encoding="utf-8"))["distribution"]
    for (low, high, share), bucket in zip(CORROPT_LOSS, published, strict=True):
        assert low == pytest.approx(bucket["start"])
        assert high == pytest.approx(bucket["end"], rel=0.12)  # 9e-6 is written for 1e-5
        assert share == pytest.approx(bucket["percent_fraction"] / 100)
