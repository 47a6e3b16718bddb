"""One sample on a network of two servers, where every flow can be worked out by hand."""

import numpy as np
import pytest

from fairlead.kernels.draws import mixed_keys
from fairlead.model import FabricLinks, Nodes, Placements, Snapshot
from fairlead.predict.flows.demand import Demand, Sampling
from fairlead.predict.flows.fabric import fabric
from fairlead.predict.flows.routing import draw
from fairlead.predict.flows.sample import Meets, Rule, observed, stitched
from fairlead.predict.flows.transport import shipped

SAMPLING = Sampling(horizon_s=1_000.0, from_s=0.0, until_s=900.0)
RTT_S = 0.4e-3
PAYLOAD = 1448 / 1500


def network(drop_ratio: tuple[float, float] = (0.0, 0.0), up: bool = True) -> Snapshot:
    """Two servers under one t0, 100 Mbit/s; ``drop_ratio`` of the link to the t0 from server 0, and back to it."""
    nodes = Nodes.of(node=np.array(["s0", "s1", "t"]), tier=np.array(["server", "server", "t0"]))
    links = FabricLinks.of(
        source=np.array([0, 2, 1, 2], np.int32),
        target=np.array([2, 0, 2, 1], np.int32),
        capacity_mbps=np.full(4, 100.0),
        delay_ms=np.full(4, 0.1),
        drop_ratio=np.array([drop_ratio[0], drop_ratio[1], 0.0, 0.0]),
        up=np.array([up, up, True, True]),
    )
    servers = np.array([0, 1], np.int32)
    return Snapshot((nodes, links, Placements.of(server=servers, host=servers.copy())))


def meets(snapshot: Snapshot, start_s: np.ndarray, size_bytes: np.ndarray, target: int = 1) -> Meets:
    state, count = fabric(snapshot), len(start_s)
    demand = Demand(
        start_s=start_s,
        source=np.zeros(count, np.int32),
        target=np.full(count, target, np.int32),
        size_bytes=size_bytes,
        key=mixed_keys(np.arange(count, dtype=np.uint64), 1),
    )
    return Meets(
        state=state, demand=demand, keys=demand.key, ways=draw(state, demand.source, demand.target, demand.key)
    )


def values(those: Meets) -> tuple[np.ndarray, float]:
    return stitched([observed(those, SAMPLING, Rule(), shipped(), "cubic")])


def apart(count: int, size_bytes: float) -> tuple[np.ndarray, np.ndarray]:
    """Flows that never meet."""
    return np.arange(count) * 1.0, np.full(count, size_bytes)


def test_a_lone_long_flow_has_the_link_to_itself_but_for_its_start() -> None:
    (_, first, mean), lost = values(meets(network(), *apart(50, 1e7)))
    assert lost == 0.0
    assert 0.97 * 100 * PAYLOAD < first <= mean < 100 * PAYLOAD


def test_two_at_once_share() -> None:
    start, size = apart(50, 5e6)
    (_, _, mean), _ = values(meets(network(), np.repeat(start, 2), np.repeat(size, 2)))
    assert mean == pytest.approx(50 * PAYLOAD, rel=0.03)


def test_a_lone_short_flow_takes_its_round_trips() -> None:
    (fct, _, _), _ = values(meets(network(), *apart(50, 10_000.0)))
    assert 2 * RTT_S < fct < 12 * RTT_S


def test_without_a_way_a_flow_never_ends() -> None:
    start, size = np.arange(20) * 1.0, np.tile([10_000.0, 1e7], 10)
    (fct, first, mean), lost = values(meets(network(up=False), start, size))
    assert (fct, first, mean, lost) == (np.inf, 0.0, 0.0, 1.0)


def test_a_way_back_that_loses_costs_handshakes_alone() -> None:
    count = 400
    start, size = apart(count, 1e7)
    (_, first, mean), _ = values(meets(network((0.0, 0.05)), start, size))
    (_, _, whole), _ = values(meets(network(), start, size))
    second = 8e7 / (8e7 / (whole * 1e6) + 1.0) / 1e6  # Mbit/s of a flow that waited a second
    assert first == pytest.approx(second, rel=0.02)
    assert mean == pytest.approx(0.95 * whole + 0.05 * second, rel=0.02)


def test_loss_on_the_way_there_costs_more_than_on_the_way_back() -> None:
    start, size = apart(400, 1e6)
    there, back = (values(meets(network(drop), start, size))[0] for drop in ((0.05, 0.0), (0.0, 0.05)))
    assert there[2] < 0.8 * back[2]


def test_only_measured_flows_count_and_the_same_call_gives_the_same_answer() -> None:
    start, size = apart(50, 1e6)
    later = np.concatenate([start, np.full(30, 950.0)])
    more = np.concatenate([size, np.full(30, 1e6)])
    first = values(meets(network((0.01, 0.0)), start, size))
    assert np.array_equal(first[0], values(meets(network((0.01, 0.0)), later, more))[0], equal_nan=True)
    assert np.array_equal(first[0], values(meets(network((0.01, 0.0)), start, size))[0], equal_nan=True)
