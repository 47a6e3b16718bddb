"""Samples of the estimator in one process, in a pool and on a real Dask cluster: the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from fairlead.model import Snapshot, apply_edits
from fairlead.predict.flows.demand import Sampling
from fairlead.predict.flows.estimate import Effort, FlowEstimator
from fairlead.predict.flows.transport import shipped
from fairlead.service.executor import Workers
from fairlead.worlds.fabric import cut_link, figure_1, lossy_link

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def states() -> list[Snapshot]:
    lossy = apply_edits(figure_1(), lossy_link(figure_1(), "C0", "B0", 0.05))
    return [lossy, apply_edits(lossy, cut_link(lossy, "C0", "B0"))]


def values(states: list[Snapshot], workers: Workers, parts: int = 1) -> np.ndarray:
    sampling = Sampling(horizon_s=3.0, from_s=0.5, until_s=2.5)
    estimate = FlowEstimator(
        effort=Effort(demand_count=2, sampling=sampling, part_count=parts),
        transport=shipped(),
        congestion_control="cubic",
        seed=3,
        mapper=workers.map,
    )
    return np.stack([np.column_stack([each.values, each.cut_off_ratio]) for each in estimate(states, range(1, 6))])


def test_a_pool_changes_nothing(states: list[Snapshot]) -> None:
    assert np.array_equal(values(states, Workers()), values(states, Workers(count=2)))


def test_a_cluster_changes_nothing(states: list[Snapshot], scheduler: str) -> None:
    assert np.array_equal(values(states, Workers(), parts=2), values(states, Workers(cluster=scheduler), parts=2))


def test_a_sample_is_the_same_whatever_is_asked_with_it(states: list[Snapshot]) -> None:
    together = values(states, Workers())
    assert np.array_equal(values(states[1:], Workers())[0], together[1])
    assert not np.array_equal(together[0], together[1])
