"""One map over shards: in this process, in a pool of processes or on a Dask cluster, with the same result bit for bit.

A shard is a pure function's argument, so neither the number of workers nor the order in which they finish can show in
the answer.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from fairlead.model import MissingExtraError, UsageError

A = TypeVar("A")
R = TypeVar("R")
Done = Callable[[int, int], None]
CONNECT_S = 10.0


def silent(_done_count: int, _total_count: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who does the work: this process (1), a pool of processes, or the Dask cluster at ``cluster`` (host:port)."""

    count: int = 1
    cluster: str = ""

    def map(self, fn: Callable[[A], R], shards: Sequence[A], progress: Done = silent) -> list[R]:
        """``[fn(shard) for shard in shards]``, wherever it runs; see :func:`map_shards` and :func:`map_on_cluster`."""
        if self.cluster:
            return map_on_cluster(fn, shards, self.cluster, progress)
        return map_shards(fn, shards, self.count, progress)


def map_shards(fn: Callable[[A], R], shards: Sequence[A], workers: int = 1, progress: Done = silent) -> list[R]:
    """``[fn(shard) for shard in shards]``, with the answers in the order of the shards.

    workers  : 1 runs in this process; more run in as many fresh processes, for which ``fn`` must be a module's own
               function and shards must pickle
    progress : called in this process after each shard with how many are done, and of how many

    What a shard raises is raised here as it was, that of the first such shard in order; shards that have not begun are
    dropped. UsageError for less than one worker.
    """
    if workers < 1:
        raise UsageError(
            code="executor.workers", what="work needs at least one worker", got=str(workers), expected="1 or more"
        )
    if workers == 1 or len(shards) < 2:
        return _in_process(fn, shards, progress)
    return _in_pool(fn, shards, min(workers, len(shards)), progress)


def _in_process(fn: Callable[[A], R], shards: Sequence[A], progress: Done) -> list[R]:
    answers = []
    for done_count, shard in enumerate(shards, start=1):
        answers.append(fn(shard))
        progress(done_count, len(shards))
    return answers


def _in_pool(fn: Callable[[A], R], shards: Sequence[A], workers: int, progress: Done) -> list[R]:
    # spawn, not fork: compiled kernels and solvers hold threads and locks that a fork would copy in mid-air
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(fn, shard) for shard in shards]
        try:
            pending: set[Future[R]] = set(futures)
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                if any(future.exception() for future in finished):
                    break
                progress(len(futures) - len(pending), len(futures))
            return [future.result() for future in _settled(futures)]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _settled(futures: Sequence[Future[R]]) -> Sequence[Future[R]]:
    """All of them; where one failed, those up to the first in order that did, so that the same error always shows."""
    for number, future in enumerate(futures):
        if future.exception() is not None:  # waits for those ahead of it
            return futures[: number + 1]
    return futures


def map_on_cluster(
    fn: Callable[[A], R], shards: Sequence[A], address: str, progress: Done = silent, connect_s: float = CONNECT_S
) -> list[R]:
    """As :func:`map_shards`, on the workers of a Dask scheduler; they must have this version of Fairlead installed.

    MissingExtraError without the extra ``cluster``; UsageError when nobody answers at the address within ``connect_s``.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtraError(
            code="executor.no_dask",
            what="a cluster needs the extra that is not installed",
            expected="Dask distributed",
            hint="pip install 'fairlead[cluster]'",
        ) from None
    try:
        client = distributed.Client(address, timeout=connect_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            code="executor.no_cluster",
            what="no Dask scheduler answers",
            where=address,
            got=" ".join(str(error).split()),
            expected="the address of a running scheduler, host:port",
        ) from None
    with client:
        futures = client.map(fn, shards, pure=False)
        for done_count, _ in enumerate(distributed.as_completed(futures, loop=client.loop), start=1):
            progress(done_count, len(futures))
        return _gathered(futures)


def _gathered(futures: Sequence[Any]) -> list[Any]:
    """The answers in the order of the shards; the error of the first shard that failed, as it was raised."""
    return [future.result() for future in futures]
