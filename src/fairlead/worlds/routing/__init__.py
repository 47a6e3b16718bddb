"""Overlays that route sessions, with hidden truth: what would be measured, and what sessions then experience.

    spec.py           how large a world is
    world.py          the generated world in time: ``routing_world(spec, seed).at(window)``
    experience.py     what sessions go through on the paths that they were given, queues included
    prefixes.py       address blocks and their latencies, for grouping

and behind them cloud_regions.py and places.py (where), routes.py and internet.py (how far), demand.py (who with whom),
capacity.py (how wide), degradations.py and conditions.py (what happens).

Everything follows from a seed, and is invented unless it says otherwise.
"""

from fairlead.worlds.routing.prefixes import PrefixLatencies, prefix_latencies
from fairlead.worlds.routing.spec import SMALL_WORLD, RoutingSpec
from fairlead.worlds.routing.world import RoutingWorld, routing_world

__all__ = ["SMALL_WORLD", "PrefixLatencies", "RoutingSpec", "RoutingWorld", "prefix_latencies", "routing_world"]
