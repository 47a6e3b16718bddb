"""Does a prediction from segments name the winner that was measured, direct or through a relay?

The prediction sees what :mod:`fairlead.worlds.routing.relay_trials` says was known, never an outcome that it names. It
has textbook constants and no fitted number; its form (the rate of the held-back segment, slow start) was chosen among
four with these measurements in view, so its scores are those of an explanation, not of a blind forecast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairlead.worlds.routing.relay_trials import AIMS, Aim, Segments, Trial, Way, relay_trials

NEAR_BEST = 0.95
TEST_S = 10.0
BYTES_PER_MBIT = 125_000
FIRST_FLIGHT_BYTES = 10 * 1460


def cloudpilot_agreement(folder: Path) -> dict[str, Any]:
    """How often each rule names the measured winner of three ways, and of direct against relay; and what it keeps.

    agreement_ratio  : the named way is the measured best of the three
    relay_ratio      : whether to relay at all is answered as measured
    near_best_ratio  : the named way was within 5 % of the best
    kept_ratio       : mean of what the named way gave over what the best would have given
    repeat_ratio     : how often a run has the winner that the run before of the same triple had: no prediction that
                       sees only lasting properties can be expected to agree much more often

    Only runs in which all three outcomes and what a prediction needs were measured are judged; ``runs`` says how many.
    BadInputError without the file.
    """
    result: dict[str, Any] = {}
    for aim in AIMS:
        trials = relay_trials(folder, aim)
        result[aim.name] = {
            "runs": len(trials),
            "triples": len({trial.triple for trial in trials}),
            **{f"winner_{way.value}_count": sum(trial.winner is way for trial in trials) for way in Way},
            "repeat_ratio": _repeat_ratio(trials),
            "rules": {name: _scored(rule, trials) for name, rule in _rules(aim).items()} if trials else {},
        }
    return result


def predicted_rates(known: Segments, size_bytes: float) -> dict[Way, float]:
    """Mbit/s of each way over ``size_bytes`` of data, or over ten seconds where that is infinite.

    Throughput of one TCP connection is what it has in flight over its round trip (Mathis et al.: inverse in the round
    trip). What it can have in flight shows on the segment that holds more of it; the other segment was held back by its
    rate, and so is everything that ends where it ends. A forwarding relay adds up round trips; a splitting relay is as
    fast as its slower segment. Slow start costs a round trip for each doubling.
    """
    segments = (
        (known.host_relay_mbps, known.host_relay_ms),
        (known.relay_target_mbps, known.relay_target_ms),
    )
    full = [(rate * _slow_start(rate, ms, size_bytes), ms) for rate, ms in segments]
    in_flight = sorted((rate * ms, rate) for rate, ms in full)

    def one_connection(ms: float) -> float:
        rate = min(in_flight[-1][0] / ms, in_flight[0][1])
        return rate / _slow_start(rate, ms, size_bytes)

    slower = min(rate for rate, _ in full)
    return {
        Way.DIRECT: one_connection(known.host_target_ms),
        Way.FORWARDING: one_connection(known.host_relay_ms + known.relay_target_ms),
        Way.SPLIT: slower / _slow_start(slower, max(ms for _, ms in full), size_bytes),
    }


def predicted_speeds(known: Segments) -> dict[Way, float]:
    """One over the seconds of a transfer that fits into the first flight.

    It takes a round trip to begin and one to be acknowledged; a splitting relay begins its two connections one after
    the other, and the acknowledgement comes over the longer of the two only.
    """
    around_ms = known.host_relay_ms + known.relay_target_ms
    return {
        Way.DIRECT: 1000 / (2 * known.host_target_ms),
        Way.FORWARDING: 1000 / (2 * around_ms),
        Way.SPLIT: 1000 / (around_ms + max(known.host_relay_ms, known.relay_target_ms)),
    }


def _slow_start(rate_mbps: float, round_trip_ms: float, size_bytes: float) -> float:
    """How many times longer slow start makes it: a round trip for each doubling of the first ten packets."""
    doublings = math.log2(max(2.0, rate_mbps * BYTES_PER_MBIT * round_trip_ms / 1000 / FIRST_FLIGHT_BYTES))
    lasts_s = size_bytes / (rate_mbps * BYTES_PER_MBIT) if math.isfinite(size_bytes) else TEST_S
    return 1 + doublings * round_trip_ms / 1000 / lasts_s


def _rules(aim: Aim) -> dict[str, Callable[[Trial], Way]]:
    def predicted(trial: Trial) -> Way:
        known = trial.known
        goodness = predicted_rates(known, aim.size_bytes) if aim.size_bytes else predicted_speeds(known)
        return max(Way, key=lambda way: goodness[way])

    def shorter(trial: Trial) -> Way:
        around = trial.known.host_relay_ms + trial.known.relay_target_ms
        return Way.FORWARDING if around < trial.known.host_target_ms else Way.DIRECT

    return {
        "predicted": predicted,
        "always_direct": lambda _: Way.DIRECT,
        "always_forwarding": lambda _: Way.FORWARDING,
        "always_split": lambda _: Way.SPLIT,
        "shorter_round_trip": shorter,
    }


def _scored(rule: Callable[[Trial], Way], trials: Sequence[Trial]) -> dict[str, float]:
    rows = []
    for trial in trials:
        named, best = rule(trial), trial.winner
        kept = trial.measured[named] / trial.measured[best]
        relayed = (named is not Way.DIRECT) == (best is not Way.DIRECT)
        rows.append((named is best, relayed, kept >= NEAR_BEST, kept))
    names = ("agreement_ratio", "relay_ratio", "near_best_ratio", "kept_ratio")
    return {name: round(float(mean), 4) for name, mean in zip(names, np.mean(rows, axis=0), strict=True)}


def _repeat_ratio(trials: Sequence[Trial]) -> float | None:
    """None where no triple was measured twice. Trials are ordered by triple, then moment."""
    last: dict[tuple[str, ...], Way] = {}
    same = []
    for trial in trials:
        if trial.triple in last:
            same.append(last[trial.triple] is trial.winner)
        last[trial.triple] = trial.winner
    return round(float(np.mean(same)), 4) if same else None
