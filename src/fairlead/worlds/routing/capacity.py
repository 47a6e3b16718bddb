"""How wide links and network cards are: as an operator would buy them, by what they have to carry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.demand import Sessions
from fairlead.worlds.routing.internet import Internet
from fairlead.worlds.routing.places import Reals

NEAR_SITE_COUNT = 6
SOFTNESS_MS = 12.0
PEAK_FACTOR = 1.5
NEARBY_UTILISATION = 0.6  # what routing by the nearest sites fills links to at the busiest hour
SMALLEST_RATIO = 0.25  # of the median load: nobody buys less
PRICE_OF_PRIVATE = 1.2


def bought_capacity(
    internet: Internet, sessions: Sessions, utilisation_ratio: float, chance: np.random.Generator
) -> tuple[Reals, Reals]:
    """(link capacity [links], network card [sites]) Mbit/s.

    Demand is spread over paths of one and two sites, among the six sites nearest to each end, the faster the more; each
    link and card is bought so that this spread fills it to between half and all of ``utilisation_ratio``. The operator
    has routed every session by its nearest sites until now (Panorama 5.1), so there is room for that as well.
    O(metros^2 x 36 + sites^2 log sites).
    """
    bought = []
    for spread, before in zip(_spread_load(internet, sessions), _nearby_load(internet, sessions), strict=True):
        smallest = SMALLEST_RATIO * np.median(spread[spread > 0]) if spread.any() else 1.0
        wanted = np.maximum(spread, smallest) / (chance.uniform(0.5, 1.0, len(spread)) * utilisation_ratio)
        bought.append(np.ceil(PEAK_FACTOR * np.maximum(wanted, before / NEARBY_UTILISATION)))
    return bought[0], bought[1]


def _nearby_load(internet: Internet, sessions: Sessions) -> tuple[Reals, Reals]:
    """(on links, on cards) when everybody enters and leaves at the nearest site and takes the shortest way between."""
    site_count, backbone = internet.sites.row_count, internet.backbone
    nearest = internet.access.latency_ms.argmin(axis=1)
    ends = nearest[sessions.source] * site_count + nearest[sessions.target]
    demand = np.bincount(ends, weights=sessions.rate_mbps, minlength=site_count**2).reshape(site_count, site_count)
    shape = (site_count, site_count)
    hop = csr_array((backbone.metrics.latency_ms, (backbone.source, backbone.target)), shape=shape)
    _, before = shortest_path(hop, return_predecessors=True)
    load, source = np.zeros(shape), np.repeat(np.arange(site_count), site_count)
    at, carried = np.tile(np.arange(site_count), site_count), demand.ravel()
    while len(at):  # every path one hop back
        previous = before[source, at]
        going = previous >= 0
        source, at, carried, previous = source[going], at[going], carried[going], previous[going]
        np.add.at(load, (previous, at), carried)
        at = previous
    return load[backbone.source, backbone.target], np.maximum(demand.sum(axis=0), demand.sum(axis=1))


def _spread_load(internet: Internet, sessions: Sessions) -> tuple[Reals, Reals]:
    metro, site_count, metro_count = internet.users.metro, internet.sites.row_count, len(METROS)
    present = np.bincount(metro, minlength=metro_count)
    access = np.zeros((metro_count, site_count))
    np.add.at(access, metro, internet.access.latency_ms)
    access /= np.maximum(present, 1)[:, None]
    near = np.argsort(access, axis=1, kind="stable")[:, :NEAR_SITE_COUNT]
    hop = np.zeros((site_count, site_count))
    hop[internet.backbone.source, internet.backbone.target] = internet.backbone.metrics.latency_ms
    cell = metro[sessions.source] * metro_count + metro[sessions.target]
    demand = np.bincount(cell, weights=sessions.rate_mbps, minlength=metro_count**2)
    own = np.take_along_axis(access, near, axis=1)
    load = np.zeros((site_count, site_count))
    for source in np.flatnonzero(present):
        ingress, egress = near[source][None, :, None], near[:, None, :]
        latency = own[source][None, :, None] + hop[ingress, egress] + own[:, None, :]
        share = np.exp(-(latency - latency.min(axis=(1, 2), keepdims=True)) / SOFTNESS_MS)
        share /= share.sum(axis=(1, 2), keepdims=True)
        carried = share * demand[source * metro_count : (source + 1) * metro_count][:, None, None]
        np.add.at(load, (np.broadcast_to(ingress, carried.shape), np.broadcast_to(egress, carried.shape)), carried)
    links: Reals = load[internet.backbone.source, internet.backbone.target]
    return links, np.maximum(load.sum(axis=0), load.sum(axis=1))


def link_price(private: NDArray[np.bool_], chance: np.random.Generator) -> Reals:
    """[links] relative price of a Mbit/s: private circuits cost more."""
    return np.round(np.where(private, PRICE_OF_PRIVATE, 1.0) * chance.uniform(0.85, 1.15, len(private)), 3)
