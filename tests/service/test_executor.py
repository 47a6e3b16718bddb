from __future__ import annotations

from collections.abc import Iterator

import pytest

from fairlead.model import BadInputError, UsageError
from fairlead.service.executor import Workers, map_on_cluster, map_shards


def third(value: float) -> float:
    return value / 3.0


def fussy(value: int) -> int:
    if value in (2, 4):
        raise BadInputError(code="test.fussy", what=f"no {value}", where="shard", got=str(value))
    return value


def test_the_order_is_that_of_the_shards_and_progress_counts_up() -> None:
    seen: list[tuple[int, int]] = []
    assert map_shards(third, [3.0, 1.0, 2.0], progress=lambda done, total: seen.append((done, total))) == [
        1,
        1 / 3,
        2 / 3,
    ]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_no_shards_give_no_answers() -> None:
    assert map_shards(third, [], workers=4) == []


def test_what_a_shard_raises_is_raised_as_it_was() -> None:
    with pytest.raises(BadInputError, match=r"test\.fussy: no 2; at shard; got: 2"):
        map_shards(fussy, [1, 2, 3, 4])


def test_less_than_one_worker_is_refused() -> None:
    with pytest.raises(UsageError, match=r"executor\.workers"):
        map_shards(third, [1.0], workers=0)


@pytest.mark.slow
def test_a_pool_gives_the_same_bits_the_same_order_and_the_same_error() -> None:
    shards = [float(number) for number in range(23)]
    seen: list[int] = []
    assert map_shards(third, shards, workers=2, progress=lambda done, _: seen.append(done)) == map_shards(third, shards)
    assert seen == sorted(seen)
    assert seen[-1] == 23
    with pytest.raises(BadInputError, match=r"test\.fussy: no 2; at shard; got: 2"):
        map_shards(fussy, [1, 2, 3, 4], workers=2)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask scheduler with two workers, on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_gives_the_same_bits_in_the_same_order(scheduler: str) -> None:
    shards = [float(number) for number in range(17)]
    seen: list[tuple[int, int]] = []
    found = Workers(cluster=scheduler).map(third, shards, lambda done, total: seen.append((done, total)))
    assert found == map_shards(third, shards) == Workers(count=2).map(third, shards)
    assert seen == [(number, 17) for number in range(1, 18)]


def test_what_a_shard_raises_on_a_cluster_is_raised_here(scheduler: str) -> None:
    with pytest.raises(BadInputError, match=r"test\.fussy: no 2; at shard; got: 2"):
        map_on_cluster(fussy, [1, 2, 3, 4], scheduler)


def test_nobody_at_the_address_is_one_line() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match=r"executor\.no_cluster: no Dask scheduler answers; at tcp://127\.0\.0\.1:9"):
        map_on_cluster(third, [1.0], "tcp://127.0.0.1:9", connect_s=0.3)
