"""How many samples a stated confidence asks for (SWARM 3.3; Dvoretzky, Kiefer, Wolfowitz 1956; Massart 1990).

The DKW inequality: with ``n`` independent samples, the empirical distribution is nowhere farther from the true one than
``error`` with probability at least ``1 - 2 exp(-2 n error^2)``. It holds whatever the distribution is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCounts:
    """How many demands are drawn (K in the paper), and how many routings of each (N)."""

    demands: int
    routings: int


def dkw_count(error_ratio: float, confidence: float) -> int:
    """Samples after which the empirical distribution is within ``error_ratio`` everywhere, with that confidence."""
    assert 0 < error_ratio < 1, "a distance of distributions"
    assert 0 < confidence < 1
    return math.ceil(math.log(2 / (1 - confidence)) / (2 * error_ratio**2))


def dkw_error(count: int, confidence: float) -> float:
    """What ``count`` samples leave open: the distance that they keep with that confidence; at most 1."""
    assert count >= 1
    assert 0 < confidence < 1
    return min(1.0, math.sqrt(math.log(2 / (1 - confidence)) / (2 * count)))


def sample_counts(error_ratio: float, confidence: float) -> SampleCounts:
    """K and N such that the composite distribution, over demands and routings, is that close with that confidence.

    Each demand with one routing of its own: such samples are independent draws from the composite distribution.

    Departs: the paper states both distances apart, and draws many routings of each demand (its 32 and 1000 keep 0.26
    and 0.047 at 95 % together). A further routing of the same demand costs as much as a further demand and tells less.
    """
    return SampleCounts(demands=dkw_count(error_ratio, confidence), routings=1)


def routing_counts(error_ratio: float, confidence: float) -> SampleCounts:
    """The same where the demand is given: all of the chance is in the routing, and in the luck of each flow."""
    return SampleCounts(demands=1, routings=dkw_count(error_ratio, confidence))
