"""Measured transport tables beside what is known: response functions, and others' measurements."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_MSS_BITS = 1448 * 8
_RTO_S = 0.2  # the kernel's least
_CUBIC_C, _CUBIC_BETA = 0.4, 0.7  # RFC 9438
_NEAR_RTT_RATIO = 0.1  # others' round trips that count as ours
_ENOUGH = 0.9  # of others' bandwidth: above, their link limited, not the loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One point beside one reference. measured_mbps: mean of the measured distribution; ratio: over the reference."""

    reference: str
    congestion_control: str
    rtt_ms: float
    loss_ratio: float
    measured_mbps: float
    reference_mbps: float

    @property
    def ratio(self) -> float:
        return self.measured_mbps / self.reference_mbps


def compared(tables: Mapping[str, pa.Table], rebbr_folder: Path | None) -> list[Compared]:
    """`loss_limited` of the tables beside Mathis, PFTK (reno) and the CUBIC response function, and beside goodputs.

    rebbr_folder: where rebbr_goodput_vs_loss_exp1.csv and exp2.csv lie (cubic and bbr over an emulated link with
    100 ms, by loss and bandwidth); None: without. Points of theirs that their link limited are left out, and loss
    ratios that we did not measure are interpolated between ours, both on logarithmic axes.
    """
    means = _means(tables["loss_limited"])
    rows = [
        Compared(
            reference=name,
            congestion_control=control,
            rtt_ms=rtt_ms,
            loss_ratio=loss_ratio,
            measured_mbps=mean_mbps,
            reference_mbps=rate,
        )
        for (control, rtt_ms, loss_ratio), mean_mbps in means.items()
        for name, rate in _responses(control, rtt_ms, loss_ratio)
    ]
    return rows + ([] if rebbr_folder is None else list(_beside_others(means, rebbr_folder)))


def mathis_mbps(rtt_ms: float, loss_ratio: float) -> float:
    """Reno with a loss now and then: MSS / RTT x sqrt(3/2) / sqrt(p) (Mathis et al. 1997)."""
    return _MSS_BITS / (rtt_ms * 1e3) * math.sqrt(1.5 / loss_ratio)


def pftk_mbps(rtt_ms: float, loss_ratio: float) -> float:
    """Reno with time-outs, each packet acknowledged: Padhye et al. 1998, equation 30, with the kernel's least RTO."""
    fast_s = rtt_ms / 1e3 * math.sqrt(2 * loss_ratio / 3)
    time_out_s = _RTO_S * min(1.0, 3 * math.sqrt(3 * loss_ratio / 8)) * loss_ratio * (1 + 32 * loss_ratio**2)
    return _MSS_BITS / 1e6 / (fast_s + time_out_s)


def cubic_mbps(rtt_ms: float, loss_ratio: float) -> float:
    """CUBIC's average window over the round trip, at least what Reno would get (RFC 9438, 4.3 and 5.1)."""
    factor = math.pow(_CUBIC_C * (3 + _CUBIC_BETA) / (4 * (1 - _CUBIC_BETA)), 0.25)
    window = factor * math.pow(rtt_ms / 1e3 / loss_ratio, 0.75)
    return max(_MSS_BITS * window / (rtt_ms * 1e3), mathis_mbps(rtt_ms, loss_ratio))


def _responses(control: str, rtt_ms: float, loss_ratio: float) -> list[tuple[str, float]]:
    if control == "reno":
        return [("mathis", mathis_mbps(rtt_ms, loss_ratio)), ("pftk", pftk_mbps(rtt_ms, loss_ratio))]
    return [("cubic", cubic_mbps(rtt_ms, loss_ratio))] if control == "cubic" else []


def _means(table: pa.Table) -> dict[tuple[str, float, float], float]:
    """Mean of each distribution: the area under its quantiles."""
    columns = table.to_pydict()
    points: dict[tuple[str, float, float], list[tuple[float, float]]] = {}
    for control, rtt_ms, loss_ratio, level, rate in zip(
        *(columns[name] for name in ("congestion_control", "rtt_ms", "loss_ratio", "level_ratio", "throughput_mbps")),
        strict=True,
    ):
        points.setdefault((control, rtt_ms, loss_ratio), []).append((level, rate))
    return {key: _mean(np.array(sorted(pairs))) for key, pairs in points.items()}


def _mean(quantiles: Reals) -> float:
    return float(np.trapezoid(quantiles[:, 1], quantiles[:, 0]))


def _beside_others(means: dict[tuple[str, float, float], float], folder: Path) -> Iterator[Compared]:
    for name in ("rebbr_goodput_vs_loss_exp1.csv", "rebbr_goodput_vs_loss_exp2.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                goodput, bandwidth = float(row["goodput_Mbps"]), float(row["bandwidth_Mbps"])
                loss_ratio, rtt_ms = float(row["loss_rate"]), float(row["rtt_ms"])
                ours = _ours(means, row["congestion_control"], rtt_ms, loss_ratio)
                if goodput < _ENOUGH * bandwidth and goodput > 0 and ours > 0:
                    yield Compared(
                        reference=f"{name} at {bandwidth:g} Mbit/s",
                        congestion_control=row["congestion_control"],
                        rtt_ms=rtt_ms,
                        loss_ratio=loss_ratio,
                        measured_mbps=ours,
                        reference_mbps=goodput,
                    )


def _ours(means: dict[tuple[str, float, float], float], control: str, rtt_ms: float, loss_ratio: float) -> float:
    """Ours at that point, NaN outside what was measured."""
    near = sorted(
        (loss, rate)
        for (other, rtt, loss), rate in means.items()
        if other == control and abs(rtt - rtt_ms) <= _NEAR_RTT_RATIO * rtt_ms and rate > 0
    )
    if not near or not near[0][0] <= loss_ratio <= near[-1][0]:
        return float("nan")
    losses, rates = np.log(np.array(near)).T
    return float(np.exp(np.interp(math.log(loss_ratio), losses, rates)))
