"""The invented Internet in one window: hours, small wanderings and degradations on top of what segments are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.routing.degradations import Degradation, Place
from fairlead.worlds.routing.internet import PROVIDER_COUNT, Internet
from fairlead.worlds.routing.places import Reals, Rows
from fairlead.worlds.routing.routes import Segments, joined_loss

BUSY_LATENCY = 0.3  # of the last mile's latency, at the busiest hour
BUSY_DIRECT = 0.04  # of a direct path's latency, at the busiest hour of both ends
BUSY_JITTER = 0.6


def link_conditions(internet: Internet, active: Iterable[Degradation], chance: np.random.Generator) -> Segments:
    """[links] of the backbone in a window."""
    base, source, target = internet.backbone.metrics, internet.backbone.source, internet.backbone.target
    metrics = _copied(base)
    metrics.latency_ms[:] *= np.exp(chance.normal(0, 0.01, len(source)))
    for hit in active:
        if hit.place is Place.LINK:
            both = (hit.first, hit.second)
            _worsen(metrics, np.flatnonzero(np.isin(source, both) & np.isin(target, both)), hit)
        elif hit.place is Place.SITE:
            _worsen(metrics, np.flatnonzero((source == hit.first) | (target == hit.first)), hit)
    return metrics


def access_conditions(
    internet: Internet, active: Iterable[Degradation], busy: Reals, chance: np.random.Generator
) -> Segments:
    """[groups, sites] in a window; ``busy`` [metros] in 0 ... 1."""
    users = internet.users
    here = busy[users.metro]
    metrics = _copied(internet.access)
    metrics.latency_ms[:] *= np.exp(chance.normal(0, 0.01, metrics.latency_ms.shape))
    metrics.latency_ms[:] += (BUSY_LATENCY * here * users.latency_ms)[:, None]
    metrics.jitter_ms[:] *= (1 + BUSY_JITTER * here)[:, None]
    for hit in active:
        if hit.place is Place.ACCESS:
            _worsen(metrics, np.ix_(users.metro == hit.first, np.array([hit.second])), hit)
        elif hit.place is Place.SITE:
            _worsen(metrics, np.ix_(np.ones(len(here), dtype=bool), np.array([hit.first])), hit)
    return metrics


def direct_conditions(
    internet: Internet,
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    active: Iterable[Degradation],
    busy: Reals,
    chance: np.random.Generator,
) -> Segments:
    """[pairs] of user groups ``source`` -> ``target`` in a window, last miles of both ends included. O(pairs)."""
    users, ends = internet.users, (internet.provider[source], internet.provider[target])
    half_busy = (busy[users.metro[source]] + busy[users.metro[target]]) / 2
    between = _worsened_between(internet.direct, active)
    last_mile = users.latency_ms * (1 + BUSY_LATENCY * busy[users.metro])
    wander = np.exp(chance.normal(0, 0.03, len(source)))
    return Segments(
        latency_ms=between.latency_ms[ends] * wander * (1 + BUSY_DIRECT * half_busy)
        + last_mile[source]
        + last_mile[target],
        jitter_ms=(between.jitter_ms[ends] + users.jitter_ms[source] + users.jitter_ms[target])
        * (1 + BUSY_JITTER * half_busy),
        loss_ratio=joined_loss(between.loss_ratio[ends], users.loss_ratio[source], users.loss_ratio[target]),
    )


def _worsened_between(direct: Segments, active: Iterable[Degradation]) -> Segments:
    """[providers, providers] of the plain Internet; a degradation is one of metros."""
    hits = [hit for hit in active if hit.place is Place.DIRECT]
    if not hits:
        return direct
    metrics = _copied(direct)
    for hit in hits:
        ends = [metro * PROVIDER_COUNT + np.arange(PROVIDER_COUNT) for metro in (hit.first, hit.second)]
        _worsen(metrics, np.ix_(*ends), hit)
        _worsen(metrics, np.ix_(*reversed(ends)), hit)
    return metrics


def _copied(metrics: Segments) -> Segments:
    return Segments(
        latency_ms=metrics.latency_ms.copy(),
        jitter_ms=metrics.jitter_ms.copy(),
        loss_ratio=metrics.loss_ratio.copy(),
    )


def _worsen(metrics: Segments, rows: Rows | tuple[NDArray[np.int_], ...], hit: Degradation) -> None:
    metrics.latency_ms[rows] += hit.latency_ms
    metrics.jitter_ms[rows] += hit.jitter_ms
    metrics.loss_ratio[rows] = joined_loss(metrics.loss_ratio[rows], np.array(hit.loss_ratio))
