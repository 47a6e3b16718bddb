"""The only door out: edits become calls on the network. Wrap one actuator in another to vary what happens.

``KillSwitch(InMemory(...), ...)`` acts, one edit at a time, until somebody says stop; ``DryRun(...)`` only writes down.
"""

from fairlead.actuators.actuator import Actuator, Clock, Outcome, Receipt
from fairlead.actuators.dry_run import DryRun
from fairlead.actuators.in_memory import Device, InMemory, obedient
from fairlead.actuators.kill_switch import KillSwitch, file_flag

__all__ = [
    "Actuator",
    "Clock",
    "Device",
    "DryRun",
    "InMemory",
    "KillSwitch",
    "Outcome",
    "Receipt",
    "file_flag",
    "obedient",
]
