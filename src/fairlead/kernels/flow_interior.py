"""Interior-point method for :mod:`fairlead.kernels.flow`: a predictor-corrector (Mehrotra) that knows the structure.

Every commodity's own unknowns (flows over its paths, their sum) are eliminated by hand, so that what is left to factor
is one dense system over the links that the choices can change, however many commodities there are. A step costs a few
passes over the commodities, one over the pairs of paths that some commodity chooses between, and a Cholesky factor.

The unknowns: x flows, z their reduced costs [commodities, slots]; t slack and p price [rows]; theta. Rows are the links
that a choice changes, and one more for the fullest of all the others. Both sides stay admissible from the first step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from fairlead.kernels.flow import FlowProblem, Reals, equal_weights
from fairlead.kernels.flow_newton import assemble, direction, pull
from fairlead.kernels.flow_pairs import Choices
from fairlead.kernels.flow_saddle import Saddle

STEP = 0.995  # of the way to where the first unknown would reach 0
DIGITS = 1e-12  # relative gap of the iterate below which there are no more digits; the proven gap then stays near 1e-7
BLEND = 0.5  # how much of the equal weights goes into a start: nothing may start at 0


@dataclass(slots=True, eq=False)
class _Iterate:
    x: Reals
    z: Reals
    t: Reals
    p: Reals

    def gap(self) -> float:
        return float(np.einsum("cs,cs->", self.x, self.z) + self.t @ self.p)


@dataclass(slots=True, eq=False)
class _Step:
    dx: Reals
    dz: Reals
    dt: Reals
    dp: Reals
    primal: float  # longest admissible step of x and t
    dual: float  # and of z and p
    gap: float  # gap after both


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What stays: the problem, its pairs, and the fullest link that no choice changes."""

    problem: FlowProblem
    pairs: Choices
    fixed_link: int
    fixed: float

    def on_rows(self, utilisation: Reals) -> Reals:
        return np.append(utilisation[self.pairs.rows], self.fixed)

    def on_links(self, price: Reals) -> Reals:
        full = np.zeros(self.problem.link_count)
        full[self.pairs.rows] = price[:-1]
        full[self.fixed_link] += price[-1]
        return full


def interior(
    problem: FlowProblem, pairs: Choices, start: Saddle, *, rounds: int, gap: float, expired: Callable[[], bool]
) -> Saddle:
    """At most ``rounds`` steps from ``start``; stops at the proven ``gap``. Never worse than the start.

    The problem must be in normal form. O(commodities + pairs + rows^3) a step.
    """
    if start.settled(gap):
        return start
    frame = _frame(problem, pairs)
    at = _start(frame, start)
    best = start
    for taken in range(1, rounds + 1):
        if best.settled(gap) or at.gap() <= DIGITS * best.value or expired():
            break
        step = _predicted_and_corrected(frame, at)
        if step is None:
            break
        at.x += min(1.0, STEP * step.primal) * step.dx
        at.t += min(1.0, STEP * step.primal) * step.dt
        at.z += min(1.0, STEP * step.dual) * step.dz
        at.p += min(1.0, STEP * step.dual) * step.dp
        best = _better(best, frame, at, start.round_count + taken)
    return best


def _frame(problem: FlowProblem, pairs: Choices) -> _Frame:
    use = problem.utilisation(equal_weights(problem.path))
    use[pairs.rows] = -1.0
    link = int(use.argmax())
    return _Frame(problem, pairs, link, max(0.0, float(use[link])))


def _start(frame: _Frame, start: Saddle) -> _Iterate:
    """Well inside: part of the given weights and prices, and reduced costs under which all products are near equal."""
    problem = frame.problem
    open_slot = problem.path >= 0
    weight = (1 - BLEND) * start.weight + BLEND * equal_weights(problem.path)
    use = frame.on_rows(problem.utilisation(weight))
    t = 1.1 * use.max() - use
    given = np.append(start.price[frame.pairs.rows], start.price[frame.fixed_link])
    p = (1 - BLEND) * given / max(given.sum(), 1e-300) + BLEND * (1 / t) / (1 / t).sum()
    p /= p.sum()
    price = np.where(open_slot, problem.path_prices(frame.on_links(p))[problem.path], np.inf)
    count = open_slot.sum(axis=1)
    target = max(1.1 * use.max() - problem.floor(frame.on_links(p)), 1e-3) / (count.sum() + len(t))
    dearer = price - (price.min(axis=1) - target * count / problem.demand)[:, None]
    return _Iterate(
        x=np.where(open_slot, weight * problem.demand[:, None], 0.0), z=np.where(open_slot, dearer, 0.0), t=t, p=p
    )


def _predicted_and_corrected(frame: _Frame, at: _Iterate) -> _Step | None:
    """Mehrotra: a step straight to the optimum tells how far it is wise to aim, and what its curvature leaves."""
    problem, pairs = frame.problem, frame.pairs
    curvature, moved = np.zeros(pairs.pair_count), np.zeros(problem.path_count)
    g = -at.z
    assemble(problem.path, pairs.pair, at.x, at.z, g, moved, curvature)
    system = np.zeros((len(at.t), len(at.t)))
    system[:-1, :-1] = pairs.system(curvature)
    system[np.diag_indices(len(at.t))] += at.t / at.p
    try:
        factor = linalg.cho_factor(system, lower=True, check_finite=False, overwrite_a=True)
    except linalg.LinAlgError:
        return None
    first = _solved(frame, at, factor, moved, g, -at.t * at.p)
    count = np.count_nonzero(problem.path >= 0) + len(at.t)
    target = (first.gap / at.gap()) ** 3 * at.gap() / count
    pull(problem.path, at.x, at.z, first.dx, first.dz, target, g)
    moved[:] = 0.0
    assemble(problem.path, pairs.pair, at.x, at.z, g, moved, curvature)
    second = _solved(frame, at, factor, moved, g, target - at.t * at.p - first.dt * first.dp)
    return second if np.isfinite(second.gap) else None


def _solved(frame: _Frame, at: _Iterate, factor: tuple[Reals, bool], moved: Reals, g: Reals, aim: Reals) -> _Step:
    """The step whose flows follow the pull ``g`` (``moved`` without prices) and whose t p changes by ``aim``."""
    problem = frame.problem
    push = np.append((problem.use * problem.on_links(moved))[frame.pairs.rows], 0.0)
    answer = linalg.cho_solve(factor, np.stack([push + aim / at.p, np.ones(len(at.t))], axis=1), check_finite=False)
    rise = (answer[:, 0].sum() - (1.0 - at.p.sum())) / answer[:, 1].sum()  # of theta: prices keep their sum of 1
    dp = answer[:, 0] - rise * answer[:, 1]
    dt = (aim - at.t * dp) / at.p
    full = np.zeros(problem.link_count)
    full[frame.pairs.rows] = dp[:-1]
    dx, dz = np.zeros_like(at.x), np.zeros_like(at.z)
    reach_x, reach_z, zdx, xdz, dxdz = direction(problem.path, at.x, at.z, g, problem.path_prices(full), dx, dz)
    primal = min(reach_x, _reach(at.t, dt))
    dual = min(reach_z, _reach(at.p, dp))
    a, b = min(1.0, primal), min(1.0, dual)
    gap = at.gap() + a * (zdx + at.p @ dt) + b * (xdz + at.t @ dp) + a * b * (dxdz + dt @ dp)
    return _Step(dx, dz, dt, dp, primal, dual, float(gap))


def _reach(at: Reals, change: Reals) -> float:
    falls = change < 0
    return float((-at[falls] / change[falls]).min(initial=np.inf))


def _better(best: Saddle, frame: _Frame, at: _Iterate, rounds: int) -> Saddle:
    problem = frame.problem
    weight = at.x / at.x.sum(axis=1, keepdims=True)
    value, price = float(problem.utilisation(weight).max()), frame.on_links(at.p)
    floor = problem.floor(price)
    return Saddle(
        weight=weight if value < best.value else best.weight,
        price=price if floor > best.floor else best.price,
        value=min(value, best.value),
        floor=max(floor, best.floor),
        round_count=rounds,
    )
