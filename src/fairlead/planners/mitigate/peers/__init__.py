"""The rivals, one a file, as SWARM describes them (sections 2 and 4.1), under the same contract.

netpilot    least expected utilisation of the fullest link, mitigating always, or only below 80 % or 99 %
corropt     corrupting links are disabled while enough paths to the spine remain: 25, 50 or 75 %
playbook    corrupting links are disabled while enough uplinks of their switch remain: 25, 50 or 75 %; t0s are drained

They do not look whether a repair cuts servers off; a reason of the plan says so where it does.
"""

from fairlead.planners.mitigate.peers import corropt, netpilot, playbook
from fairlead.planners.mitigate.peers.rival import MitigateRival

__all__ = ["RIVALS", "MitigateRival", "corropt", "netpilot", "playbook"]

RIVALS: tuple[MitigateRival, ...] = (*netpilot.VARIANTS, *corropt.VARIANTS, *playbook.VARIANTS)
"""All of the paper's, in its order."""
