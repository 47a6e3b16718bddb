"""Who talks to whom, how much, and when: gravity, heavy tails, and the hours of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.overlay.geography import metro_distances_km
from fairlead.worlds.overlay.metros import METROS
from fairlead.worlds.routing.places import Reals, Rows, UserPlaces
from fairlead.worlds.routing.spec import RoutingSpec

DECAY_KM = 6000.0
DENSE_LIMIT = 32_000_000
"""Up to so many possible session groups, each has its own clock; beyond, they are drawn and doubles dropped."""
RATE_SIGMA = 1.8  # the largest hundredth of the session groups carries about a third of the traffic
QUIET_RATIO = 0.35  # traffic in the small hours over that in the evening


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """Session groups [demands], ordered by source, target, class; ``rate_mbps`` is the mean over a day."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    service_class: NDArray[np.int32]
    rate_mbps: Reals


def drawn_sessions(spec: RoutingSpec, users: UserPlaces, chance: np.random.Generator) -> Sessions:
    """``spec.demand_count`` distinct session groups, drawn by gravity, with rates of a heavy tail.

    A pair of groups weighs as the product of its people over ``1 + distance / 6000 km``; its rate grows with the root
    of that. 1,000,000 take about a second.
    """
    pull = 1 / (1 + metro_distances_km() / DECAY_KM)
    class_count = len(spec.class_share)
    possible = len(users.weight) ** 2 * class_count
    draw = _clocked if possible <= DENSE_LIMIT or 4 * spec.demand_count > possible else _rejected
    key = draw(spec, users, pull, chance)
    pair, service_class = np.divmod(key, class_count)
    source, target = np.divmod(pair, len(users.weight))
    weight = users.weight[source] * users.weight[target] * pull[users.metro[source], users.metro[target]]
    rate = np.sqrt(weight) * np.exp(chance.normal(0, RATE_SIGMA, len(key)))
    return Sessions(
        source=source.astype(np.int32),
        target=target.astype(np.int32),
        service_class=service_class.astype(np.int32),
        rate_mbps=rate * (spec.mean_rate_mbps / rate.mean()),
    )


def _clocked(spec: RoutingSpec, users: UserPlaces, pull: Reals, chance: np.random.Generator) -> Rows:
    """Exact weighted sampling without replacement: the smallest exponential clocks win (Efraimidis and Spirakis)."""
    weight = users.weight.astype(np.float32)
    share = np.array(spec.class_share, dtype=np.float32)
    between = pull.astype(np.float32)[users.metro][:, users.metro] * weight[:, None] * weight
    clock = chance.standard_exponential((len(weight), len(weight), len(share)), dtype=np.float32)
    clock /= between[:, :, None] * share
    flat = clock.reshape(-1)
    return np.sort(np.argpartition(flat, spec.demand_count - 1)[: spec.demand_count])


def _rejected(spec: RoutingSpec, users: UserPlaces, pull: Reals, chance: np.random.Generator) -> Rows:
    """A pair of metros, then a group in each, then a class; doubles are drawn again."""
    people = np.bincount(users.metro, weights=users.weight, minlength=len(METROS))
    cell_sum = np.cumsum(pull * people[:, None] * people)
    order = np.argsort(users.metro, kind="stable")
    group_sum = np.cumsum(users.weight[order])
    start = np.concatenate([[0.0], np.cumsum(people)])  # of each metro, on the line of group_sum
    class_sum = np.cumsum(spec.class_share)
    kept = np.empty(0, dtype=np.int64)
    while len(kept) < spec.demand_count:
        wanted = int(1.2 * (spec.demand_count - len(kept))) + 1000
        cell = _places(cell_sum, chance.random(wanted))
        ends = []
        for metro in np.divmod(cell, len(METROS)):
            mark = (start[metro] + chance.random(wanted) * people[metro]) / start[-1]
            ends.append(order[_places(group_sum, mark)])
        service_class = _places(class_sum, chance.random(wanted))
        key = (ends[0] * len(order) + ends[1]) * len(class_sum) + service_class
        kept = np.unique(np.concatenate([kept, key]))
    surplus = chance.choice(len(kept), len(kept) - spec.demand_count, replace=False, shuffle=False)
    return np.delete(kept, surplus)


def _places(cumulative: Reals, mark: Reals) -> Rows:
    """Where marks in [0, 1) fall on a cumulative line."""
    found: Rows = np.searchsorted(cumulative[:-1], mark * cumulative[-1], side="right")
    return found


def busy_ratio(hour_utc: float) -> Reals:
    """[metros] how busy the hour is there: 0 at its quietest (8 in the morning), 1 at 8 in the evening, by the sun."""
    longitude = np.array([metro.longitude_deg for metro in METROS])
    local = (hour_utc + longitude / 15.0) % 24.0
    return 0.5 + 0.5 * np.cos((local - 20.0) / 24.0 * 2 * np.pi)


def diurnal_factor(hour_utc: float) -> Reals:
    """[metros] traffic over its daily mean at this hour."""
    level = QUIET_RATIO + (1 - QUIET_RATIO) * busy_ratio(hour_utc)
    return level / ((1 + QUIET_RATIO) / 2)
