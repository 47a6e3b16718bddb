"""A state as arrays: each column against a plain reading of the tables."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from fabrics_small import figure_1, ladders, with_links, with_nodes
from hypothesis import given

from fairlead.model import DestinationWeights, FabricLinks, Nodes, Placements, Snapshot
from fairlead.predict.flows.fabric import DEFAULT_BUFFER_BYTES, Fabric, fabric

SMALL = figure_1()


def array_names() -> list[str]:
    return [name for name in Fabric.__dataclass_fields__ if name not in ("ladder", "routing")]


@given(ladders())
def test_columns_as_the_tables_say(snapshot: Snapshot) -> None:
    state, nodes, links = fabric(snapshot), snapshot[Nodes], snapshot[FabricLinks]
    t0s = [row for row in range(nodes.row_count) if nodes.tier[row] == "t0"]
    for row in range(nodes.row_count):
        assert state.tier[row] == ("server", "t0", "t1", "t2").index(nodes.tier[row])
        assert (state.switch[row] < 0) == (nodes.tier[row] == "server")
        if nodes.tier[row] == "server":
            up = [n for n in range(links.row_count) if links.source[n] == row]
            down = [n for n in range(links.row_count) if links.target[n] == row]
            assert ([state.uplink[row]], [state.downlink[row]]) == (up, down)
            assert state.t0[row] == links.target[up[0]]
            assert t0s[state.destination[row]] == state.t0[row]
            assert state.host[row] == row
        else:
            assert state.uplink[row] == state.downlink[row] == state.t0[row] == state.host[row] == -1
            assert state.destination[row] == (t0s.index(row) if row in t0s else -1)
    for row in range(links.row_count):
        source, target = links.source[row], links.target[row]
        whole = nodes.drop_ratio[source] < 1 and nodes.drop_ratio[target] < 1 and links.drop_ratio[row] < 1
        assert state.alive[row] == (links.up[row] and whole)
        kept = 1 - links.drop_ratio[row]
        assert state.link_pass_ratio[row] == pytest.approx(kept)
        switch_kept = 1.0 if nodes.tier[target] == "server" else 1 - nodes.drop_ratio[target]
        assert state.way_pass_ratio[row] == pytest.approx(kept * switch_kept)


@given(ladders())
def test_own_weights_by_link(snapshot: Snapshot) -> None:
    state, links, own = fabric(snapshot), snapshot[FabricLinks], snapshot[DestinationWeights]
    routing, found = state.routing, {}
    for link in range(links.row_count):
        part = slice(routing.own_start[link], routing.own_start[link + 1])
        destinations = routing.own_destination[part].tolist()
        assert destinations == sorted(destinations)
        for number, weight in zip(destinations, routing.own_weight[part].tolist(), strict=True):
            t0 = int(np.flatnonzero(state.tier == 1)[number])
            found[int(links.source[link]), int(links.target[link]), t0] = weight
    rows = zip(own.source, own.target, own.destination, own.weight.tolist(), strict=True)
    assert found == {(int(a), int(b), int(d)): weight for a, b, d, weight in rows}


def test_buffers_that_are_not_known() -> None:
    known = with_links(SMALL.snapshot, "buffer_bytes", {3: 9_000.0})
    buffers = fabric(known).buffer_bytes
    assert buffers[3] == 9_000
    assert (np.delete(buffers, 3) == DEFAULT_BUFFER_BYTES).all()


def test_a_server_that_drops_some_is_alive_and_one_that_drops_all_is_not() -> None:
    state = fabric(with_nodes(SMALL.snapshot, {0: 0.999, 1: 1.0}))
    assert state.alive[state.uplink[0]]
    assert not state.alive[state.uplink[1]]
    assert not state.alive[state.downlink[1]]


def test_made_once_for_equal_content_and_anew_for_other() -> None:
    first = fabric(SMALL.snapshot)
    again = fabric(Snapshot([*SMALL.snapshot.tables]))
    assert again is first
    nodes = SMALL.snapshot[Nodes]
    equal = SMALL.snapshot.replaced(nodes.with_column("drop_ratio", nodes.drop_ratio.copy()))
    assert fabric(equal) is first
    moved = SMALL.snapshot[Placements].host.copy()
    moved[0] = moved[1]
    others = (
        with_nodes(SMALL.snapshot, {9: 0.5}),
        with_links(SMALL.snapshot, "weight", {20: 2.0}),
        SMALL.snapshot.replaced(SMALL.snapshot[Placements].with_column("host", moved)),
    )
    assert len({id(fabric(other)) for other in (SMALL.snapshot, *others)}) == 4
    assert fabric(others[2]).host[0] == moved[1]


def test_arrays_are_locked_and_travel() -> None:
    state = fabric(SMALL.snapshot)
    arrays = [getattr(state, name) for name in array_names()] + [*state.ladder, *state.routing]
    assert not any(array.flags.writeable for array in arrays)
    twin = pickle.loads(pickle.dumps(state))
    for name in array_names():
        assert np.array_equal(getattr(twin, name), getattr(state, name))


def test_a_weight_of_a_link_that_is_not_there_is_our_mistake() -> None:
    node = SMALL.node
    for ends in (("C0", "B2", "C1"), ("C0", "B0", "B1")):
        rows = {
            name: np.array([node[end]], np.int32)
            for name, end in zip(("source", "target", "destination"), ends, strict=True)
        }
        own = DestinationWeights.of(**rows, weight=[1.0])
        with pytest.raises(AssertionError, match="a weight"):
            fabric(Snapshot([*SMALL.snapshot.tables, own]))
