"""`short_rounds`: how many round trips a short flow takes, with real kernel TCP (SWARM appendix B)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.service.measure_tables import Point, dkw_error, quantile_rows
from fairlead.worlds.testbed.laboratory import MSS_BYTES, Bench, Laboratory, Variant, laboratory
from fairlead.worlds.testbed.transfers import Carried, Transfer, carried

Reals = NDArray[np.float64]

_PATIENCE_S = 60.0
_PRIORITY = 50
# the time between two starts: what a flow costs the machine, about twice over
_GAP_S, _PACKET_GAP_S = 0.0006, 0.00002
_FIRST_S = 0.5  # let the namespaces come to rest
_RARE_LOSS = 5e-3  # below it most flows lose nothing: half the repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortGrid:
    """Conditions to measure: all combinations for the kernel's own start, those of ``fewer_`` for other variants."""

    sizes_bytes: tuple[int, ...] = (MSS_BYTES, 5_000, 10_000, 20_000, 30_000, 50_000, 80_000, 150_000)
    loss_ratios: tuple[float, ...] = (0.0, 5e-5, 5e-4, 5e-3, 1e-2, 5e-2, 0.1, 0.2)
    delays_ms: tuple[float, ...] = (0.0, 0.5, 1.0, 5.0)
    variants: tuple[Variant, ...] = (
        Variant(),
        Variant(initial_window=4),
        Variant(initial_window=40),
        Variant(slow_start_threshold=20),
    )
    fewer_sizes_bytes: tuple[int, ...] = (10_000, 30_000, 80_000, 150_000)
    fewer_loss_ratios: tuple[float, ...] = (0.0, 5e-3, 5e-2, 0.2)
    fewer_delays_ms: tuple[float, ...] = (0.5, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPoint:
    """One condition, as indices into the bench's lists."""

    congestion_control: str
    variant: int
    size_bytes: int
    delay: int
    loss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortResult:
    """rows: of the table; evidence: what belongs into the provenance."""

    rows: list[tuple[str | float | int, ...]]
    evidence: dict[str, Any] = field(default_factory=dict)


def short_rounds(
    grid: ShortGrid,
    congestion_controls: tuple[str, ...],
    repeats: int,
    seed: int,
    watch: Callable[[int, int], None] | None = None,
) -> ShortResult:
    """Measure them. repeats: flows for each point with loss of 5e-3 and more; half without loss, or with less.

    Takes about 1.2 ms a flow, then up to a minute for the last flows. Needs root.
    """
    bench = Bench(delays_ms=grid.delays_ms, loss_ratios=grid.loss_ratios, variants=grid.variants)
    points = list(_points(grid, congestion_controls))
    order = [point for point in points for _ in range(_repeats(grid.loss_ratios[point.loss], repeats))]
    order = [order[place] for place in np.random.default_rng(seed).permutation(len(order))]
    with laboratory(bench) as made:
        got = carried(list(_transfers(made, order)), _PATIENCE_S, _PRIORITY, watch)
        record = made.relay_record
    rtt_ms = _round_trips_ms(bench, order, got)
    evidence = {
        "flows": len(order),
        "repeats": {str(ratio): _repeats(ratio, repeats) for ratio in grid.loss_ratios},
        "dkw_error": {str(ratio): round(dkw_error(_repeats(ratio, repeats)), 3) for ratio in grid.loss_ratios},
        "unfinished": int(np.isinf(got.finish_s).sum()),
        "rtt_ms": {f"{added} ms added": rtt for added, rtt in zip(grid.delays_ms, rtt_ms, strict=True)},
        "relay": {
            "packets": record.packet_count,
            "lost": record.lost_count,
            "lateness_ms": {str(level): round(record.lateness_ms(level), 2) for level in (0.5, 0.9, 0.99, 0.999)},
        },
        "lossless_fifths": _controls(order, got),
    }
    return ShortResult(rows=quantile_rows(_samples(bench, order, got, rtt_ms)), evidence=evidence)


def _points(grid: ShortGrid, congestion_controls: tuple[str, ...]) -> Iterator[ShortPoint]:
    for control in congestion_controls:
        for variant, start in enumerate(grid.variants):
            if control == "bbr" and start.slow_start_threshold:
                continue  # BBR sets the threshold to infinity itself
            usual = start == Variant()
            sizes = grid.sizes_bytes if usual else grid.fewer_sizes_bytes
            for delay, delay_ms in enumerate(grid.delays_ms):
                for loss, ratio in enumerate(grid.loss_ratios):
                    if usual or (delay_ms in grid.fewer_delays_ms and ratio in grid.fewer_loss_ratios):
                        for size in sizes:
                            yield ShortPoint(
                                congestion_control=control, variant=variant, size_bytes=size, delay=delay, loss=loss
                            )


def _repeats(loss_ratio: float, repeats: int) -> int:
    return repeats if loss_ratio >= _RARE_LOSS else -(-repeats // 2)


def _transfers(made: Laboratory, order: list[ShortPoint]) -> Iterator[Transfer]:
    start_s = _FIRST_S
    for point in order:
        yield Transfer(
            start_s=start_s,
            source=made.sender(point.variant),
            target=made.receiver,
            address=made.address(point.delay, point.variant),
            port=made.port(point.loss),
            size_bytes=point.size_bytes,
            congestion_control=point.congestion_control,
        )
        start_s += _GAP_S + _PACKET_GAP_S * (point.size_bytes / MSS_BYTES)


def _round_trips_ms(bench: Bench, order: list[ShortPoint], got: Carried) -> list[float]:
    """[delays] median of the handshakes of flows that lose nothing."""
    handshake_ms = (got.connect_s - got.begin_s) * 1e3
    delay = np.array([point.delay for point in order])
    lossless = np.array([bench.loss_ratios[point.loss] == 0 for point in order])
    return [
        round(float(np.median(handshake_ms[lossless & (delay == index)])), 3) for index in range(len(bench.delays_ms))
    ]


def _samples(bench: Bench, order: list[ShortPoint], got: Carried, rtt_ms: list[float]) -> dict[Point, Reals]:
    taken: dict[ShortPoint, list[float]] = {}
    for point, duration_s in zip(order, got.duration_s, strict=True):
        taken.setdefault(point, []).append(float(duration_s))
    samples: dict[Point, Reals] = {}
    for point in sorted(taken, key=lambda p: (p.congestion_control, p.variant, p.size_bytes, p.delay, p.loss)):
        start = bench.variants[point.variant]
        key = (
            point.congestion_control,
            start.initial_window,
            start.slow_start_threshold,
            point.size_bytes,
            rtt_ms[point.delay],
            bench.loss_ratios[point.loss],
        )
        # an unfinished flow took at least as long as we waited
        samples[key] = np.minimum(taken[point], _PATIENCE_S) * 1e3 / rtt_ms[point.delay]
    return samples


def _controls(order: list[ShortPoint], got: Carried) -> list[float | None]:
    """Median time of the largest lossless flows in each fifth of the campaign, over that of the whole.

    None for a fifth without any."""
    size_bytes = max(point.size_bytes for point in order)
    largest = [at for at, p in enumerate(order) if p.size_bytes == size_bytes and p.loss == 0 and p.variant == 0]
    # each congestion control and delay has its own time: relative to the median of its kind
    kinds: dict[tuple[str, int], list[int]] = {}
    for at in largest:
        kinds.setdefault((order[at].congestion_control, order[at].delay), []).append(at)
    relative = np.full(len(order), np.nan)
    for members in kinds.values():
        relative[members] = got.duration_s[members] / np.median(got.duration_s[members])
    fifth = np.minimum(np.arange(len(order)) * 5 // max(1, len(order)), 4)
    chosen = np.isfinite(relative)
    parts = [relative[chosen & (fifth == part)] for part in range(5)]
    return [round(float(np.median(part)), 3) if len(part) else None for part in parts]
