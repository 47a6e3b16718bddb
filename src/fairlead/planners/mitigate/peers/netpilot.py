"""NetPilot (Wu et al., SIGCOMM 2012) as SWARM 4.1 tells it: of the mitigations the one with the least full links.

Each failure above the t0s is taken in turn, the worst loss first, then congestion. Its mitigations are to disable the
link or a switch at an end of it (SWARM Table 1); the one that leaves the least utilisation of the fullest link is
taken, if that is below the threshold. Utilisation follows from the mean traffic over the links in service, whose
capacity and losses are taken to be healthy; failed links themselves have none ("does not model link utilization on
faulty links"), so doing nothing is no mitigation. It knows nothing of t0s, weights and of bringing links back.

``netpilot_orig`` has no threshold and always disables. With one, traffic that has no way left counts as infinitely
full; without, NetPilot cuts servers off without noticing, as it did in half of SWARM's pairs of failures.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from fairlead.model import Arrivals, FabricLinks, Flows, Snapshot, apply_edits
from fairlead.planners.mitigate.actions import Action, edits_of
from fairlead.planners.mitigate.cables import T0, Reals, tiers
from fairlead.planners.mitigate.failures import Failures, failures, usual_capacity_mbps
from fairlead.planners.mitigate.peers.rival import MitigateRival
from fairlead.predict.flows.mean_loads import mean_traffic, switch_loads
from fairlead.predict.flows.uncertain import arrivals_at_load
from fairlead.predict.flows.workload import mean_size_bytes

LOAD_WHEN_UNKNOWN = 0.5
"""Mean of the load that the estimator draws where nobody knows how many flows arrive."""


def choose(snapshot: Snapshot, threshold: float) -> tuple[Action, ...]:
    """Actions against each failure in turn; the fullest link must stay below ``threshold``, infinite: any will do."""
    wrong, demand = failures(snapshot), demand_mbps(snapshot)
    chosen: tuple[Action, ...] = ()
    for mitigations in _mitigations(snapshot, wrong):
        full = [fullest(snapshot, (*chosen, each), wrong, demand) for each in mitigations]
        best = int(np.argmin(full))
        if full[best] < threshold or math.isinf(threshold):
            chosen = (*chosen, mitigations[best])
    return chosen


def fullest(snapshot: Snapshot, actions: tuple[Action, ...], wrong: Failures, demand: Reals) -> float:
    """Utilisation of the fullest healthy link after the actions; infinite where traffic has no way."""
    usual = usual_capacity_mbps(snapshot)
    state = apply_edits(snapshot, edits_of(snapshot, actions))
    found = switch_loads(state, demand)
    if found.unroutable_mbps > 1e-9 * max(1.0, float(demand.sum())):
        return math.inf
    healthy = np.ones(snapshot[FabricLinks].row_count, np.bool_)
    for cable in (*wrong.lossy.tolist(), *wrong.congested.tolist()):
        healthy[wrong.cables.rows(cable)] = False
    return float((found.load_mbps / usual)[healthy].max(initial=0.0))


def demand_mbps(snapshot: Snapshot) -> Reals:
    """[t0s, t0s] mean traffic; where nobody knows how much, as many flows as make LOAD_WHEN_UNKNOWN. O(t0s^2)."""
    known = mean_traffic(snapshot)
    if known is None:  # pinned flows of a single start tell no rate either
        drawn = snapshot.replaced(Flows.of(start_s=(), source=(), target=(), size_bytes=()))
        if Arrivals not in drawn or not drawn[Arrivals].row_count:
            rate = arrivals_at_load(drawn, mean_size_bytes(drawn), LOAD_WHEN_UNKNOWN)
            drawn = drawn.replaced(Arrivals.of(arrivals_per_s=[rate]))
        known = mean_traffic(drawn)
    assert known is not None, "arrivals without a rate"
    return known.between


def _mitigations(snapshot: Snapshot, wrong: Failures) -> list[tuple[Action, ...]]:
    """Of each failure, the link first: of equal mitigations the smaller one is taken."""
    tier = tiers(snapshot)
    found: list[tuple[Action, ...]] = []
    found += [(Action(kind="disable_node", source=switch),) for switch in wrong.switches.tolist()]
    for cable in dict.fromkeys((*wrong.lossy.tolist(), *wrong.congested.tolist())):
        low, high = int(wrong.cables.low[cable]), int(wrong.cables.high[cable])
        switches = [Action(kind="disable_node", source=node) for node in (low, high) if tier[node] > T0]
        found.append((Action(kind="disable_link", source=low, target=high), *switches))
    return found


VARIANTS = (
    MitigateRival(name="netpilot_orig", choose=partial(choose, threshold=math.inf)),
    MitigateRival(name="netpilot_80", choose=partial(choose, threshold=0.80)),
    MitigateRival(name="netpilot_99", choose=partial(choose, threshold=0.99)),
)
"""The paper's three."""
