"""Datacenter fabrics with hidden truth: networks, what breaks in them, and what connections then see.

    topologies.py     networks: figure_1, clos, fat_tree, testbed
    traffic.py        one demand: trace(snapshot, seed, horizon_s)
    failures.py       what breaks, as edits
    scenarios.py      the 57 incidents of SWARM's appendix C
    simulator.py      simulate(snapshot, flows, ...): the reference that repairs are judged by
    performance.py    completion time and throughput of its flows

and behind the simulator routes.py (which way), queues.py (links), flights.py (what is sent in a round trip and what of
it is lost), congestion.py (windows), rounds.py (one connection), events.py (the clock), chance.py (luck of a flow).

Nothing here knows the estimator that it judges.
"""

from fairlead.worlds.fabric.failures import (
    HIGH_DROP_RATIO,
    LOW_DROP_RATIO,
    corropt_drop_ratio,
    cut_link,
    disabled_link,
    down_switch,
    lossy_link,
    lossy_switch,
    narrowed_link,
)
from fairlead.worlds.fabric.performance import Performance, performance
from fairlead.worlds.fabric.scenarios import Scenario, scenarios
from fairlead.worlds.fabric.simulator import Outcome, simulate
from fairlead.worlds.fabric.topologies import ClosSpec, clos, fat_tree, figure_1, testbed
from fairlead.worlds.fabric.traffic import Trace, trace, web_search_sizes

__all__ = [
    "HIGH_DROP_RATIO",
    "LOW_DROP_RATIO",
    "ClosSpec",
    "Outcome",
    "Performance",
    "Scenario",
    "Trace",
    "clos",
    "corropt_drop_ratio",
    "cut_link",
    "disabled_link",
    "down_switch",
    "fat_tree",
    "figure_1",
    "lossy_link",
    "lossy_switch",
    "narrowed_link",
    "performance",
    "scenarios",
    "simulate",
    "testbed",
    "trace",
    "web_search_sizes",
]
