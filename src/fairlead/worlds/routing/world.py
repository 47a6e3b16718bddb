"""A routed world in time: what is measured in a window, and the truth behind it.

world = routing_world(RoutingSpec(), seed=0)
snapshot = world.at(0)      # planned with
truth = world.truth(1)      # scored against, see experience.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Prefixes, ServiceClasses, Sites, Snapshot
from fairlead.worlds.routing.capacity import bought_capacity, link_price
from fairlead.worlds.routing.conditions import access_conditions, direct_conditions, link_conditions
from fairlead.worlds.routing.degradations import Degradation, drawn_degradations
from fairlead.worlds.routing.demand import Sessions, busy_ratio, diurnal_factor, drawn_sessions
from fairlead.worlds.routing.internet import Internet, invented_internet
from fairlead.worlds.routing.places import Reals, placed_sites, placed_users
from fairlead.worlds.routing.prefixes import shared_prefixes
from fairlead.worlds.routing.routes import Segments
from fairlead.worlds.routing.spec import RoutingSpec
from fairlead.worlds.routing.tables import access_table, direct_table, link_table

DEMAND_NOISE = 0.15
_MAP, _SESSIONS, _CAPACITY, _FAULTS, _TRUTH, _MEASURED = range(6)  # one stream of chance for each


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingWorld:
    """A network that does not exist. Everything but :attr:`snapshot` and :meth:`at` is hidden from planners.

    direct_source, direct_target : [pairs] distinct pairs of groups with demand, ordered
    measured                     : [pairs] bool, whether the direct path is ever measured
    """

    spec: RoutingSpec
    seed: int
    internet: Internet
    sites: Sites
    capacity_mbps: Reals
    price: Reals
    sessions: Sessions
    prefixes: Prefixes
    direct_source: NDArray[np.int32]
    direct_target: NDArray[np.int32]
    measured: NDArray[np.bool_]
    degradations: tuple[Degradation, ...]

    @property
    def snapshot(self) -> Snapshot:
        """What is believed after window 0."""
        return self.at(0)

    def at(self, window: int) -> Snapshot:
        """What measurements of this window say: the truth with noise, without what nobody measures."""
        chance = _chance(self.seed, _MEASURED, window)
        links, access, direct = (_measured(m, self.spec.noise_ratio, chance) for m in self._conditions(window))
        return self._tables(window, links, access, direct, self.measured)

    def truth(self, window: int) -> Snapshot:
        """What segments really are in this window at rest; what load adds is in :mod:`experience`."""
        links, access, direct = self._conditions(window)
        return self._tables(window, links, access, direct, np.ones_like(self.measured))

    def hour_utc(self, window: int) -> float:
        """Hour of the day at which a window begins."""
        return (self.spec.start_hour + window * self.spec.window_minutes / 60.0) % 24.0

    def _conditions(self, window: int) -> tuple[Segments, Segments, Segments]:
        chance = _chance(self.seed, _TRUTH, window)
        active = [hit for hit in self.degradations if hit.lasts_in(window)]
        busy = busy_ratio(self.hour_utc(window))
        links = link_conditions(self.internet, active, chance)
        access = access_conditions(self.internet, active, busy, chance)
        direct = direct_conditions(self.internet, self.direct_source, self.direct_target, active, busy, chance)
        return links, access, direct

    def _rates(self, window: int) -> Reals:
        """[demands] Mbit/s of this window: the hour at both ends, and chance."""
        chance = _chance(self.seed, _SESSIONS, window)
        factor = diurnal_factor(self.hour_utc(window))[self.internet.users.metro]
        hour = (factor[self.sessions.source] + factor[self.sessions.target]) / 2
        return self.sessions.rate_mbps * hour * np.exp(chance.normal(0, DEMAND_NOISE, len(hour)))

    def _tables(
        self, window: int, links: Segments, access: Segments, direct: Segments, known: NDArray[np.bool_]
    ) -> Snapshot:
        sessions = self.sessions
        return Snapshot(
            (
                self.sites,
                link_table(self.internet.backbone, links, self.capacity_mbps, self.price),
                self.internet.users.groups,
                access_table(access),
                self.prefixes,
                direct_table(self.direct_source, self.direct_target, direct, known),
                ServiceClasses.of_panorama(),
                Demands.of(
                    source_group=sessions.source,
                    target_group=sessions.target,
                    service_class=sessions.service_class,
                    demand_mbps=self._rates(window),
                ),
            )
        )


def routing_world(spec: RoutingSpec, seed: int) -> RoutingWorld:
    """A world of the given size; everything in it follows from the seed. 1,000,000 session groups take about 2 s."""
    chance = _chance(seed, _MAP, 0)
    sites = placed_sites(spec.site_count, chance)
    internet = invented_internet(sites, placed_users(spec.group_count, chance), chance)
    sessions = drawn_sessions(spec, internet.users, _chance(seed, _SESSIONS, 1 << 20))
    buying = _chance(seed, _CAPACITY, 0)
    capacity, card = bought_capacity(internet, sessions, spec.utilisation_ratio, buying)
    pair = sessions.source.astype(np.int64) * spec.group_count + sessions.target
    pair = pair[np.concatenate([[True], pair[1:] != pair[:-1]])]  # ordered already
    return RoutingWorld(
        spec=spec,
        seed=seed,
        internet=internet,
        sites=sites.with_column("nic_mbps", card),
        capacity_mbps=capacity,
        price=link_price(internet.backbone.private, buying),
        sessions=sessions,
        prefixes=shared_prefixes(spec.prefix_count, internet.users),
        direct_source=(pair // spec.group_count).astype(np.int32),
        direct_target=(pair % spec.group_count).astype(np.int32),
        measured=_chance(seed, _MEASURED, 1 << 20).random(len(pair)) < spec.direct_measured_ratio,
        degradations=drawn_degradations(spec, _chance(seed, _FAULTS, 0)),
    )


def _chance(seed: int, purpose: int, window: int) -> np.random.Generator:
    assert window >= 0, "windows are counted from 0"
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, window)))


def _measured(truth: Segments, noise_ratio: float, chance: np.random.Generator) -> Segments:
    shape = truth.latency_ms.shape
    rough = 7 * noise_ratio
    return Segments(
        latency_ms=truth.latency_ms * np.exp(chance.normal(0, noise_ratio, shape)),
        jitter_ms=truth.jitter_ms * np.exp(chance.normal(0, rough, shape)),
        loss_ratio=np.minimum(1.0, truth.loss_ratio * np.exp(chance.normal(0, rough, shape))),
    )
