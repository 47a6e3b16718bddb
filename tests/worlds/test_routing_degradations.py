"""When and where things go wrong."""

import dataclasses

import numpy as np
import pytest

from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing import SMALL_WORLD
from fairlead.worlds.routing.degradations import PLACE_SHARE, Place, drawn_degradations

BUSY = dataclasses.replace(SMALL_WORLD, degradation_mean=20.0, window_count=200)


def test_numbers_lengths_and_places() -> None:
    found = drawn_degradations(BUSY, np.random.default_rng(0))
    assert len(found) == pytest.approx(20 * (200 + 36), rel=0.1)
    begins = np.array([each.begin_window for each in found])
    assert (np.diff(begins) >= 0).all()
    assert begins.min() < 0 <= begins.max() < 200
    lengths = np.array([each.end_window - each.begin_window for each in found])
    assert lengths.min() >= 1
    assert lengths.mean() == pytest.approx(BUSY.degradation_windows, rel=0.1)
    for place, share in PLACE_SHARE.items():
        assert np.mean([each.place is place for each in found]) == pytest.approx(share, abs=0.03)


def test_ends_are_rows_of_what_they_mean() -> None:
    for each in drawn_degradations(BUSY, np.random.default_rng(1)):
        match each.place:
            case Place.LINK:
                assert each.first != each.second
                assert {each.first, each.second} <= set(range(6))
            case Place.SITE:
                assert each.first in range(6)
                assert each.second == -1
            case Place.ACCESS:
                assert each.first in range(len(METROS))
                assert each.second in range(6)
            case Place.DIRECT:
                assert each.first != each.second
                assert {each.first, each.second} <= set(range(len(METROS)))
        assert each.latency_ms >= 0
        assert each.jitter_ms >= 0
        assert 0 <= each.loss_ratio <= 0.5


def test_half_open_windows() -> None:
    each = drawn_degradations(BUSY, np.random.default_rng(1))[0]
    lasts = [each.lasts_in(w) for w in (each.begin_window - 1, each.begin_window, each.end_window - 1, each.end_window)]
    assert lasts == [False, True, True, False]


def test_a_lone_site_has_no_links_to_degrade() -> None:
    found = drawn_degradations(dataclasses.replace(BUSY, site_count=1), np.random.default_rng(1))
    assert found
    assert all(each.place is not Place.LINK for each in found)
