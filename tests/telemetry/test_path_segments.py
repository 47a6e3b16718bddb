"""Paths as segments."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_group_estimates import estimates

from fairlead.telemetry.path_segments import Segments, steps, via_names

SITES = np.array(["fra", "lon", "nyc"])


@given(st.lists(st.text(alphabet="ab\\>", min_size=1, max_size=5), min_size=1, max_size=4))
def test_names_come_back(names: list[str]) -> None:
    via = ">".join(name.replace("\\", "\\\\").replace(">", "\\>") for name in names)
    assert via_names(via) == names


def test_steps_go_over_the_sites_in_between() -> None:
    paths = estimates(
        {"source": 3, "target": 4, "via": "fra>nyc"},
        {"source": 0, "target": 2, "via": "lon"},
        {"source": 4, "target": 3, "via": "fra>nyc"},
        {"source": 3, "target": 4, "via": "fra>syd"},
    )
    found = steps(paths, SITES)
    assert found.lost.tolist() == [False, False, False, True]
    walked = [
        [(int(a), int(b)) for a, b, p in zip(found.one, found.other, found.path, strict=True) if p == path]
        for path in range(4)
    ]
    assert walked == [[(3, 0), (0, 2), (2, 4)], [(0, 1), (1, 2)], [(4, 0), (0, 2), (2, 3)], []]


def test_a_link_has_a_direction_and_access_has_none() -> None:
    segments = Segments(
        site_count=3,
        link_source=np.array([1, 0]),
        link_target=np.array([0, 2]),
        access_group=np.array([0, 0, 1, 2]),
        access_site=np.array([0, 2, 1, 0]),
    )
    one = np.array([1, 0, 0, 2, 3, 0, 2, 4, 4, 3, 0])
    other = np.array([0, 1, 2, 0, 0, 3, 3, 1, 0, 4, 0])
    assert segments.between(one, other).tolist() == [0, -1, 1, -1, 2, 2, 3, 4, -1, -1, -1]
    nothing = Segments(site_count=3, **dict.fromkeys(("link_source", "link_target"), np.zeros(0, np.int64)),
                       **dict.fromkeys(("access_group", "access_site"), np.zeros(0, np.int64)))  # fmt: skip
    assert nothing.between(one, other).tolist() == [-1] * len(one)


def test_no_paths() -> None:
    found = steps(estimates({"via": ""}).kept(np.zeros(0, np.int64)), SITES)
    assert (len(found.path), len(found.lost)) == (0, 0)
