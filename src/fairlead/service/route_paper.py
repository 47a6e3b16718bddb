"""What Panorama reports of itself and its rivals: Figures 5, 9, 10, 13 and 14, Tables 1 and 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAPER: Mapping[str, Any] = {
    "methods": {
        "panorama": {
            "latency_above_200_ratio": 0.0366,
            "latency_above_300_ratio": 0.0002,
            "latency_above_400_ratio": 0.0,
            "loss_above_20_percent_ratio": 0.0515,
            "loss_above_50_percent_ratio": 0.0034,
            "loss_above_70_percent_ratio": 0.0016,
            "jitter_above_50_ms_ratio": 0.0086,
            "jitter_above_100_ms_ratio": 0.0024,
            "jitter_above_250_ms_ratio": 0.0004,
            "sla_premium_ratio": 0.766,
            "sla_standard_ratio": 0.8396,
            "sla_default_ratio": 0.8405,
            "suboptimality_median": 0.0383,
            "hops_1_ratio": 0.651,
            "hops_mean": 1.43,
            "load_std": 0.10,
        },
        "nearby": {
            "latency_above_200_ratio": 0.2312,
            "latency_above_300_ratio": 0.0092,
            "latency_above_400_ratio": 0.0003,
            "loss_above_20_percent_ratio": 0.0915,
            "loss_above_50_percent_ratio": 0.0062,
            "loss_above_70_percent_ratio": 0.0025,
            "jitter_above_50_ms_ratio": 0.0134,
            "jitter_above_100_ms_ratio": 0.0030,
            "jitter_above_250_ms_ratio": 0.0003,
            "sla_premium_ratio": 0.6033,
            "sla_standard_ratio": 0.7994,
            "sla_default_ratio": 0.8059,
            "suboptimality_median": 0.1651,
            "hops_mean": 2.57,
            "load_std": 0.22,
        },
        "direct": {
            "latency_above_200_ratio": 0.2774,
            "latency_above_300_ratio": 0.0303,
            "latency_above_400_ratio": 0.0051,
            "loss_above_20_percent_ratio": 0.0872,
            "loss_above_50_percent_ratio": 0.0179,
            "loss_above_70_percent_ratio": 0.0055,
            "jitter_above_50_ms_ratio": 0.0413,
            "jitter_above_100_ms_ratio": 0.0091,
            "jitter_above_250_ms_ratio": 0.0026,
            "sla_premium_ratio": 0.4074,
            "sla_standard_ratio": 0.7956,
            "sla_default_ratio": 0.8269,
        },
        "oracle": {
            "latency_above_200_ratio": 0.0355,
            "latency_above_300_ratio": 0.0002,
            "latency_above_400_ratio": 0.0,
            "loss_above_20_percent_ratio": 0.0798,
            "loss_above_50_percent_ratio": 0.0047,
            "loss_above_70_percent_ratio": 0.0022,
            "jitter_above_50_ms_ratio": 0.0141,
            "jitter_above_100_ms_ratio": 0.0033,
            "jitter_above_250_ms_ratio": 0.0007,
        },
    },
    "sites_in_optimum": {
        "ingress_mean": {"3": 2.16, "5": 2.87, "7": 3.36, "9": 3.72, "10": 3.85},
        "egress_mean": {"3": 2.15, "5": 2.89, "7": 3.40, "9": 3.79, "10": 3.93},
    },
    "heuristic_above_exact": {"mean_ms": 6.67, "mean_ratio": 0.0449},
}
