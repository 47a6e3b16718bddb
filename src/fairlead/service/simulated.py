"""A world in time behind the same door as a real network: eyes, hands and a clock that moves only when told."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.actuators import InMemory, KillSwitch
from fairlead.model import Servers, Snapshot
from fairlead.service.cycle import Forgetful, Keeper, Outdoors
from fairlead.worlds.overlay import State, World, observed, step

WINDOW_S = 30.0


def never() -> bool:
    """A kill switch that nobody touches."""
    return False


class SimulatedNetwork:
    """The network of a world at the end of a window. What the hands do counts from the next window on."""

    def __init__(
        self,
        world: World,
        state: State,
        stopped: Callable[[], bool] = never,
        keeper: Keeper | None = None,
    ) -> None:
        self._world = world
        self._state = state
        self._now_s = (state.window + 1) * WINDOW_S
        self._inner = InMemory(observed(world, state), self._clock)
        self.outdoors = Outdoors(
            eyes=lambda: self._inner.snapshot,
            hands=KillSwitch(self._inner, stopped, self._clock, self._wait),
            clock=self._clock,
            wait=self._wait,
            keeper=keeper or Forgetful(),
        )

    @property
    def state(self) -> State:
        """The hidden state, without what the hands have done since the window ended."""
        return self._state

    @property
    def snapshot(self) -> Snapshot:
        """What an operator sees, with what the hands have done."""
        return self._inner.snapshot

    def pass_window(self) -> None:
        """The next window goes by, with the servers online that the hands left online."""
        self._state = step(self._world, self._state, self.snapshot[Servers].online)
        self._now_s = max(self._now_s, (self._state.window + 1) * WINDOW_S)
        self._inner.observe(observed(self._world, self._state))

    def twin(self) -> SimulatedNetwork:
        """The same network, to try something on."""
        other = SimulatedNetwork(self._world, self._state)
        other._inner.observe(self.snapshot)
        return other

    def _clock(self) -> float:
        return self._now_s

    def _wait(self, seconds: float) -> None:
        self._now_s += seconds
