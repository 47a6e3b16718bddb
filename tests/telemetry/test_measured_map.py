"""The map from measurements: a planted network, measured with noise, outliers and gaps, and drawn again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from test_group_estimates import estimates

from fairlead.model import Access, Direct, Groups, Links, Sites, Snapshot
from fairlead.telemetry.estimates import EstimateRule, link_estimates, newest
from fairlead.telemetry.measured_map import MeasuredMap, measured_map
from fairlead.telemetry.probes import Probes

NAN = np.nan
SITES = Sites.of(site=["fra", "lon", "nyc"])
GROUPS = Groups.of(group=["a", "b", "c"])
LINKS = Links.of(
    source=[0, 1, 1, 2],
    target=[1, 0, 2, 1],
    latency_ms=np.full(4, 999.0),
    jitter_ms=np.full(4, 999.0),
    loss_ratio=np.full(4, 0.999),
    capacity_mbps=np.array([10.0, 20.0, NAN, 40.0]),
    cost_per_mbps=np.array([1.0, 2.0, 3.0, 4.0]),
)


def access_of(found: MeasuredMap) -> dict[tuple[int, int], float]:
    table = found.access
    return dict(
        zip(zip(table.group.tolist(), table.site.tolist(), strict=True), table.latency_ms.tolist(), strict=True)
    )


def test_what_is_measured_is_what_is_drawn() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 1, "latency_ms": 7.0, "jitter_ms": 1.0, "loss_ratio": 0.25, "uncertainty_ms": 0.5},
            {"source": 1, "target": 2, "latency_ms": 35.0, "loss_ratio": 0.0, "sent_count": 10},
            {"source": 0, "target": 3, "latency_ms": 4.0, "loss_ratio": 1.0},
            {"source": 5, "target": 1, "latency_ms": 3.0},
            {"source": 3, "target": 5, "latency_ms": 50.0},
        ),
    )
    links = found.links
    assert links.latency_ms.tolist() == [7.0, 7.0, 35.0, 35.0]  # a round trip crosses both directions
    assert links.jitter_ms.tolist()[:2] == [1.0, 1.0]
    assert links.loss_ratio.tolist() == pytest.approx([0.25, 0.25, 0.0, 0.0], abs=1e-15)
    assert math.copysign(1, links.loss_ratio[2]) == 1
    assert np.isnan(links.jitter_ms[2:]).all()
    assert links.capacity_mbps.tolist()[:2] == [10.0, 20.0]
    assert links.cost_per_mbps.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert access_of(found) == pytest.approx({(0, 0): 4.0, (1, 0): NAN, (2, 1): 3.0}, nan_ok=True)
    assert found.access.loss_ratio[0] == 1.0
    assert found.direct.source_group.tolist() == [0, 2]
    assert found.direct.target_group.tolist() == [2, 0]
    assert found.direct.latency_ms.tolist() == [50.0, 50.0]
    assert found.links_error_ms.tolist()[:2] == [0.5, 0.5]
    assert not found.links_solved.any()
    Snapshot([SITES, GROUPS, found.links, found.access, found.direct])


def test_own_direction_goes_before_the_other() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 1, "latency_ms": 7.0, "jitter_ms": 1.0},
            {"source": 1, "target": 0, "latency_ms": 9.0},
            {"source": 3, "target": 5, "latency_ms": 50.0, "jitter_ms": NAN},
            {"source": 5, "target": 3, "latency_ms": 60.0, "jitter_ms": 5.0},
        ),
    )
    assert found.links.latency_ms.tolist()[:2] == [7.0, 9.0]
    assert found.links.jitter_ms.tolist()[:2] == [1.0, 1.0]
    assert found.direct.latency_ms.tolist() == [50.0, 60.0]
    assert found.direct.jitter_ms.tolist() == [5.0, 5.0]


def test_access_measured_from_both_ends_is_their_mean_by_records() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 3, "latency_ms": 10.0, "count": 3, "uncertainty_ms": 1.0},
            {"source": 3, "target": 0, "latency_ms": 14.0, "count": 1, "uncertainty_ms": 3.0},
        ),
    )
    assert access_of(found)[0, 0] == 11.0
    assert found.access_error_ms[0] == pytest.approx(math.hypot(3, 3) / 4)


def test_an_unmeasured_segment_is_solved_for() -> None:
    """The access of group b to nyc was never probed, but a session of a user crossed it."""
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 1, "latency_ms": 7.0, "loss_ratio": 0.1, "sent_count": 10**6, "jitter_ms": 1.0},
            {"source": 1, "target": 2, "latency_ms": 35.0, "loss_ratio": 0.0, "sent_count": 10**6, "jitter_ms": 2.0},
            {"source": 0, "target": 3, "latency_ms": 4.0, "loss_ratio": 0.0, "sent_count": 10**6, "jitter_ms": 0.5},
            {
                "source": 3,
                "target": 4,
                "via": "fra>lon>nyc",
                "latency_ms": 56.0,
                "uncertainty_ms": 2.0,
                "loss_ratio": 1 - 0.9 * 0.8,
                "sent_count": 10**6,
                "jitter_ms": 4.0,
            },
        ),
    )
    access = found.access
    row = np.flatnonzero((access.group == 1) & (access.site == 2)).item()
    assert access.latency_ms[row] == pytest.approx(10.0)
    assert access.jitter_ms[row] == pytest.approx(0.5)
    assert access.loss_ratio[row] == pytest.approx(0.2)
    assert found.access_solved.tolist() == [(g, s) == (1, 2) for g, s in access_of(found)]
    assert found.access_error_ms[row] == pytest.approx(2.0)
    assert found.unknown_path_count == 0


def test_what_paths_do_not_determine_stays_unknown() -> None:
    found = measured_map(SITES, GROUPS, LINKS, estimates({"source": 3, "target": 4, "via": "fra", "latency_ms": 20.0}))
    assert access_of(found) == pytest.approx({(0, 0): NAN, (1, 0): NAN, (2, 0): NAN}, nan_ok=True)
    assert not found.access_solved.any()
    assert np.isnan(found.links.latency_ms).all()


def test_paths_over_what_there_is_not() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 3, "target": 4, "via": "fra>nyc", "latency_ms": 20.0},  # no such link
            {"source": 3, "target": 4, "via": "syd", "latency_ms": 20.0},  # no such site
            {"source": 0, "target": 3, "latency_ms": 5.0},
            {"source": 4, "target": 3, "via": "fra", "latency_ms": 20.0},
        ),
    )
    assert found.unknown_path_count == 2
    assert access_of(found)[1, 0] == pytest.approx(15.0)


def test_no_loss_among_few_packets_is_not_known_without_error() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 3, "latency_ms": 5.0, "loss_ratio": 0.0, "sent_count": 10**6},
            {"source": 4, "target": 3, "via": "fra", "loss_ratio": 0.0, "sent_count": 5},
            {"source": 3, "target": 4, "via": "fra", "loss_ratio": 0.2, "sent_count": 5000},
        ),
    )
    row = np.flatnonzero(found.access.group == 1).item()
    assert found.access.loss_ratio[row] == pytest.approx(0.2, abs=0.002)


def test_nothing_survives_a_path() -> None:
    found = measured_map(
        SITES,
        GROUPS,
        LINKS,
        estimates(
            {"source": 0, "target": 3, "latency_ms": 5.0, "loss_ratio": 0.0, "sent_count": 99},
            {"source": 4, "target": 3, "via": "fra", "latency_ms": NAN, "loss_ratio": 1.0, "sent_count": 99},
        ),
    )
    row = np.flatnonzero(found.access.group == 1).item()
    assert found.access.loss_ratio[row] == pytest.approx(1.0)
    assert math.isnan(found.access.latency_ms[row])


def test_nothing_measured() -> None:
    found = measured_map(SITES, GROUPS, LINKS, estimates({}).kept(np.zeros(0, np.int64)))
    assert np.isnan(found.links.latency_ms).all()
    assert found.access.group.tolist() == [0, 1, 2]
    assert np.isnan(found.access.latency_ms).all()
    assert found.direct.row_count == 0
    one = Sites.of(site=["fra"])
    none = Links.of(source=[], target=[], latency_ms=np.zeros(0))
    alone = measured_map(one, Groups.of(group=np.empty(0, "U1")), none, estimates({}).kept(np.zeros(0, np.int64)))
    assert alone.access.row_count == 0


@dataclass(frozen=True)
class World:
    """A network whose segments are known: one-way latency, and loss of each way."""

    latency: np.ndarray
    loss: np.ndarray

    @classmethod
    def drawn(cls, end_count: int, chance: np.random.Generator) -> World:
        latency, loss = chance.uniform(2, 60, (end_count, end_count)), chance.uniform(0, 0.05, (end_count, end_count))
        return cls(latency + latency.T, (loss + loss.T) / 2)

    def probes(self, walks: list[list[int]], site: np.ndarray, chance: np.random.Generator) -> Probes:
        """60 records of each walk from end to end: 40 packets each, and every twentieth record an outlier."""
        rtt, received = [], []
        for walk in walks:
            there = list(pairwise(walk))
            exact = 2 * sum(self.latency[step] for step in there)
            noisy = exact + chance.exponential(0.4, 60)
            noisy[::20] += chance.uniform(500, 5000, 3)
            rtt.append(noisy)
            received.append(chance.binomial(40, np.prod([1 - self.loss[step] for step in there]) ** 2, 60))
        return Probes.of(
            time=np.tile(np.arange(60), len(walks)),
            source=np.repeat([walk[0] for walk in walks], 60).astype(np.int32),
            target=np.repeat([walk[-1] for walk in walks], 60).astype(np.int32),
            via=np.repeat(np.array([">".join(site[walk[1:-1]]) for walk in walks]), 60),
            rtt_ms=np.concatenate(rtt),
            sent_count=np.full(60 * len(walks), 40, np.int32),
            received_count=np.concatenate(received).astype(float),
        )


def test_a_planted_network_comes_back() -> None:
    """Probes between sites and to some users; the rest only from sessions of users, over one site and over two."""
    chance = np.random.default_rng(11)
    site_count, group_count = 4, 12
    ends = site_count + group_count
    world = World.drawn(ends, chance)
    sites = Sites.of(site=[f"s{i}" for i in range(site_count)])
    pairs = [(i, j) for i in range(site_count) for j in range(site_count) if i != j]
    links = Links.of(source=[i for i, _ in pairs], target=[j for _, j in pairs], latency_ms=np.full(len(pairs), NAN))
    users = range(site_count, ends)
    walks = [[i, j] for i, j in pairs if (i, j) != (0, 1) and (i, j) != (1, 0)]  # one link is not probed
    walks += [[g % site_count, g] for g in users if g % 3]  # a third of the users is not probed
    walks += [[g, g % site_count, h] for g in users for h in users if g < h and g % site_count == h % site_count]
    walks += [[g, g % 4, h % 4, h] for g in users for h in users if g < h and (g % 4, h % 4) in ((0, 1), (1, 2))]
    records = world.probes(walks, sites.site, chance)
    believed = newest(link_estimates(records, EstimateRule(), 100.0), math.inf)
    found = measured_map(sites, Groups.of(group=np.arange(group_count)), links, believed)
    link_truth = world.latency[links.source, links.target]
    assert found.links.latency_ms[pairs.index((0, 1))] == pytest.approx(link_truth[pairs.index((0, 1))], abs=1.0)
    known = ~np.isnan(found.links.latency_ms)
    assert np.isnan(found.links.latency_ms[pairs.index((1, 0))])  # sessions went the other way only
    assert known.sum() == len(pairs) - 1
    assert found.links.latency_ms[known] == pytest.approx(link_truth[known], abs=1.0)
    near = np.flatnonzero((found.access.group + site_count) % site_count == found.access.site)
    truth = world.latency[found.access.group[near] + site_count, found.access.site[near]]
    loss = world.loss[found.access.group[near] + site_count, found.access.site[near]]
    assert len(near) == group_count
    assert found.access_solved[near].sum() == 4
    assert found.access.latency_ms[near] == pytest.approx(truth, abs=1.0)
    assert found.access.loss_ratio[near] == pytest.approx(loss, abs=0.012)
    assert found.unknown_path_count == found.too_large_count == 0
    assert isinstance(found.access, Access)
    assert isinstance(found.direct, Direct)
