"""What counts as a failure of the fabric, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from fabrics_for_mitigate import LINK_MBPS, clos, figure_1, link_rows, node, with_faults

from fairlead.model import BadInputError, Edit, FabricLinks, Nodes, Placements, Snapshot, apply_edits
from fairlead.planners.mitigate.cables import alive_links, cable_name, cables, hosts, t0_of_servers, tiers
from fairlead.planners.mitigate.failures import Failures, failures, tor_drop_ratio, usual_capacity_mbps


def names(snapshot: Snapshot, found: Failures, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [cable_name(snapshot, int(found.cables.low[each]), int(found.cables.high[each])) for each in rows]


def node_names(snapshot: Snapshot, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return snapshot[Nodes].node[rows].tolist()


def test_a_healthy_fabric_has_none() -> None:
    assert failures(figure_1()).count == 0


def test_a_cable_is_both_directions_with_the_lower_end_first() -> None:
    snapshot = figure_1()
    found = cables(snapshot)
    assert len(found.low) == snapshot[FabricLinks].row_count // 2 == 24
    assert (tiers(snapshot)[found.low] + 1 == tiers(snapshot)[found.high]).all()
    links = snapshot[FabricLinks]
    assert (links.source[found.up_row] == found.low).all()
    assert (links.target[found.down_row] == found.low).all()


def test_a_direction_may_be_missing() -> None:
    snapshot = figure_1()
    rows = np.delete(np.arange(snapshot[FabricLinks].row_count), link_rows(snapshot, "C0-B0")[1])
    links = snapshot[FabricLinks]
    one_way = FabricLinks.of(**{name: links.array(name)[rows].copy() for name in links.declared()})
    found = cables(snapshot.replaced(one_way))
    assert (found.down_row < 0).sum() == 1
    cable = int(np.flatnonzero(found.down_row < 0)[0])
    assert len(found.rows(cable)) == 1
    assert found.worst(one_way.capacity_mbps)[cable] == found.least(one_way.capacity_mbps)[cable] == LINK_MBPS


def test_lossy_links_the_worst_first_and_only_above_the_t0s() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 5e-5, "B0-A0": 5e-2, "C1-B1": 1e-7, "H0-C0": 0.2})
    found = failures(snapshot)
    assert names(snapshot, found, found.lossy) == ["B0-A0", "C0-B0"]
    assert node_names(snapshot, found.tors) == ["C0"]


def test_one_direction_is_enough_to_be_lossy() -> None:
    snapshot = figure_1()
    rows = np.array(link_rows(snapshot, "C0-B0")[:1])
    for drop in (0.01, 1.0):  # one direction cut: the other one still passes packets
        one = apply_edits(
            snapshot, [Edit(action="f", table="links", column="drop_ratio", rows=rows, after=np.array([drop]))]
        )
        assert names(one, failures(one), failures(one).lossy) == ["C0-B0"]


def test_cut_links_are_no_choice_and_disabled_ones_the_least_faulty_first() -> None:
    snapshot = with_faults(
        figure_1(), lossy={"C0-B0": 1.0, "C1-B1": 5e-2, "C2-B2": 1.0}, down=["C1-B1", "C2-B2", "B2-A0"]
    )
    found = failures(snapshot)
    assert len(found.lossy) == 0
    assert names(snapshot, found, found.disabled) == ["B2-A0", "C1-B1"]


def test_links_of_a_switch_that_is_down_are_not_its_own_failures() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 0.1}, down=["C1-B0"], switches={"B0": 1.0})
    assert failures(snapshot).count == 0


def test_lossy_switches_but_not_those_that_are_down() -> None:
    snapshot = with_faults(figure_1(), switches={"B0": 0.01, "A3": 0.1, "B2": 1.0})
    assert node_names(snapshot, failures(snapshot).switches) == ["A3", "B0"]


def test_lost_capacity_is_seen_beside_the_siblings() -> None:
    snapshot = with_faults(figure_1(), slower={"B0-A0": LINK_MBPS / 2, "C2-B2": LINK_MBPS * 0.95})
    found = failures(snapshot)
    assert names(snapshot, found, found.congested) == ["B0-A0"]
    assert np.allclose(usual_capacity_mbps(snapshot), LINK_MBPS)


def test_a_pod_of_slower_links_is_no_failure() -> None:
    snapshot = clos(pods=3)
    links, pod = snapshot[FabricLinks], snapshot[Nodes].pod
    slow = (pod[links.source] == "p1") | (pod[links.target] == "p1")
    capacity = np.where(slow, LINK_MBPS / 4, LINK_MBPS)
    found = failures(snapshot.replaced(links.with_column("capacity_mbps", capacity)))
    assert found.count == 0


@pytest.mark.parametrize("fault", [{"switches": {"C0": 0.01}}, {"switches": {"H1": 0.01}}, {"lossy": {"H1-C0": 0.01}}])
def test_loss_at_a_t0_or_below(fault: dict[str, dict[str, float]]) -> None:
    snapshot = with_faults(figure_1(), **fault)
    assert node_names(snapshot, failures(snapshot).tors) == ["C0"]
    assert tor_drop_ratio(snapshot)[node(snapshot, "C0")] == 0.01


def test_a_server_that_is_cut_off_is_a_failure_of_its_t0() -> None:
    snapshot = with_faults(figure_1(), down=["H1-C0"])
    assert node_names(snapshot, failures(snapshot).tors) == ["C0"]
    assert tor_drop_ratio(snapshot)[node(snapshot, "C0")] == 1.0


def test_an_emptied_t0_is_no_failure_any_more() -> None:
    snapshot = with_faults(figure_1(), switches={"C0": 0.01})
    host = snapshot[Placements].host.copy()
    host[:2] = host[2]
    assert failures(snapshot.replaced(snapshot[Placements].with_column("host", host))).count == 0


def test_hosts_without_the_table_are_the_servers_themselves() -> None:
    snapshot = figure_1()
    bare = Snapshot(table for table in snapshot.tables if not isinstance(table, Placements))
    assert hosts(bare).tolist() == hosts(snapshot).tolist()
    assert (t0_of_servers(snapshot)[hosts(bare)] >= 0).all()


def test_alive_needs_link_and_both_ends() -> None:
    snapshot = with_faults(
        figure_1(), lossy={"C0-B0": 1.0, "C1-B0": 0.5}, down=["C0-B1"], switches={"A0": 1.0, "A1": 0.5}
    )
    dead = ("C0-B0", "C0-B1", "B0-A0", "B2-A0")
    expected = sorted(row for cable in dead for row in link_rows(snapshot, cable))
    assert np.flatnonzero(~alive_links(snapshot)).tolist() == expected


def test_an_unknown_tier_is_refused() -> None:
    snapshot = figure_1()
    tier = snapshot[Nodes].tier.copy()
    tier[0] = "t9"
    with pytest.raises(BadInputError, match=r"mitigate\.tier"):
        failures(snapshot.replaced(snapshot[Nodes].with_column("tier", tier)))
