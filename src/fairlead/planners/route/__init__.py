"""Which paths sessions take over the overlay, and in what shares (Panorama, USENIX ATC '24).

section of the paper                       file
3.1 measurements, the Internet map         telemetry/ (records to tables)
3.2 route request, Nearby as fallback      answer*.py (the fast door)
3.3 user and session groups                groups.py, group_churn.py, pairs.py
4.1 phase 1: backbone paths                backbone.py
4.1 phase 1: end-to-end paths              paths.py (exact, all sites), candidates.py (the paper's bandit)
4.2 phase 2: SLA filter                    sla.py
4.3 phase 3: demand, split                 demand.py, split.py, splitters.py, bound.py
5.1 what it is compared with               peers/

planner.py is the slow door; finders.py and splitters.py are the two parts in which the default and the paper's planner
differ; slots.py lays the routes out, outcome.py turns a choice into a plan.
"""

from fairlead.planners.route.goal import Objective, RouteGoal
from fairlead.planners.route.memory import RouteMemory
from fairlead.planners.route.planner import Route, prepared

__all__ = ["Objective", "Route", "RouteGoal", "RouteMemory", "prepared"]
