"""Which path a session uses, on the side of the client (Panorama 3.2 and 3.4): values in, values out.

A session asks once for a path when it begins, and from then on now and again for the whole weighted set: it stays on
its path while that is in the set, and draws another when it is not. No answer in time is an answer: the Nearby path
that the client was given when it was started, or the path that it is on. Chance and time are arguments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from fairlead.model import BadInputError

Sites = tuple[str | int, ...]
"""A path as the ids of its sites, ingress first; empty is the plain Internet."""

TIMEOUT_S = 0.2  # Panorama 3.2: a request for a path has 200 ms
CHECK_S = 600.0  # Panorama 3.4: every ten minutes
JITTER_RATIO = 0.2


class Reason(Enum):
    """Why a session is on its path."""

    ANSWERED = "answered"  # the route server chose it
    FALLBACK = "fallback"  # no answer in time: the Nearby path
    KEPT = "kept"  # still in the set
    DRAWN = "drawn"  # no longer in the set: drawn by weight
    UNCHECKED = "unchecked"  # no set in time: nothing changes


@dataclass(frozen=True, slots=True)
class WeightedPath:
    """One path of a set and its share of the sessions; the shares of a set need not sum to 1."""

    sites: Sites
    weight_ratio: float

    def __post_init__(self) -> None:
        if not 0 <= self.weight_ratio < math.inf:
            raise BadInputError(
                code="adjustment.weight",
                what="a weight has no meaning",
                got=str(self.weight_ratio),
                expected="0 or more",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """When a session asks.

    check_s      : mean time between two checks of the path
    jitter_ratio : each time is drawn from check_s * (1 - jitter, 1 + jitter)
    timeout_s    : an answer that takes longer is no answer
    """

    check_s: float = CHECK_S
    jitter_ratio: float = JITTER_RATIO
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        if not (0 < self.check_s < math.inf and 0 <= self.jitter_ratio <= 1 and 0 < self.timeout_s < math.inf):
            raise BadInputError(
                code="adjustment.timers",
                what="timers have no meaning",
                got=f"check {self.check_s} s, jitter {self.jitter_ratio}, timeout {self.timeout_s} s",
                expected="times above 0 and a jitter of 0 to 1",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session between two requests: where it sends, why, and when it asks again (seconds on the caller's clock)."""

    sites: Sites
    reason: Reason
    next_check_s: float


def begun(answer: Sites | None, took_s: float, nearby: Sites, now_s: float, uniform: float, timers: Timers) -> Session:
    """The session after its first request (Panorama 3.2).

    answer  : the path from the route server; None: it refused, or was not to be reached
    took_s  : how long the answer took
    nearby  : what to use without an answer, from the client's own start (3.2 step 1)
    uniform : in [0, 1)

    Departs: the first check comes after a random part of ten minutes (:func:`first_s`), not after ten minutes, so that
    sessions which begin at one moment (a broadcast, a reconnect after an outage) never check at one moment.
    """
    in_time = answer is not None and took_s <= timers.timeout_s
    sites, reason = (answer, Reason.ANSWERED) if answer is not None and in_time else (nearby, Reason.FALLBACK)
    return Session(sites=sites, reason=reason, next_check_s=now_s + first_s(timers, uniform))


def checked(
    session: Session,
    paths: Sequence[WeightedPath] | None,
    took_s: float,
    now_s: float,
    uniforms: tuple[float, float],
    timers: Timers,
) -> Session:
    """The session after a check of its path (Panorama 3.4).

    paths    : the weighted set; None: it refused, or was not to be reached. An empty set counts as none.
    uniforms : in [0, 1), one for the path and one for the time of the next check

    A path of weight 0 is not in the set: nothing new is sent over it. Without a set in time the session stays where it
    is: a path that works is better than a blind change.
    """
    later = now_s + interval_s(timers, uniforms[1])
    in_time = took_s <= timers.timeout_s  # false for NaN
    if paths is None or not in_time or not any(path.weight_ratio > 0 for path in paths):
        return replace(session, reason=Reason.UNCHECKED, next_check_s=later)
    if any(path.sites == session.sites and path.weight_ratio > 0 for path in paths):
        return replace(session, reason=Reason.KEPT, next_check_s=later)
    return Session(sites=drawn(paths, uniforms[0]), reason=Reason.DRAWN, next_check_s=later)


def drawn(paths: Sequence[WeightedPath], uniform: float) -> Sites:
    """The path that a number in [0, 1) selects by weight; at least one weight is above 0."""
    usable = [path for path in paths if path.weight_ratio > 0]
    assert usable, "a set with a weight"
    left = uniform * math.fsum(path.weight_ratio for path in usable)
    for path in usable:
        if left < path.weight_ratio:
            return path.sites
        left -= path.weight_ratio
    return usable[-1].sites  # what rounding leaves over


def interval_s(timers: Timers, uniform: float) -> float:
    """The time to the next check, jittered: checks that met once drift apart. Never 0."""
    return timers.check_s * max(1e-3, 1 + timers.jitter_ratio * (2 * uniform - 1))


def first_s(timers: Timers, uniform: float) -> float:
    """The time to the first check: what is left of an interval that one steps into at a moment of chance. Never 0.

    With this start the checks of many sessions that began together come at one constant rate from the first second on
    (the stationary start of a renewal process): its density is (1 - F(t)) / mean, with F that of :func:`interval_s`.
    """
    jitter = timers.jitter_ratio
    part = uniform if uniform < 1 - jitter else 1 + jitter - 2 * math.sqrt(jitter * (1 - uniform))
    return timers.check_s * max(1e-3, part)
