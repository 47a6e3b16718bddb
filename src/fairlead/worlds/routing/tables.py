"""Segments as the tables of a snapshot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Access, Direct, Links
from fairlead.worlds.routing.internet import Backbone
from fairlead.worlds.routing.places import Reals
from fairlead.worlds.routing.routes import Segments


def link_table(backbone: Backbone, metrics: Segments, capacity_mbps: Reals, price: Reals) -> Links:
    """Everything [links]."""
    return Links.of(
        source=backbone.source,
        target=backbone.target,
        latency_ms=metrics.latency_ms,
        jitter_ms=metrics.jitter_ms,
        loss_ratio=metrics.loss_ratio,
        capacity_mbps=capacity_mbps,
        cost_per_mbps=price,
    )


def access_table(metrics: Segments) -> Access:
    """From metrics [groups, sites]: one row a cell, by group, then site."""
    group_count, site_count = metrics.latency_ms.shape
    return Access.of(
        group=np.repeat(np.arange(group_count, dtype=np.int32), site_count),
        site=np.tile(np.arange(site_count, dtype=np.int32), group_count),
        latency_ms=metrics.latency_ms.reshape(-1),
        jitter_ms=metrics.jitter_ms.reshape(-1),
        loss_ratio=metrics.loss_ratio.reshape(-1),
    )


def direct_table(
    source: NDArray[np.int32], target: NDArray[np.int32], metrics: Segments, known: NDArray[np.bool_]
) -> Direct:
    """Of everything [pairs], the rows that are ``known``; metrics in single precision, since pairs are many."""
    return Direct.of(
        source_group=source[known],
        target_group=target[known],
        latency_ms=metrics.latency_ms[known].astype(np.float32),
        jitter_ms=metrics.jitter_ms[known].astype(np.float32),
        loss_ratio=metrics.loss_ratio[known].astype(np.float32),
    )
