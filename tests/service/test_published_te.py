"""Published optima and measured matrices, where they are; every matrix is judged by `fairlead reproduce route`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairlead.model import BadInputError
from fairlead.service.executor import Workers
from fairlead.service.published_te import GAP, Matrix, abilene_week, facebook_pod, judged, published_te
from fairlead.worlds.overlay.meshes import data_dir


@pytest.fixture(scope="module")
def folder() -> Path:
    if not (data_dir() / "panorama" / "abilene_tm_week1.npz").is_file():
        pytest.skip("no published traffic matrices: set FAIRLEAD_DATA")
    return data_dir()


def test_the_pod_equals_the_published_optima(folder: Path) -> None:
    problem, matrices = facebook_pod(folder)
    assert len(matrices) == 10_000
    assert problem.path.shape == (12, 3)
    errors = judged(problem, matrices[::100])
    assert errors.matrix_count == 100
    assert errors.published_error <= 1e-6
    assert errors.solver_error <= 1e-6
    assert errors.proof_error <= 1e-6
    assert errors.first_order_gap <= GAP


def test_abilene_is_proven_and_solvers_agree(folder: Path) -> None:
    problem, matrices = abilene_week(folder)
    assert len(matrices) == 2_016
    assert problem.path.shape == (132, 5)
    assert (problem.path >= 0).sum(axis=1).tolist().count(5) > 100  # the access point has one way in and one out
    assert (problem.path[:, 0] >= 0).all()
    errors = judged(problem, matrices[::200])
    assert np.isnan(errors.published_error)
    assert errors.solver_error <= 1e-6
    assert errors.proof_error <= 1e-6
    assert errors.first_order_gap <= GAP


def test_a_wrong_optimum_is_seen(folder: Path) -> None:
    problem, matrices = facebook_pod(folder)
    good = matrices[0]
    wrong = Matrix(good.demand, good.optimum + 1e-3)
    assert judged(problem, [good, wrong]).published_error == pytest.approx(1e-3)


def test_without_the_files_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="FAIRLEAD_DATA"):
        published_te(tmp_path, Workers())
