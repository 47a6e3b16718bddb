"""Which repair to make of a datacenter fabric: the one under which connections fare best (SWARM).

section of the paper                         file
3.2 inputs, Table 1: failures                failures.py (cables.py: links as cables)
3.2 Table 1: mitigations, combinations       candidates.py, actions.py (as edits), words.py (as text)
3.2 Table 1: WCMP weights                    weights.py (stages.py: the fabric in four stages, spread.py)
3.2, 4.1, D.3 comparators, ties              comparators.py
3.3 how the estimator is used                race.py (samples), certainty.py (how sure), verdicts.py, ranking.py
3.4 connection-level performance             predict/flows (not here; comes in as ``Estimate``)
4.1 best possible                            bound.py
D.1 sensitivity                              decision.py
4.1 what it is compared with                 peers/

planner.py is the slow door, on the tables of needs.py; memory.py keeps it from going back and forth, outcome.py turns
a ranking into a plan.
"""

from fairlead.planners.mitigate.candidates import Candidate, Field, field_of
from fairlead.planners.mitigate.comparators import (
    COMPARATORS,
    PRIORITY_1P_T,
    PRIORITY_AVG_T,
    PRIORITY_FCT,
    Comparator,
    Linear,
    Priority,
)
from fairlead.planners.mitigate.memory import MitigateMemory
from fairlead.planners.mitigate.needs import MITIGATE_NEEDS
from fairlead.planners.mitigate.planner import Mitigate
from fairlead.planners.mitigate.ranking import Ranked, Ranking, ranking_as_json

__all__ = [
    "COMPARATORS",
    "MITIGATE_NEEDS",
    "PRIORITY_1P_T",
    "PRIORITY_AVG_T",
    "PRIORITY_FCT",
    "Candidate",
    "Comparator",
    "Field",
    "Linear",
    "Mitigate",
    "MitigateMemory",
    "Priority",
    "Ranked",
    "Ranking",
    "field_of",
    "ranking_as_json",
]
