"""The estimator with a memory: what was estimated of a network once is not estimated again.

Sample ``i`` of a network does not depend on the others of a call, so many incidents and comparators share the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.predict.flows.clp import Clp
from fairlead.predict.flows.estimate import FlowEstimator
from fairlead.service.executor import Done, map_shards, silent

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEstimates:
    """An ``Estimate`` of up to ``sample_count`` samples of each network.

    estimator : who estimates; its demands are its own
    workers   : processes that do it
    kept      : by the network's content, its first ``sample_count`` samples
    """

    estimator: FlowEstimator
    sample_count: int
    workers: int = 1
    kept: dict[str, Clp] = field(default_factory=dict, compare=False, repr=False)

    def prepare(self, states: Iterable[Snapshot], progress: Done = silent) -> None:
        """Estimate what is not known yet, all of it together."""
        missing = list({each.basis: each for each in states if each.basis not in self.kept}.values())
        if not missing:
            return
        mapper = partial(map_shards, workers=self.workers, progress=progress)
        found = replace(self.estimator, mapper=mapper)(missing, range(self.sample_count))
        self.kept.update(zip((each.basis for each in missing), found, strict=True))

    def __call__(self, states: Sequence[Snapshot], samples: range) -> list[Clp]:
        """As the estimator; samples beyond ``sample_count`` are an error of ours."""
        assert samples.stop <= self.sample_count, "more samples than were prepared"
        self.prepare(states)
        rows = slice(samples.start, samples.stop)
        kept = [self.kept[each.basis] for each in states]
        return [Clp(values=each.values[rows], cut_off_ratio=each.cut_off_ratio[rows]) for each in kept]

    def means(self, states: Iterable[Snapshot]) -> Reals:
        """[states, metrics] of the samples."""
        return np.stack([self.kept[each.basis].values.mean(axis=0) for each in states])
