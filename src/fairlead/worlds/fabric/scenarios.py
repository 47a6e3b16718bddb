"""The 57 incidents that SWARM is judged by (appendix C, Table A.1), on the network of its Figure 1.

Which links fail is told by their kind alone; these are the first that fit. "Both orders" counts as two incidents,
because what was done after the first failure is in place when the second appears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

from fairlead.model import Edit, Snapshot
from fairlead.worlds.fabric.failures import (
    HIGH_DROP_RATIO,
    LOW_DROP_RATIO,
    cut_link,
    lossy_link,
    lossy_switch,
    narrowed_link,
)
from fairlead.worlds.fabric.topologies import figure_1

T0_T1 = ("C0", "B0")
T1_T2 = ("B0", "A0")
LOSSY_T0 = "C0"
BESIDE_LOSSY_T0 = ("C1", "B1")  # in the same cluster, connected to a different t0
LINK_PAIRS = (
    (("C0", "B0"), ("C0", "B1")),  # two T0 - T1 of the same t0
    (("C0", "B0"), ("C1", "B1")),  # two T0 - T1 of different t0s and t1s in the same cluster
    (("C0", "B0"), ("B1", "A2")),  # a T0 - T1 and a T1 - T2 of different t1s
    (("B0", "A0"), ("B1", "A2")),  # two T1 - T2 of different t1s and t2s
)
LEVELS = (("high", HIGH_DROP_RATIO), ("low", LOW_DROP_RATIO))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One incident.

    family   : 1 packet corruption above the t0, 2 congestion, 3 packet corruption at a t0 (SWARM 4.2)
    failures : what broke, in order of appearance; edits of figure_1
    """

    name: str
    family: int
    failures: tuple[tuple[Edit, ...], ...]


def scenarios(snapshot: Snapshot | None = None) -> tuple[Scenario, ...]:
    """All 57: 4 + 32, 1 + 6, 2 + 12. ``snapshot``: figure_1 at another load; absent: figure_1 as it is."""
    healthy = figure_1() if snapshot is None else snapshot
    named = ((1, _corrupting_links(healthy)), (2, _congestion(healthy)), (3, _corrupting_t0(healthy)))
    return tuple(
        Scenario(name=" then ".join(name for name, _ in order), family=family, failures=tuple(e for _, e in order))
        for family, orders in named
        for order in orders
    )


Failure = tuple[str, tuple[Edit, ...]]


def _corrupting_links(healthy: Snapshot) -> Iterator[tuple[Failure, ...]]:
    for ends, level in product((T0_T1, T1_T2), LEVELS):
        yield (_lossy(healthy, ends, level),)
    for (one, other), first, second in product(LINK_PAIRS, LEVELS, LEVELS):
        yield from permutations((_lossy(healthy, one, first), _lossy(healthy, other, second)))


def _congestion(healthy: Snapshot) -> Iterator[tuple[Failure, ...]]:
    half: Failure = (f"half {'-'.join(T1_T2)}", narrowed_link(healthy, *T1_T2))
    yield (half,)
    for other in _three_levels(healthy, T0_T1):
        yield from permutations((half, other))


def _corrupting_t0(healthy: Snapshot) -> Iterator[tuple[Failure, ...]]:
    lossy = [(f"{name} {LOSSY_T0}", lossy_switch(healthy, LOSSY_T0, ratio)) for name, ratio in LEVELS]
    for switch in lossy:
        yield (switch,)
    for switch, other in product(lossy, _three_levels(healthy, BESIDE_LOSSY_T0)):
        yield from permutations((switch, other))


def _three_levels(healthy: Snapshot, ends: tuple[str, str]) -> tuple[Failure, ...]:
    cut: Failure = (f"cut {'-'.join(ends)}", cut_link(healthy, *ends))
    return (*(_lossy(healthy, ends, level) for level in LEVELS), cut)


def _lossy(healthy: Snapshot, ends: tuple[str, str], level: tuple[str, float]) -> Failure:
    name, ratio = level
    return (f"{name} {'-'.join(ends)}", lossy_link(healthy, *ends, ratio))
