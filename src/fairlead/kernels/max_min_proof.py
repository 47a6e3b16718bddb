"""Whether rates are max-min fair, proved from the rates alone (Bertsekas and Gallager, Data Networks 6.5).

Rates within capacities and ceilings are max-min fair exactly when each flow is at its ceiling, or has a bottleneck: a
link of its way that is full and on which no flow is faster.
"""

from __future__ import annotations

import numpy as np

from fairlead.kernels.max_min_filling import Int32s, Reals


def overload_ratio(links: Int32s, capacity_mbps: Reals, rate_mbps: Reals) -> float:
    """By how much the fullest link is over its capacity, relative to it; <= 0: none is. O(flows x hops)."""
    crossed = links >= 0
    rate = np.broadcast_to(rate_mbps[:, None], links.shape)[crossed]
    load = np.bincount(links[crossed], rate, minlength=len(capacity_mbps))
    over = load - capacity_mbps
    return float((over / np.maximum(capacity_mbps, 1e-9)).max(initial=-1.0))


def unfairness_ratio(links: Int32s, capacity_mbps: Reals, ceiling_mbps: Reals, rate_mbps: Reals) -> float:
    """How far the worst flow is from having a bottleneck or its ceiling; 0: the rates are max-min fair.

    A link is no bottleneck of a flow by the share of its capacity that is free, or by which the flow is slower than
    the fastest there, whichever is more. Holds for rates without an overload. O(flows x hops).
    """
    crossed = links >= 0
    flow, _ = np.nonzero(crossed)
    link = links[crossed]
    load = np.bincount(link, rate_mbps[flow], minlength=len(capacity_mbps))
    fastest = np.zeros(len(capacity_mbps))
    np.maximum.at(fastest, link, rate_mbps[flow])
    free = 1.0 - load / np.maximum(capacity_mbps, 1e-300)
    slower = 1.0 - rate_mbps[flow] / np.maximum(fastest[link], 1e-300)
    short = np.where(capacity_mbps[link] > 0, np.maximum(free[link], slower), 0.0)
    below = np.full(len(rate_mbps), np.inf)
    limited = np.isfinite(ceiling_mbps)
    below[limited] = 1.0 - rate_mbps[limited] / np.maximum(ceiling_mbps[limited], 1e-300)
    below[ceiling_mbps == rate_mbps] = 0.0
    np.minimum.at(below, flow, short)
    return float(np.maximum(below, 0.0).max(initial=0.0))
