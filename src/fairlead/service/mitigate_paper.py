"""What SWARM reports of itself and its rivals, as far as the text gives numbers (sections 1, 2 and 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAPER: Mapping[str, Any] = {
    "packet corruption above the t0": {
        "PriorityFCT": {"fairlead": {"fct_p99_max_percent": 0.1}, "corropt_75": {"fct_p99_max_percent": 79.3}},
        "penalty_max_percent": 9.0,
        "pairs_that_netpilot_orig_partitions": "16 of 32",
    },
    "congestion": {
        "PriorityFCT": {"netpilot": {"fct_p99_percent": 38.0}},
        "penalty_max_percent": 9.0,
    },
    "packet corruption at a t0": {
        "PriorityFCT": {"fairlead": {"fct_p99_max_percent": 28.9}, "playbook_25": {"fct_p99_max_percent": 57.0}},
        "penalty_max_percent": 29.0,
    },
    "no_action_ratio_at_least": 0.35,
    "throughput_p1_mbps": {"healthy": 15.0, "low C0-B0, no action": 14.2, "C0-B0 disabled": 3.6},
    "effort": "30 traces of 500 s as truth, 32 traces x 1,000 routings of 200 s as estimate; flows of [50, 150) s",
}
