"""Fabrics of any size for the command line: how large they get, how much traffic they carry, what fails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model import Arrivals, FabricLinks, Nodes, Snapshot, UsageError, apply_edits
from fairlead.planners.mitigate import field_of
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.mean_loads import mean_loads_mbps
from fairlead.service.generate_fabric import (
    USUAL_LOAD,
    FabricRequest,
    clos_spec,
    failure,
    fat_tree_ports,
    generated,
)
from fairlead.worlds.fabric import cut_link, disabled_link, figure_1
from fairlead.worlds.fabric.failures import link_rows
from fairlead.worlds.fabric.routes import routing
from fairlead.worlds.testbed.valley import alive


def asked(kind: str, server_count: int = 100, *failures: str, arrivals_per_s: float = 0.0) -> Snapshot:
    return generated(
        FabricRequest(kind=kind, server_count=server_count, arrivals_per_s=arrivals_per_s, failures=failures)  # type: ignore[arg-type]
    )


def servers(snapshot: Snapshot) -> int:
    return int(np.count_nonzero(snapshot[Nodes].tier == "server"))


@given(count=st.integers(2, 100_000))
@settings(max_examples=200)
def test_a_clos_has_as_many_servers_as_asked_for_and_not_many_more(count: int) -> None:
    spec = clos_spec(count)
    got = spec.pod_count * spec.t0s_per_pod * spec.servers_per_t0
    assert count <= got <= count + spec.pod_count * spec.servers_per_t0
    assert spec.t0s_per_pod <= 20
    assert spec.servers_per_t0 <= 40


@given(count=st.integers(1, 100_000))
def test_a_fat_tree_is_the_smallest_that_holds_them(count: int) -> None:
    ports = fat_tree_ports(count)
    assert ports % 2 == 0
    assert ports**3 // 4 >= count
    assert ports == 2 or (ports - 2) ** 3 // 4 < count


@pytest.mark.parametrize("kind", ["clos", "fat-tree"])
def test_the_usual_traffic_leaves_every_link_room_and_uses_it(kind: str) -> None:
    snapshot = asked(kind, 100)
    assert servers(snapshot) >= 100
    fill = mean_loads_mbps(snapshot) / snapshot[FabricLinks].capacity_mbps
    assert 0.4 * USUAL_LOAD < fill.max() < 2.2 * USUAL_LOAD


def test_the_traffic_that_is_asked_for() -> None:
    for kind in ("figure-1", "testbed", "clos", "fat-tree"):
        assert asked(kind, 16, arrivals_per_s=7.5)[Arrivals].arrivals_per_s.tolist() == [7.5]


def test_the_same_request_gives_the_same_fabric() -> None:
    assert asked("clos", 100, "C0-B0:0.1") == asked("clos", 100, "C0-B0:0.1")
    assert asked("figure-1") == figure_1()


def test_failures_hit_both_directions_of_a_link_and_a_switch_by_name() -> None:
    sick = asked("figure-1", 8, "B0-C0:0.05", "A3:1")
    links, node = sick[FabricLinks], sick[Nodes].node
    hit = np.flatnonzero(links.drop_ratio > 0)
    assert {(str(node[links.source[row]]), str(node[links.target[row]])) for row in hit} == {("C0", "B0"), ("B0", "C0")}
    assert links.drop_ratio[hit].tolist() == [0.05, 0.05]
    assert node[sick[Nodes].drop_ratio == 1].tolist() == ["A3"]


def test_a_link_that_loses_all_is_cut_for_everybody_and_only_a_disabled_one_comes_back() -> None:
    plain = figure_1()
    lost = asked("figure-1", 8, "C0-B0:1")
    cut = apply_edits(plain, cut_link(plain, "C0", "B0"))
    disabled = apply_edits(plain, disabled_link(plain, "C0", "B0"))
    dead = set(link_rows(plain, "C0", "B0").tolist())
    for state in (lost, cut, disabled):
        assert set(np.flatnonzero(~alive(state)).tolist()) == dead, "the testbed"
        assert set(np.flatnonzero(~fabric(state).alive).tolist()) == dead, "the estimator"
        assert set(range(state[FabricLinks].row_count)) - set(routing(state).link.tolist()) == dead, "the simulator"
    names = [{each.name for each in field_of(state).allowed} for state in (lost, cut, disabled)]
    assert names[0] == names[1] == {"none"}
    assert "bring back C0-B0" in names[2]


def test_names_with_a_dash_or_a_colon_are_found() -> None:
    plain = figure_1()
    names = plain[Nodes].node.astype("U8").copy()
    names[names == "C0"], names[names == "B0"] = "r-1:a", "s-2"
    named = plain.replaced(plain[Nodes].with_column("node", names))
    sick = apply_edits(named, failure(named, "r-1:a-s-2:0.2"))
    assert np.count_nonzero(sick[FabricLinks].drop_ratio == 0.2) == 2
    assert apply_edits(named, failure(named, "r-1:a:0.3"))[Nodes].drop_ratio.max() == 0.3


@pytest.mark.parametrize("text", ["", "C0", ":0.1", "C0:", "C0:x", "C0:0", "C0:-1", "C0:1.1", "C0:nan", "C0:inf"])
def test_what_is_no_failure_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"world\.failure"):
        failure(figure_1(), text)


@pytest.mark.parametrize("text", ["H0:0.1", "Z9:0.1", "C0-A0:0.1", "C0-Z9:0.1", "C0-C0:0.1"])
def test_what_is_not_there_cannot_fail(text: str) -> None:
    with pytest.raises(UsageError, match=r"world\.failure"):
        failure(figure_1(), text)
