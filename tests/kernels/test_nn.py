"""Served layers against PyTorch's own modules and against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.kernels import nn


def _edges(rng: np.random.Generator, node_count: int, edge_count: int) -> tuple[np.ndarray, np.ndarray]:
    first = rng.integers(0, node_count, edge_count).astype(np.int32)
    second = ((first + rng.integers(1, node_count, edge_count)) % node_count).astype(np.int32)
    return first, second


@pytest.mark.parametrize(
    ("rows", "steps", "inputs", "hidden"), [(1, 1, 1, 1), (7, 3, 5, 32), (0, 3, 5, 8), (40, 6, 11, 16)]
)
def test_gru_last_is_torchs(rows: int, steps: int, inputs: int, hidden: int) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(rows + steps)
    module = torch.nn.GRU(inputs, hidden, batch_first=True)
    sequence = np.random.default_rng(1).normal(0, 2, (rows, steps, inputs)).astype(np.float32)
    served = nn.gru_last(sequence, *(p.detach().numpy() for p in module.parameters()))
    assert served.dtype == np.float32
    assert served.shape == (rows, hidden)
    if rows:
        with torch.no_grad():
            expected = module(torch.from_numpy(sequence))[0][:, -1].numpy()
        np.testing.assert_allclose(served, expected, atol=1e-6)


def test_linear_and_activations_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    module = torch.nn.Linear(6, 4)
    inputs = np.random.default_rng(2).normal(0, 30, (9, 6)).astype(np.float32)
    weight, bias = (p.detach().numpy() for p in module.parameters())
    served = nn.linear(inputs, weight, bias)
    with torch.no_grad():
        expected = module(torch.from_numpy(inputs))
    np.testing.assert_allclose(served, expected.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(nn.sigmoid(served), torch.sigmoid(expected).numpy(), atol=1e-6)
    np.testing.assert_allclose(nn.relu(served), torch.relu(expected).numpy(), rtol=1e-5, atol=1e-5)


def test_sigmoid_stays_in_range_at_the_extremes() -> None:
    served = nn.sigmoid(np.array([-1e30, -100.0, 0.0, 100.0, 1e30], dtype=np.float32))
    assert served.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 40), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_mean_of_neighbours_is_the_row_normalised_adjacency(
    node_count: int, edge_count: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    first, second = _edges(rng, node_count, edge_count)
    values = rng.normal(size=(node_count, width)).astype(np.float32)
    adjacency = np.zeros((node_count, node_count))
    np.add.at(adjacency, (first, second), 1.0)
    np.add.at(adjacency, (second, first), 1.0)
    degree = adjacency.sum(axis=1, keepdims=True)
    expected = np.divide(adjacency @ values, degree, out=np.zeros((node_count, width)), where=degree > 0)
    served = nn.mean_of_neighbours(values, *nn.neighbour_lists(first, second, node_count))
    np.testing.assert_allclose(served, expected, atol=1e-5)


def test_neighbour_lists_keep_the_order_of_the_edges() -> None:
    starts, neighbours = nn.neighbour_lists(np.array([2, 0, 2], np.int32), np.array([0, 1, 1], np.int32), 4)
    assert starts.tolist() == [0, 2, 4, 6, 6]
    assert neighbours.tolist() == [2, 1, 0, 2, 0, 1]


def test_mean_of_neighbours_is_pygs_aggregation() -> None:
    torch = pytest.importorskip("torch")
    geometric = pytest.importorskip("torch_geometric.nn")
    torch.manual_seed(5)
    convolution = geometric.SAGEConv(8, 6, aggr="mean")
    rng = np.random.default_rng(5)
    first, second = _edges(rng, 20, 50)
    values = rng.normal(size=(20, 8)).astype(np.float32)
    both = torch.from_numpy(np.stack([np.r_[first, second], np.r_[second, first]]).astype(np.int64))
    with torch.no_grad():
        expected = convolution(torch.from_numpy(values), both).numpy()
    means = nn.mean_of_neighbours(values, *nn.neighbour_lists(first, second, 20))
    parameters = {name: p.detach().numpy() for name, p in convolution.named_parameters()}
    own = values @ parameters["lin_r.weight"].T
    served = nn.linear(means, parameters["lin_l.weight"], parameters["lin_l.bias"]) + own
    np.testing.assert_allclose(served, expected, atol=1e-5)
