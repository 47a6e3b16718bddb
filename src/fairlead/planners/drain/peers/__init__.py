"""The rivals, one a file, under the same contract and measured by the same lines as the default planner.

heuristic_offline   ranking by fail ratio                     Sentry 4.1.2
netbouncer          servers without one good path             Sentry 4.1.2, after Tan et al. 2019
sentry              ranking by a learned score                Sentry 3
beam                filtered beam search                      Sentry 4.1.1 (its label maker), after Ow and Morton 1988
greedy              most failed streams first, recomputed
exact               branch and bound
"""

from fairlead.planners.drain.peers import beam, exact, greedy, heuristic_offline, netbouncer
from fairlead.planners.drain.peers.rival import Choice, Rival
from fairlead.planners.drain.peers.sentry import ByScore

__all__ = ["ByScore", "Choice", "Rival", "beam", "exact", "greedy", "heuristic_offline", "netbouncer"]
