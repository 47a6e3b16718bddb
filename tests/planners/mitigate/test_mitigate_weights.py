"""Computed weights against a search over all of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from fabrics_for_mitigate import LINK_MBPS, clos, figure_1, link_rows, node, uniform_demand, with_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairlead.model import DestinationWeights, FabricLinks, Placements, Snapshot, apply_edits
from fairlead.planners.mitigate.stages import alike, peopled, stages
from fairlead.planners.mitigate.weights import LARGEST_WEIGHT, reweighting, usable_mbps
from fairlead.predict.flows.mean_loads import switch_loads

Reals = NDArray[np.float64]
CABLES = ("C0-B0", "C0-B1", "C1-B0", "B0-A0", "B0-A1", "B1-A2", "C2-B2", "B2-A0")
THREE = clos(pods=3, t0s=2, t1s=2)


def test_t0s_of_a_pod_are_alike_until_a_link_of_one_fails() -> None:
    assert alike(stages(THREE)).members.toarray().sum(axis=0).tolist() == [2.0, 2.0, 2.0]
    assert len(alike(stages(with_faults(THREE, down=["C0-B0"]))).destination) == 4
    own = DestinationWeights.of(
        source=np.array([node(THREE, "C2")], np.int32),
        target=np.array([node(THREE, "B2")], np.int32),
        destination=np.array([node(THREE, "C5")], np.int32),
        weight=[3.0],
    )
    assert len(alike(stages(THREE.replaced(own))).destination) == 4


def test_usable_capacity() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 5e-2, "C1-B1": 5e-5, "B0-A0": 1.0}, down=["B1-A2"])
    usable = usable_mbps(snapshot)
    mathis = 1448 * 8e-6 * np.sqrt(1.5 / 5e-2) / 0.6e-3
    assert usable[link_rows(snapshot, "C0-B0")] == pytest.approx([mathis] * 2)
    assert usable[link_rows(snapshot, "C1-B1")] == pytest.approx([LINK_MBPS] * 2)
    assert not usable[[*link_rows(snapshot, "B0-A0"), *link_rows(snapshot, "B1-A2")]].any()


def test_without_delay_loss_discounts_nothing() -> None:
    snapshot = with_faults(figure_1(), lossy={"C0-B0": 5e-2})
    links = snapshot[FabricLinks]
    instant = snapshot.replaced(links.with_column("delay_ms", np.zeros(links.row_count)))
    assert usable_mbps(instant) == pytest.approx(links.capacity_mbps)


def fullest(snapshot: Snapshot) -> float:
    load, usable = switch_loads(snapshot, uniform_demand(snapshot, 200.0)).load_mbps, usable_mbps(snapshot)
    return float((load[load > 0] / usable[load > 0]).max())


def test_healthy_links_keep_their_weights() -> None:
    assert reweighting(figure_1()) is None
    assert reweighting(with_faults(figure_1(), lossy={"C0-B0": 5e-5})) is None


def test_half_a_link_gets_half_the_weight() -> None:
    snapshot = with_faults(figure_1(), slower={"B0-A0": LINK_MBPS / 2})
    edit = reweighting(snapshot)
    assert edit is not None
    weight = apply_edits(snapshot, [edit])[FabricLinks].weight
    for name in ("B0-A0", "B2-A0"):
        other = name.replace("A0", "A1")
        assert weight[link_rows(snapshot, name)[0]] * 2 == pytest.approx(
            weight[link_rows(snapshot, other)[0]], rel=0.35
        )


@pytest.mark.parametrize(
    ("fault", "knobs"),
    [
        ({"lossy": {"C0-B0": 5e-2}}, ("C0-B0", "C2-B2", "C3-B2", "C1-B0")),
        ({"slower": {"B0-A0": LINK_MBPS / 2, "C0-B0": LINK_MBPS / 2}}, ("C0-B0", "B0-A0", "C2-B2", "B2-A0")),
        ({"lossy": {"B0-A0": 5e-2}}, ("B0-A0", "B2-A0", "C0-B0", "C2-B2")),
    ],
)
def test_weights_are_nearly_the_best_of_a_search(fault: dict[str, dict[str, float]], knobs: tuple[str, ...]) -> None:
    """All combinations of weights of the links that matter, upwards; the others stay at 1."""
    snapshot = with_faults(figure_1(), **fault)
    rows = [link_rows(snapshot, name)[0] for name in knobs]
    best = np.inf
    for chosen in product((0.2, 0.4, 0.7, 1.0), repeat=len(rows)):
        weight = snapshot[FabricLinks].weight.copy()
        weight[rows] = chosen
        best = min(best, fullest(snapshot.replaced(snapshot[FabricLinks].with_column("weight", weight))))
    edit = reweighting(snapshot)
    assert edit is not None
    assert fullest(apply_edits(snapshot, [edit])) <= 1.1 * best
    assert best < 0.9 * fullest(snapshot)


@settings(max_examples=25)
@given(
    lossy=st.dictionaries(st.sampled_from(CABLES), st.sampled_from([5e-2, 5e-3, 5e-5]), max_size=3),
    slower=st.dictionaries(st.sampled_from(CABLES), st.sampled_from([60.0, LINK_MBPS / 2]), max_size=2),
    down=st.sets(st.sampled_from(CABLES), max_size=2),
)
def test_weights_are_whole_gain_something_and_cut_nobody_off(
    lossy: dict[str, float], slower: dict[str, float], down: set[str]
) -> None:
    snapshot = with_faults(THREE, lossy=lossy, slower=slower, down=down)
    edit = reweighting(snapshot)
    if edit is None:
        return
    assert (edit.after == np.rint(edit.after)).all()
    assert edit.after.min() >= 1
    assert edit.after.max() <= LARGEST_WEIGHT
    after = apply_edits(snapshot, [edit])
    demand = uniform_demand(snapshot, 200.0)
    assert switch_loads(after, demand).unroutable_mbps == pytest.approx(switch_loads(snapshot, demand).unroutable_mbps)
    assert fullest(after) <= fullest(snapshot) * 1.02
    again = reweighting(after)
    assert again is None or fullest(apply_edits(after, [again])) >= 0.8 * fullest(after)


def test_never_stays_never() -> None:
    snapshot = with_faults(figure_1(), slower={"B0-A0": LINK_MBPS / 2})
    row = link_rows(snapshot, "C1-B0")[0]
    weight = snapshot[FabricLinks].weight.copy()
    weight[row] = 0.0
    starved = snapshot.replaced(snapshot[FabricLinks].with_column("weight", weight))
    edit = reweighting(starved)
    assert edit is None or row not in edit.rows.tolist() or edit.after[edit.rows.tolist().index(row)] == 0


def test_t0s_without_workloads_send_nothing() -> None:
    snapshot = figure_1()
    host = snapshot[Placements].host.copy()
    host[:2] = host[2]
    emptied = snapshot.replaced(snapshot[Placements].with_column("host", host))
    assert peopled(emptied).tolist() == [False, True, True, True]
