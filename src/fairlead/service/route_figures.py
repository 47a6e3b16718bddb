"""The figures by which a routing is judged (Panorama 5.2 and 5.3), from what sessions experienced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Demands, Routes, ServiceClasses, Snapshot
from fairlead.worlds.routing.experience import Experience

Reals = NDArray[np.float64]
LATENCY_TAILS_MS = (200, 300, 400)
LOSS_TAILS_PERCENT = (20, 50, 70)
JITTER_TAILS_MS = (50, 100, 250)
HOP_COLUMNS = 4


def routing_figures(truth: Snapshot, routed: Snapshot, lived: Experience, best_ms: Reals) -> dict[str, Any]:
    """What the sessions of one routing lived through; every session counts by its rate.

    best_ms : [session groups] lowest latency that any path would have had, the oracle's; NaN where there is none

    A path of unknown latency counts as endless. A metric that was measured nowhere has no figures: None. A session
    keeps its SLA when all metrics that its class limits are known and inside.
    """
    weight = lived.rate_mbps
    latency = np.where(np.isnan(lived.latency_ms), np.inf, lived.latency_ms)
    ratio = lived.latency_ms / best_ms[routed[Routes].demand] - 1
    percentiles = {f"latency_p{q}_ms": _number(weighted_quantile(latency, weight, q / 100)) for q in (50, 90, 99)}
    return {
        **percentiles,
        **{f"latency_above_{limit}_ratio": _share(latency > limit, weight) for limit in LATENCY_TAILS_MS},
        **_tails("loss", "percent", lived.loss_ratio * 100, LOSS_TAILS_PERCENT, weight),
        **_tails("jitter", "ms", lived.jitter_ms, JITTER_TAILS_MS, weight),
        **{f"sla_{name}_ratio": share for name, share in _sla(truth, routed, lived).items()},
        "suboptimality_median": _number(weighted_quantile(ratio, weight, 0.5)),
        **_hops(lived),
        "utilisation_max": _number(_highest_utilisation(lived)),
        "load_max_mbps": _number(float(lived.site_mbps.max(initial=0.0))),
        "load_std_mbps": _number(float(lived.site_mbps.std())),
    }


def weighted_quantile(values: Reals, weight: Reals, share: float) -> float:
    """The smallest value below or at which ``share`` of the weight lies; values without weight or NaN do not count.
    NaN where nothing counts.
    """
    counts = (weight > 0) & ~np.isnan(values)
    if not counts.any():
        return float("nan")
    order = np.argsort(values[counts], kind="stable")
    total = np.cumsum(weight[counts][order])
    place = np.searchsorted(total, share * total[-1] * (1 - 1e-12))
    return float(values[counts][order][place])


def averaged(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of each figure over windows; None where it is not known in any one of them."""
    assert rows, "at least one window"
    return {
        name: None if any(row[name] is None for row in rows) else round(float(np.mean([row[name] for row in rows])), 6)
        for name in rows[0]
    }


def with_normalised_load(methods: Mapping[str, dict[str, Any]], reference: str) -> dict[str, dict[str, Any]]:
    """Each method's figures with the standard deviation of its load over sites, all on one scale (Panorama Fig. 14).

    Departs: the paper does not say what it divides by; here it is the highest load of a site under ``reference``.
    """
    scale = methods[reference]["load_max_mbps"]
    return {
        name: row | {"load_std": round(row["load_std_mbps"] / scale, 4) if scale else None}
        for name, row in methods.items()
    }


def _share(hit: NDArray[np.bool_], weight: Reals) -> float | None:
    total = float(weight.sum())
    return _number(float(weight[hit].sum()) / total) if total > 0 else None


def _tails(metric: str, unit: str, values: Reals, limits: Sequence[int], weight: Reals) -> dict[str, float | None]:
    known = ~np.isnan(values)
    return {
        f"{metric}_above_{limit}_{unit}_ratio": _share(values[known] > limit, weight[known]) if known.any() else None
        for limit in limits
    }


def _sla(truth: Snapshot, routed: Snapshot, lived: Experience) -> dict[str, float | None]:
    """Share of the sessions of each class whose path kept the SLA (Table 5)."""
    classes = truth[ServiceClasses]
    of_slot = truth[Demands].service_class[routed[Routes].demand]
    kept = np.ones(len(of_slot), dtype=bool)
    for values, limits in (
        (lived.latency_ms, classes.latency_ms),
        (lived.jitter_ms, classes.jitter_ms),
        (lived.loss_ratio, classes.loss_ratio),
    ):
        limit = limits[of_slot].astype(np.float64)
        kept &= np.isnan(limit) | (values <= limit)  # a metric that is not known is not inside
    return {
        str(name): _share(kept[of_slot == row], lived.rate_mbps[of_slot == row])
        for row, name in enumerate(classes.service_class.tolist())
    }


def _hops(lived: Experience) -> dict[str, float | None]:
    """Share of the sessions by sites on the way, and the mean over those that use the overlay (Fig. 13 c)."""
    weight, hops = lived.rate_mbps, lived.hop_count
    overlay = hops > 0
    carried = float(weight[overlay].sum())
    shares = {f"hops_{count}_ratio": _share(hops == count, weight) for count in range(HOP_COLUMNS)}
    more = {f"hops_{HOP_COLUMNS}_or_more_ratio": _share(hops >= HOP_COLUMNS, weight)}
    mean = float((weight[overlay] * hops[overlay]).sum()) / carried if carried > 0 else float("nan")
    return shares | more | {"hops_mean": _number(mean)}


def _highest_utilisation(lived: Experience) -> float:
    used = (lived.link_utilisation, lived.inward_utilisation, lived.outward_utilisation)
    known = np.concatenate(used)
    known = known[~np.isnan(known)]
    return float(known.max()) if len(known) else float("nan")


def _number(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
