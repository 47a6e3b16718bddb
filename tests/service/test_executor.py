from __future__ import annotations

import pytest

from fairlead.model import BadInputError, UsageError
from fairlead.service.executor import map_shards


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
