"""How traffic spreads over the stages of a fabric under given weights: what computed weights descend along.

The shares of every next hop are needed there, by columns of destinations; for the loads of links alone there is
``predict.flows.mean_loads``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.planners.mitigate.cables import Reals
from fairlead.planners.mitigate.stages import Columns, Eligible, Stages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """How traffic spreads over the three stages where there is a choice.

    up_share, over_share, back_share : [stage links, columns] part of what their node sends
    up, over, back                   : [stage links, columns] traffic in Mbit/s
    going_down                       : [t1s, columns] traffic for the t0s below each t1
    """

    up_share: Reals
    over_share: Reals
    back_share: Reals
    up: Reals
    over: Reals
    back: Reals
    going_down: Reals


def spread(found: Stages, columns: Columns, may: Eligible, weight: Reals, asked: Reals) -> Spread:
    """``asked`` [t0s, columns] Mbit/s over the next hops in proportion to ``weight`` [links]."""
    up_share = found.up.shares(np.where(may.up, found.weights(found.up, weight, columns), 0.0))
    up = up_share * asked[found.up.source]
    at_t1 = found.up.deliver @ up
    over_share = found.over.shares(np.where(may.over, found.weights(found.over, weight, columns), 0.0))
    over = over_share * at_t1[found.over.source]
    back_share = found.back.shares(np.where(may.back, found.weights(found.back, weight, columns), 0.0))
    back = back_share * (found.over.deliver @ over)[found.back.source]
    return Spread(
        up_share=up_share,
        over_share=over_share,
        back_share=back_share,
        up=up,
        over=over,
        back=back,
        going_down=np.where(may.near, at_t1, 0.0) + found.back.deliver @ back,
    )
