"""Which edge servers to take offline so that relay streams meet their objective at least QoE cost (Sentry, CNC '25).

section of the paper                      file
3.1 problem, Eq. (1)                      failures.py, goal.py; as an exact problem: bound.py
3.2 features                              features.py
3.3 model                                 net.py (training), scores.py (serving)
3.4.1 labels, training                    labels.py, train.py
3.4.2 ranked removal                      ranked.py, peers/sentry.py
4.1.2 baselines                           peers/
5   staggered removal, capacity           schedule.py, failures.py (allowance), restore.py

Beyond the paper: planner.py (the default), remedy.py (chance constraint), search.py (exact or bounded cover),
forecast.py and persistence.py (which failures will last).
"""

from fairlead.planners.drain.forecast import AllLast, Forecast, Forecaster
from fairlead.planners.drain.goal import UNLIMITED, Goal
from fairlead.planners.drain.planner import Drain
from fairlead.planners.drain.restore import DrainMemory

__all__ = ["UNLIMITED", "AllLast", "Drain", "DrainMemory", "Forecast", "Forecaster", "Goal"]
