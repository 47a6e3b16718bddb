"""Nearest sites and best backbone paths, beside loops over everything there is."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.routing_networks import routing_network

from fairlead.model import Paths, Sites
from fairlead.planners.route.backbone import with_paths
from fairlead.planners.route.nearest import best_backbone, nearest_site
from fairlead.predict.routes_grid import access_grid, backbone_grid


@pytest.mark.parametrize("seed", range(8))
def test_the_best_backbone_path_is_as_short_as_the_links_allow(seed: int) -> None:
    """Floyd and Warshall; also from and to the first site, and from a site to itself."""
    snapshot = with_paths(routing_network(seed, sites=6, link_ratio=0.4), 3)
    paths, count = snapshot[Paths], snapshot[Sites].row_count
    least = np.where(np.isnan(backbone_grid(snapshot).latency_ms), np.inf, backbone_grid(snapshot).latency_ms)
    np.fill_diagonal(least, 0.0)
    for between in range(count):
        least = np.minimum(least, least[:, [between]] + least[[between], :])
    best = best_backbone(snapshot)
    assert ((best >= 0) == np.isfinite(least)).all()
    assert (best[best < 0] == -1).all()
    assert np.allclose(paths.latency_ms[best[best >= 0]], least[best >= 0])
    rows, columns = np.nonzero(best >= 0)
    assert (paths.source[best[rows, columns]] == rows).all()
    assert (paths.target[best[rows, columns]] == columns).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_site_is_the_first_of_the_nearest(seed: int) -> None:
    snapshot = routing_network(seed, known_ratio=0.3)
    for group, (site, row) in enumerate(
        zip(nearest_site(snapshot).tolist(), access_grid(snapshot).latency_ms.tolist(), strict=True)
    ):
        known = [(latency, at) for at, latency in enumerate(row) if latency == latency]
        assert site == (min(known)[1] if known else -1), group
