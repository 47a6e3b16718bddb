"""Neural layers as they are served: float32 arrays in, float32 arrays out, no learning framework.

The parameter layouts are PyTorch's (``weight [outputs, inputs]``; GRU gates stacked as reset, update, new), so weights
pass from training to serving untouched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, int64, njit, types
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]

# Arguments are declared read-only: the columns of a table are, and a writable array passes as well.
_INT32S = types.Array(int32, 1, "C", readonly=True)
_INT64S = types.Array(int64, 1, "C", readonly=True)
_FLOAT32S = types.Array(float32, 2, "C", readonly=True)


def linear(inputs: Matrix, weight: Matrix, bias: Vector) -> Matrix:
    """inputs [rows, inputs], weight [outputs, inputs], bias [outputs] -> [rows, outputs]."""
    outputs: Matrix = inputs @ weight.T + bias
    return outputs


def relu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """max(x, 0), any shape."""
    rectified: NDArray[np.float32] = np.maximum(values, np.float32(0.0))
    return rectified


def sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), any shape; written with tanh, so no logit overflows."""
    half = np.float32(0.5)
    squashed: NDArray[np.float32] = half + half * np.tanh(half * values)
    return squashed


def gru_last(
    sequence: NDArray[np.float32], input_weight: Matrix, hidden_weight: Matrix, input_bias: Vector, hidden_bias: Vector
) -> Matrix:
    """Last hidden state of a one-layer GRU (Cho et al. 2014) that starts from zero.

    sequence [rows, steps, inputs], input_weight [3 hidden, inputs], hidden_weight [3 hidden, hidden],
    biases [3 hidden] -> [rows, hidden]. The new gate is PyTorch's: ``tanh(W x + b + r * (U h + c))``.
    """
    rows, steps, _ = sequence.shape
    hidden_count = hidden_weight.shape[1]
    hidden = np.zeros((rows, hidden_count), dtype=np.float32)
    both = 2 * hidden_count
    for step in range(steps):
        from_input = linear(sequence[:, step], input_weight, input_bias)
        from_hidden = linear(hidden, hidden_weight, hidden_bias)
        gates = sigmoid(from_input[:, :both] + from_hidden[:, :both])
        reset, update = gates[:, :hidden_count], gates[:, hidden_count:]
        new = np.tanh(from_input[:, both:] + reset * from_hidden[:, both:])
        hidden = new + update * (hidden - new)
    return hidden


def neighbour_lists(
    first: NDArray[np.int32], second: NDArray[np.int32], node_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Undirected edges [edges] as compressed rows: (starts [nodes + 1], neighbours [2 edges]).

    The neighbours of node ``v`` are ``neighbours[starts[v]:starts[v + 1]]``, in the order of the edges.
    O(nodes + edges).
    """
    starts, neighbours = _neighbour_lists(
        np.ascontiguousarray(first, dtype=np.int32), np.ascontiguousarray(second, dtype=np.int32), node_count
    )
    return starts, neighbours


@njit(types.Tuple((int64[::1], int32[::1]))(_INT32S, _INT32S, int64), cache=True, nogil=True)
def _neighbour_lists(first: Any, second: Any, node_count: Any) -> Any:
    starts = np.zeros(node_count + 1, dtype=np.int64)
    for edge in range(len(first)):
        starts[first[edge] + 1] += 1
        starts[second[edge] + 1] += 1
    for node in range(node_count):
        starts[node + 1] += starts[node]
    free = starts[:-1].copy()
    neighbours = np.empty(2 * len(first), dtype=np.int32)
    for edge in range(len(first)):
        one, other = first[edge], second[edge]
        neighbours[free[one]] = other
        free[one] += 1
        neighbours[free[other]] = one
        free[other] += 1
    return starts, neighbours


def mean_of_neighbours(values: Matrix, starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> Matrix:
    """values [nodes, width] -> mean over each node's neighbours [nodes, width]; 0 for a node without neighbours.

    GraphSAGE's mean aggregation (Hamilton et al. 2017); 0 for the empty mean is what PyTorch Geometric does.
    O(edges x width).
    """
    assert values.dtype == np.float32, "served in float32"
    means: Matrix = _mean_of_neighbours(np.ascontiguousarray(values), starts, neighbours)
    return means


@njit(float32[:, ::1](_FLOAT32S, _INT64S, _INT32S), cache=True, nogil=True)
def _mean_of_neighbours(values: Any, starts: Any, neighbours: Any) -> Any:
    node_count, width = values.shape
    means = np.zeros((node_count, width), dtype=np.float32)
    for node in range(node_count):
        degree = starts[node + 1] - starts[node]
        if degree == 0:
            continue
        total = means[node]
        for place in range(starts[node], starts[node + 1]):
            neighbour = neighbours[place]
            for column in range(width):
                total[column] += values[neighbour, column]
        share = np.float32(1.0) / np.float32(degree)
        for column in range(width):
            total[column] *= share
    return means
