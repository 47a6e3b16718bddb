"""The split against optima that others published and against other solvers, on measured traffic matrices.

- a data center pod (FIGRET's copy of Facebook's traces): 4 racks, 3 paths a pair, the optimum of every matrix beside it
- Abilene, one week of 2004 in 5-minute matrices: 11 routers and one access point, the 5 shortest paths of every pair

The files are not part of the project; see :mod:`fairlead.worlds.overlay.meshes` for where they are looked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.flow import FlowProblem
from fairlead.kernels.flow_program import exact_utilisation
from fairlead.kernels.flow_split import least_utilisation
from fairlead.kernels.lp import Method
from fairlead.model import BadInputError, Links, Paths, Sites, Snapshot
from fairlead.planners.route.backbone import with_paths
from fairlead.predict.link_loads import extended_links
from fairlead.service.executor import Done, Workers, silent

Reals = NDArray[np.float64]

GAP = 1e-3
"""What the first-order method is asked for on every matrix."""
ABILENE_PATHS = 5
SHARD = 100


class Matrix(NamedTuple):
    """A demand [pairs] and its published optimum (NaN: none)."""

    demand: Reals
    optimum: float


class Errors(NamedTuple):
    """Worst figures over all matrices: relative or absolute as named, and how often a promised gap was not kept."""

    matrix_count: int
    published_error: float
    solver_error: float
    proof_error: float
    first_order_gap: float


def published_te(folder: Path, workers: Workers, progress: Done = silent) -> dict[str, dict[str, float]]:
    """Every matrix of both sets; ``progress`` is told of shards done. BadInputError without the files.

    published_error : largest |C-MLU - published optimum|; solver_error : largest relative difference between simplex
    and interior point; proof_error : largest relative distance of a solution from its own dual floor;
    first_order_gap : largest gap that the first-order method proved, asked for :data:`GAP`
    """
    sets = {"facebook_pod_a": facebook_pod(folder), "abilene_week_1": abilene_week(folder)}
    shards = [
        (name, (problem, matrices[at : at + SHARD]))
        for name, (problem, matrices) in sets.items()
        for at in range(0, len(matrices), SHARD)
    ]
    rows = workers.map(_rows, [shard for _, shard in shards], progress)
    return {
        name: _worst(np.concatenate([part for part, (of, _) in zip(rows, shards, strict=True) if of == name]))._asdict()
        for name in sets
    }


def judged(problem: FlowProblem, matrices: list[Matrix]) -> Errors:
    """The figures of these matrices alone."""
    return _worst(_rows((problem, matrices)))


def _rows(shard: tuple[FlowProblem, list[Matrix]]) -> Reals:
    """[matrices, 4] the errors in the order of :class:`Errors`."""
    problem, matrices = shard
    return np.array([_errors(replace(problem, demand=matrix.demand), matrix.optimum) for matrix in matrices])


def _worst(rows: Reals) -> Errors:
    known = ~np.isnan(rows)
    worst = [float(rows[known[:, column], column].max()) if known[:, column].any() else math.nan for column in range(4)]
    return Errors(len(rows), *worst)


def _errors(problem: FlowProblem, optimum: float) -> tuple[float, float, float, float]:
    exact = exact_utilisation(problem, method=Method.SIMPLEX)
    other = exact_utilisation(problem, method=Method.INTERIOR)
    ours = least_utilisation(problem, gap=GAP)
    assert exact is not None and other is not None, "no time limit was set"  # noqa: PT018
    scale = exact.value or 1.0
    return (
        abs(exact.value - optimum),
        abs(exact.value - other.value) / scale,
        (exact.value - exact.floor) / scale,
        (ours.value - ours.floor) / (ours.value or 1.0),
    )


def facebook_pod(folder: Path) -> tuple[FlowProblem, list[Matrix]]:
    """The pod's links and paths, and every matrix of the training and the test set with its published optimum."""
    home = _existing(folder / "panorama" / "figret_facebook_pod_a")
    edges = json.loads((home / "Facebook_pod_a.json").read_text("utf-8"))["links"]
    link = {(edge["source"], edge["target"]): row for row, edge in enumerate(edges)}
    pairs, sequences = [], []
    for line in (home / "tunnels.txt").read_text("utf-8").splitlines():
        ends, tunnels = line.split(":")
        pairs.append([int(end) for end in ends.split()])
        sequences.append([[int(node) for node in tunnel.split("-")] for tunnel in tunnels.split(",")])
    flat = [sequence for of_pair in sequences for sequence in of_pair]
    used = [[link[hop] for hop in pairwise(sequence)] for sequence in flat]
    slots = len(sequences[0])
    assert all(len(of_pair) == slots for of_pair in sequences), "a pair has other than 3 tunnels"
    problem = FlowProblem(
        path=np.arange(len(flat), dtype=np.int32).reshape(-1, slots),
        demand=np.zeros(len(pairs)),
        start=np.cumsum([0, *map(len, used)]).astype(np.int64),
        used=np.concatenate(used).astype(np.int32),
        use=1.0 / np.array([edge["capacity"] for edge in edges]),
        base=np.zeros(len(edges)),
    )
    return problem, list(_pod_matrices(home, np.array(pairs)))


def _pod_matrices(home: Path, pairs: NDArray[np.int64]) -> Iterator[Matrix]:
    for history in sorted(home.glob("*/*.hist")):
        demand = np.loadtxt(history, ndmin=2)
        count = round(demand.shape[1] ** 0.5)
        optimum = np.loadtxt(history.with_suffix(".opt"), ndmin=1)
        assert len(optimum) == len(demand), f"{history.name}: not one optimum a matrix"
        cell = pairs[:, 0] * count + pairs[:, 1]
        yield from (
            Matrix(np.ascontiguousarray(row[cell]), float(best)) for row, best in zip(demand, optimum, strict=True)
        )


def abilene_week(folder: Path) -> tuple[FlowProblem, list[Matrix]]:
    """Abilene's links, the shortest paths of every pair, and the matrices of the week; no optima are published."""
    home = folder / "panorama"
    table = np.loadtxt(_existing(home / "abilene_topology_cfr.txt"), skiprows=2)
    source, target = table[:, 1].astype(np.int32), table[:, 2].astype(np.int32)
    count = int(max(source.max(), target.max())) + 1
    links = Links.of(source=source, target=target, latency_ms=table[:, 3], capacity_mbps=table[:, 4] / 1e3)
    snapshot = with_paths(Snapshot([Sites.of(site=np.arange(count)), links]), ABILENE_PATHS)
    paths, extended = snapshot[Paths], extended_links(snapshot)
    between = np.flatnonzero(paths.source != paths.target)
    pair, row = np.unique(paths.source[between].astype(np.int64) * count + paths.target[between], return_inverse=True)
    path = np.full((len(pair), ABILENE_PATHS), -1, np.int32)
    path[row, paths.rank[between]] = between
    problem = FlowProblem(
        path=path,
        demand=np.zeros(len(pair)),
        start=extended.start,
        used=extended.used,
        use=extended.price / extended.capacity_mbps,
        base=np.zeros(extended.row_count),
    )
    bytes_to_mbps = 800 / 300 / 1e6  # counts are of 100 bytes in 300 s
    with np.load(_existing(home / "abilene_tm_week1.npz")) as stored:
        matrices = stored["tm"].astype(np.float64).reshape(-1, count * count) * bytes_to_mbps
    return problem, [Matrix(np.ascontiguousarray(matrix[pair]), float("nan")) for matrix in matrices]


def _existing(path: Path) -> Path:
    if not path.exists():
        raise BadInputError(
            code="published_te.missing",
            what="no published traffic matrices",
            where=path.name,
            expected="the folder that FAIRLEAD_DATA names",
            hint="set FAIRLEAD_DATA",
        )
    return path
