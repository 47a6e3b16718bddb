"""Measured relays: CloudPilot's runs (2021) between clouds, as trials of three ways from a host to a target.

A host reaches a target directly, through a relay that forwards packets, and through a relay that splits the TCP
connection; the two segments were measured on their own beside it. A trial keeps apart what was known (round trips of
the three pairs, throughput of the two segments) and what turned out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np

from fairlead.worlds.routing.relay_runs import Values, measured_runs

LARGE_FILE_BYTES = 209e6


class Way(Enum):
    """How the host reaches the target."""

    DIRECT = "direct"
    FORWARDING = "forwarding"  # the relay forwards packets: one TCP connection from end to end
    SPLIT = "split"  # the relay ends one TCP connection and begins another


OUTCOMES = {
    Way.DIRECT: "host_target_direct",
    Way.FORWARDING: "host_proxy_forwarding",
    Way.SPLIT: "host_proxy_proxy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the host wants: ``test`` names the kind of measurement.

    timed     : goodness is one over seconds, else Mbit/s
    size_bytes : data moved; infinite: as much as ten seconds move, 0: less than one flight
    """

    name: str
    test: str
    timed: bool
    size_bytes: float


AIMS = (
    Aim(name="throughput", test="bw", timed=False, size_bytes=math.inf),
    Aim(name="large_transfer", test="large_file", timed=True, size_bytes=LARGE_FILE_BYTES),
    Aim(name="small_transfer", test="small_file", timed=True, size_bytes=0),
    Aim(name="10k_transfer", test="10k_file", timed=True, size_bytes=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Known beforehand: round trips in ms, throughput of the two segments in Mbit/s (NaN where not measured)."""

    host_target_ms: float
    host_relay_ms: float
    relay_target_ms: float
    host_relay_mbps: float
    relay_target_mbps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of one triple under one aim: what was known, and how good each way turned out (larger is better)."""

    triple: tuple[str, ...]
    moment: datetime
    known: Segments
    measured: Mapping[Way, float]

    @property
    def winner(self) -> Way:
        """The way that turned out best."""
        return max(Way, key=lambda way: self.measured[way])


def relay_trials(folder: Path, aim: Aim) -> tuple[Trial, ...]:
    """Every run in which all three outcomes under this aim and what a prediction needs were measured.

    By triple, then by moment. BadInputError without the file.
    """
    found = (_trial(aim, run, values) for run, values in measured_runs(folder).items())
    return tuple(sorted((trial for trial in found if trial), key=lambda trial: (trial.triple, trial.moment)))


def _trial(aim: Aim, run: tuple[str, ...], values: Values) -> Trial | None:
    """None where an outcome or something that the prediction needs was not measured in this run."""
    measured = {
        way: _median(values, f"{aim.test}_{kind}.{'s' if aim.timed else 'mbps'}") for way, kind in OUTCOMES.items()
    }
    # the round trip of the transfer that is to be predicted would be known only afterwards
    others = [each.test for each in AIMS if each is not aim]
    rates = "large_file" if aim.test == "large_file" else "bw"
    known = Segments(
        host_target_ms=_round_trip(values, "ping_host_target", "host_target_direct", others),
        host_relay_ms=_round_trip(values, "ping_host_proxy", "proxy_host_direct", others),
        relay_target_ms=_round_trip(values, "ping_proxy_target", "proxy_target_direct", others),
        host_relay_mbps=_median(values, f"{rates}_proxy_host_direct.mbps"),
        relay_target_mbps=_median(values, f"{rates}_proxy_target_direct.mbps"),
    )
    needed = [*measured.values(), known.host_target_ms, known.host_relay_ms, known.relay_target_ms]
    if aim.size_bytes:
        needed += [known.host_relay_mbps, known.relay_target_mbps]
    if not all(np.isfinite(value) and value > 0 for value in needed):
        return None
    goodness = {way: 1 / value if aim.timed else value for way, value in measured.items()}
    return Trial(triple=run[:-1], moment=_moment(run[-1]), known=known, measured=goodness)


def _round_trip(values: Values, ping: str, segment: str, tests: list[str]) -> float:
    """A ping where there is one, else the smallest round trip that transfers over this segment saw."""
    if values.get(f"{ping}.min_ms"):
        return _median(values, f"{ping}.min_ms")
    seen = [rtt for test in tests for rtt in values.get(f"{test}_{segment}.min_ms", [])]
    return min(seen, default=float("nan"))


def _median(values: Values, name: str) -> float:
    return float(np.median(values[name])) if values.get(name) else float("nan")


def _moment(name: str) -> datetime:
    """Runs are named after the moment at which they began; the few without a name come first."""
    try:
        return datetime.strptime(name, "%d-%m-%Y_%H-%M")
    except ValueError:
        return datetime.min
