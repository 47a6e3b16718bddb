"""What full queues cost short flows, against the measured tables themselves."""

import numpy as np
import pytest

from fairlead.kernels.draws import mixed_keys
from fairlead.predict.flows.short import ShortFlows
from fairlead.predict.flows.short_crowding import _unharmed, crowded_s, crowding_ratios, handshake_ratio
from fairlead.predict.flows.transport import shipped

COUNT = 20_000
TABLES = shipped()


def met(
    utilisation_ratio: tuple[float, ...], flow_count: tuple[float, ...], size_bytes: float = 30_000.0
) -> ShortFlows:
    hops = np.ones((COUNT, len(utilisation_ratio)))
    return ShortFlows(
        size_bytes=np.full(COUNT, size_bytes),
        base_rtt_ms=np.full(COUNT, 0.6),
        loss_ratio=np.zeros(COUNT),
        capacity_mbps=300.0 * hops,
        buffer_bytes=150_000.0 * hops,
        utilisation_ratio=np.array(utilisation_ratio) * hops,
        flow_count=np.array(flow_count) * hops,
        share_mbps=300.0 * 1448 / 1500 / np.maximum(flow_count, 1.0) * hops,
        key=mixed_keys(np.arange(COUNT, dtype=np.uint64), 3),
    )


def at_start_ratio(flows: ShortFlows) -> np.ndarray:
    return crowding_ratios(flows, np.zeros(flows.capacity_mbps.shape, np.int32), TABLES, "cubic")[0]


def added_s(flows: ShortFlows, rtt_ms: np.ndarray) -> np.ndarray:
    return crowded_s(flows, at_start_ratio(flows), rtt_ms, TABLES, "cubic")


def test_queues_one_after_the_other_each_drop_their_share() -> None:
    one = at_start_ratio(met((1.0,), (32.0,)))
    two = at_start_ratio(met((1.0, 0.0, 1.0), (32.0, 0.0, 32.0)))
    assert one[0] > 0.02
    assert two == pytest.approx(1 - (1 - one) ** 2)


def test_an_idle_way_adds_nothing() -> None:
    assert not added_s(met((0.0, 0.3), (0.0, 4.0)), np.full(COUNT, 0.6)).any()


def test_a_lost_handshake_is_as_rare_as_its_packet_is_small() -> None:
    assert handshake_ratio(np.array([0.5])) == pytest.approx(0.5 * 60 / 1500)


@pytest.mark.parametrize("count", [8.0, 16.0, 32.0])
def test_times_of_a_second_and_more_are_not_those_of_lost_syns(count: float) -> None:
    flows, rtt = met((1.0,), (count,)), np.full(COUNT, 4.0)
    crowd = at_start_ratio(flows)
    luck = (np.arange(COUNT) + 0.5) / COUNT
    as_measured = TABLES.rounds("cubic", flows.size_bytes, crowd, rtt, luck) * 4e-3
    added = added_s(flows, rtt)
    assert (added > 0.9).mean() < 0.6 * (as_measured > 0.9).mean()
    assert (added > 0.9).mean() < 0.5 * crowd[0]
    assert (added > 0.01).mean() > 0.3 * crowd[0], "but lost data is felt"


def test_where_a_syn_was_lost_does_not_stand_for_others() -> None:
    """One packet at a tenth of loss: the measured time at level 0.9 is a second, that of a lost SYN."""
    table = TABLES.rounds_taken["cubic"].grid
    luck = np.linspace(0.0, 1.0 - 1e-12, 4_000)
    for loss in (0.05, 0.1, 0.2):
        kept = np.minimum(luck * (1 - loss), _unharmed(np.full(4_000, loss), table.levels))
        level = table.nearest_level(kept)
        edges = np.concatenate([[0.0], (table.levels[1:] + table.levels[:-1]) / 2, [1.0]])
        assert edges[level.max() + 1] <= 1 - loss + 1e-12 < edges[level.max() + 2]
        taken = TABLES.rounds("cubic", np.full(4_000, 1448.0), np.full(4_000, loss), np.full(4_000, 5.0), kept) * 5.0
        assert (taken > 900).mean() < 0.01
    assert _unharmed(np.zeros(1), table.levels)[0] > 1 - 1e-9


def test_more_flows_never_cost_less_on_average() -> None:
    rtt = np.full(COUNT, 4.0)
    cost = [added_s(met((1.0,), (count,)), rtt).mean() for count in (2.0, 8.0, 16.0, 32.0)]
    assert cost == sorted(cost)
