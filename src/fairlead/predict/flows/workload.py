"""What is known of the traffic: how many flows come, how large, between which servers (SWARM 3.2, 3.3).

Sizes and pairs are quantiles at numbers in [0, 1) that the caller gives. What the snapshot's tables lack is as
uncertain as it can be (SWARM 3.4; ``uncertain.py``).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Arrivals, FlowSizes, Nodes, Pairs, Snapshot
from fairlead.predict.flows.fabric import tiers
from fairlead.predict.flows.uncertain import arrivals_at_load, log_uniform_sizes

Reals = NDArray[np.float64]
Int32s = NDArray[np.int32]


def arrivals_per_s(snapshot: Snapshot, chance: np.random.Generator) -> float:
    """Flows a second in the whole network; where nobody knows, those of a load that ``chance`` draws."""
    if Arrivals in snapshot and snapshot[Arrivals].row_count:
        return float(snapshot[Arrivals].arrivals_per_s[0])
    return arrivals_at_load(snapshot, mean_size_bytes(snapshot), float(chance.random()))


def drawn_sizes(snapshot: Snapshot, luck: Reals) -> Reals:
    """[flows] bytes, at least one: the size at that quantile of FlowSizes, straight between its points."""
    if FlowSizes not in snapshot or snapshot[FlowSizes].row_count == 0:
        return log_uniform_sizes(luck)
    table = snapshot[FlowSizes]
    # a first point above 0 is an atom: np.interp gives its size to all luck below it
    return np.maximum(np.interp(luck, table.cdf_ratio, table.size_bytes), 1.0)


def mean_size_bytes(snapshot: Snapshot) -> float:
    """The mean of the flow sizes that a demand draws."""
    if FlowSizes not in snapshot or snapshot[FlowSizes].row_count == 0:
        return float(log_uniform_sizes(_MIDPOINTS).mean())
    table = snapshot[FlowSizes]
    cdf, size = table.cdf_ratio.astype(np.float64), table.size_bytes.astype(np.float64)
    return float(cdf[0] * size[0] + (np.diff(cdf) * (size[1:] + size[:-1]) / 2).sum())


_MIDPOINTS = (np.arange(100_000) + 0.5) / 100_000


def drawn_pairs(snapshot: Snapshot, luck: Reals) -> tuple[Int32s, Int32s]:
    """Ordered pairs of distinct servers: source and target [flows], node rows; all alike where Pairs is not there."""
    if Pairs in snapshot and snapshot[Pairs].row_count:
        pairs = snapshot[Pairs]
        reach = pairs.memo(("cumulated", "probability"), partial(_cumulated, pairs))
        row = np.searchsorted(reach, luck * reach[-1], side="right")
        return pairs.source[row], pairs.target[row]
    servers = np.flatnonzero(tiers(snapshot[Nodes]) == 0).astype(np.int32)
    count = len(servers)
    assert count >= 2, "traffic needs two servers"
    pair = np.minimum((luck * (count * (count - 1))).astype(np.int64), count * (count - 1) - 1)
    source, other = pair // (count - 1), pair % (count - 1)
    return servers[source], servers[other + (other >= source)]


def _cumulated(pairs: Pairs) -> Reals:
    reach = np.cumsum(pairs.probability.astype(np.float64))
    assert reach[-1] > 0, "no pair ever talks"
    return reach
