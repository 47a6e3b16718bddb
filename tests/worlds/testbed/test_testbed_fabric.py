"""The fabric of namespaces is the snapshot: who reaches whom, over what, with what loss."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from testbed_ground import needs_testbed

from fairlead.model import FabricLinks, Nodes, Snapshot
from fairlead.worlds.fabric.topologies import figure_1
from fairlead.worlds.testbed.fabric import FabricBed, fabric_bed
from fairlead.worlds.testbed.transfers import Carried, Transfer, carried

FIGURE_1 = figure_1()
LINKS = FIGURE_1[FabricLinks]
NAMES = list(FIGURE_1[Nodes].node)


def row(name: str) -> int:
    return NAMES.index(name)


def link(source: str, target: str) -> int:
    return list(zip(LINKS.source, LINKS.target, strict=True)).index((row(source), row(target)))


def changed(column: str, value: float, *places: int) -> Snapshot:
    values = LINKS.array(column).copy()
    values[list(places)] = value
    return FIGURE_1.replaced(LINKS.with_column(column, values))


def sent(bed: FabricBed, source: str, target: str, count: int, size_bytes: int = 1_000) -> Carried:
    return carried(
        [
            Transfer(
                start_s=0.3 + 0.003 * number,
                source=bed.nodes[row(source)],
                target=bed.nodes[row(target)],
                address=bed.address[row(target)],
                port=6_000,
                size_bytes=size_bytes,
                congestion_control="cubic",
            )
            for number in range(count)
        ],
        4.0,
        priority=50,
    )


def packets(bed: FabricBed, source: str, target: str) -> int:
    """Sent by the source on its link towards the target."""
    first = min(link(source, target), link(target, source))
    told = bed.nodes[row(source)].run(["ip", "-s", "link", "show", "dev", f"l{first}"]).splitlines()
    return int(told[-1].split()[1])


@needs_testbed
def test_all_pairs_reach_each_other_and_flows_spread_over_all_cores() -> None:
    with fabric_bed(FIGURE_1) as bed:
        servers = [name for name in NAMES if name.startswith("H")]
        for source in servers:
            for target in servers:
                if source != target:
                    assert bed.reaches(row(source), row(target))
        assert np.isfinite(sent(bed, "H0", "H1", 5).finish_s).all()
        assert np.isfinite(sent(bed, "H2", "H5", 5).finish_s).all()
        before: NDArray[np.int64] = np.array([packets(bed, "B0", core) for core in ("A0", "A1")])
        assert np.isfinite(sent(bed, "H0", "H7", 80).finish_s).all()
        after = np.array([packets(bed, "B0", core) for core in ("A0", "A1")])
        upwards = [packets(bed, "C0", "B0"), packets(bed, "C0", "B1")]
    # 80 flows at two times two next hops: each way takes its part, whatever the tier below chose
    assert min(upwards) > 0.25 * sum(upwards)
    assert (after - before).min() > 0.2 * (after - before).sum()


@needs_testbed
def test_a_link_out_of_service_carries_nothing_and_others_take_over() -> None:
    with fabric_bed(changed("up", 0, link("C0", "B0"), link("B0", "C0"))) as bed:
        assert np.isfinite(sent(bed, "H0", "H7", 20).finish_s).all()
        assert packets(bed, "C0", "B1") >= 40  # two a flow at the least
        assert f"l{min(link('C0', 'B0'), link('B0', 'C0'))}" not in bed.nodes[row("C0")].run(["ip", "link"])


@needs_testbed
def test_weights_share_the_flows() -> None:
    with fabric_bed(changed("weight", 9.0, link("C0", "B0"))) as bed:
        sent(bed, "H0", "H7", 200)
        upwards = np.array([packets(bed, "C0", "B0"), packets(bed, "C0", "B1")])
    assert abs(upwards[0] / upwards.sum() - 0.9) < 5 * np.sqrt(0.9 * 0.1 / 200)


@needs_testbed
@pytest.mark.parametrize("where", ["link", "switch"])
def test_loss_is_on_the_way_that_has_it_and_nowhere_else(where: str) -> None:
    if where == "link":
        snapshot = changed("drop_ratio", 0.5, link("C0", "H0"))
    else:
        values = np.zeros(len(NAMES))
        values[row("C0")] = 0.5
        snapshot = FIGURE_1.replaced(FIGURE_1[Nodes].with_column("drop_ratio", values))
    with fabric_bed(snapshot) as bed:
        hit, spared = sent(bed, "H7", "H0", 40), sent(bed, "H7", "H2", 40)
    late = (hit.connect_s - hit.begin_s) > 0.9
    # the handshake's first packet is lost with 0.5; its answer too where the switch is the culprit
    expected = 0.5 if where == "link" else 0.75
    assert abs(np.where(np.isnan(hit.connect_s), True, late).mean() - expected) < 5 * np.sqrt(0.25 / 40)
    assert np.isfinite(spared.finish_s).all()
    assert (spared.connect_s - spared.begin_s < 0.9).all()


@needs_testbed
def test_a_long_delay_gets_a_relay() -> None:
    with fabric_bed(changed("delay_ms", 10.0, link("H0", "C0"), link("C0", "H0"))) as bed:
        far, near = sent(bed, "H0", "H1", 10), sent(bed, "H1", "H2", 10)
    assert (far.connect_s - far.begin_s).min() * 1e3 >= 20.0
    assert (near.connect_s - near.begin_s).min() * 1e3 < 20.0
