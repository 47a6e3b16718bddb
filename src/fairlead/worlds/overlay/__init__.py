"""Overlay networks with hidden truth: what an operator would observe, and what really happened behind it.

    paper.py      the failure cases of Sentry 4.1.1, exactly
    scaled.py     up to 50,000 servers and 5,000,000 pairs that look like the world, at one moment of failure
    timeline.py   a world in time: faults come and go, users reconnect, drains have consequences
    cases.py      moments at which a planner must decide, and the future that will judge it
    demo.py       the 60-server world of ``fairlead demo``
    meshes.py     measured meshes as base networks, failures injected

Everything follows from a seed. All but the measured meshes' round-trip times is invented, and says so.
"""

from fairlead.worlds.overlay.cases import BUSY_WORLD, TimelineSpec, timeline_case
from fairlead.worlds.overlay.demo import demo_world
from fairlead.worlds.overlay.faults import Course, Fault, FaultKind
from fairlead.worlds.overlay.layout import OverlaySpec, overlay_network
from fairlead.worlds.overlay.loss import failed_counts, success_ratio
from fairlead.worlds.overlay.meshes import Mesh, aws_mesh, data_dir, planetlab_mesh, with_injected_failures
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.paper import PaperCase, Scenario, paper_case, paper_cases
from fairlead.worlds.overlay.scaled import OverlayWorld, scaled_overlay
from fairlead.worlds.overlay.timeline import (
    State,
    World,
    begin,
    future_failures,
    judged,
    observed,
    step,
    success_ratio_of,
)

__all__ = [
    "BUSY_WORLD",
    "Course",
    "Fault",
    "FaultKind",
    "Mesh",
    "Network",
    "OverlaySpec",
    "OverlayWorld",
    "PaperCase",
    "Scenario",
    "State",
    "TimelineSpec",
    "World",
    "aws_mesh",
    "begin",
    "data_dir",
    "demo_world",
    "failed_counts",
    "future_failures",
    "judged",
    "observed",
    "overlay_network",
    "paper_case",
    "paper_cases",
    "planetlab_mesh",
    "scaled_overlay",
    "step",
    "success_ratio",
    "success_ratio_of",
    "timeline_case",
    "with_injected_failures",
]
