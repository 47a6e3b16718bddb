from __future__ import annotations

import json
import re
from importlib import resources

import numpy as np
import pytest
from relays import relays

from fairlead.model import Servers, Snapshot
from fairlead.planners.drain import Goal
from fairlead.service.atlas import HEIGHT, WIDTH, Look, legend, server_looks, world_map
from fairlead.service.charts import events, objective_chart
from fairlead.service.page import Cell, page, paragraph, table
from fairlead.service.story import Story, told
from fairlead.service.svg import text
from fairlead.service.wiring import DRAIN_METHODS


def placed(snapshot: Snapshot) -> Snapshot:
    servers = snapshot[Servers]
    count = servers.row_count
    there = servers.with_column("latitude_deg", np.linspace(-40, 60, count))
    return snapshot.replaced(there.with_column("longitude_deg", np.linspace(-170, 170, count)))


@pytest.fixture(scope="module")
def story() -> Story:
    goal = Goal()
    return told(1, DRAIN_METHODS["fairlead"](goal), goal)


def test_servers_look_as_they_are() -> None:
    looks = server_looks(relays(bad=(0,), offline=(7,)))
    assert looks[7] is Look.DRAINED
    assert looks[0] is Look.TOUCHED  # 30 of 100 streams fail
    assert set(server_looks(relays(bad=()))) == {Look.HEALTHY}
    assert server_looks(relays(bad=(0,), streams_count=50))[0] is Look.FAILING  # 30 of 50


def test_every_server_with_a_place_is_on_the_map_and_inside_it() -> None:
    snapshot = placed(relays(bad=(0,), offline=(7,)))
    drawn = world_map(snapshot, "all")
    assert len(re.findall(r'class="server ', drawn)) == 20
    assert len(re.findall(r'class="failing-path"', drawn)) == 18  # the one to the drained server is dealt with
    for x, y in re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"', drawn):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT
    assert 'class="server' not in world_map(relays(), "nobody knows where they are")


def test_names_of_servers_cannot_break_the_page() -> None:
    wild = placed(relays(ids=[f"<b>&{row}" for row in range(20)], offline=(3,)))
    drawn = world_map(wild, 'a "label" & more')
    assert "<b>" not in drawn
    assert "&lt;b&gt;&amp;3" in drawn
    cells = table(("<i>",), [(Cell("<script>"),)]) + paragraph("a < b") + text(0, 0, "<>")
    assert "<i>" not in cells
    assert "<script>" not in cells
    assert "<title>a &lt; b</title>" in page("a < b", [])


def test_the_land_is_where_it_is_and_says_where_it_comes_from() -> None:
    outlines = json.loads((resources.files("fairlead.service") / "land.json").read_text())
    assert "Natural Earth" in outlines["source"]
    assert "ISC" in outlines["licence"]
    assert len(outlines["rings"]) > 50
    for ring in outlines["rings"]:
        longitudes, latitudes = zip(*ring, strict=True)
        assert -180 <= min(longitudes) <= max(longitudes) <= 180
        assert -60 <= min(latitudes) <= max(latitudes) <= 84
        steps = np.abs(np.diff(longitudes))
        assert steps.max() < 60, "a ring that jumps over the date line draws a bar across the map"


def test_the_chart_marks_what_happened(story: Story) -> None:
    marked = [(moment.window, kind) for moment, _, kind in events(story)]
    first = story.first_drain
    assert first is not None
    assert (story.missed_windows[0], "bad") in marked
    assert (first.window, "act") in marked
    assert {kind for _, kind in marked} >= {"bad", "act", "undo", "good"}
    drawn = objective_chart(story)
    for _, words, _ in events(story):
        assert words in drawn
    for kind in ("kept", "without", "undone"):
        assert drawn.count(f'class="series {kind}"') == 1


def test_the_legend_explains_every_look() -> None:
    assert legend().count("<svg") == len(Look)
