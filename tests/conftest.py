"""Shared by all tests: hypothesis never times out on a busy machine, and small networks named for their shape."""

from __future__ import annotations

import pytest
from hypothesis import settings
from oracles.networks import network

from fairlead.model import Snapshot

# the same examples every run, so that a red test is red for everybody; `--hypothesis-profile=search` looks for new ones
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None, max_examples=100)
settings.register_profile("search", deadline=None, max_examples=1_000)
settings.load_profile("repeatable")


@pytest.fixture
def star_of_six() -> Snapshot:
    """Six servers, two a region; every pair carries 100 streams; the five paths of server 0 fail 5 streams each."""
    return network(
        regions=["ams", "ams", "fra", "fra", "lon", "lon"],
        failed={(0, other): 5 for other in range(1, 6)},
        users=[10, 20, 30, 40, 50, 60],
    )


@pytest.fixture
def healthy_triangle() -> Snapshot:
    """Three servers of one region, every pair carries 100 streams, nothing fails."""
    return network(regions=["ams"] * 3)
