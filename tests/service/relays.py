"""A network of four regions with five servers each in which two servers of one region fail, and a door to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from oracles.networks import network

from fairlead.actuators import Actuator, Device, InMemory, KillSwitch, obedient
from fairlead.model import Snapshot
from fairlead.service.cycle import Forgetful, Keeper, Outdoors

REGIONS = [region for region in ("ams", "fra", "lon", "par") for _ in range(5)]
START_S = 90.0  # three windows of 30 s are over


def failing(servers: Iterable[int], count: int = 30) -> dict[tuple[int, int], int]:
    """Every path of these servers fails ``count`` of its 100 streams."""
    return {(min(a, b), max(a, b)): count for a in servers for b in range(len(REGIONS)) if a != b}


def relays(bad: Iterable[int] = (0, 1), **others: object) -> Snapshot:
    """The network, with these servers failing in all three windows."""
    return network(regions=REGIONS, failed=failing(bad), **others)  # type: ignore[arg-type]  # passed on as given


def never() -> bool:
    return False


@dataclass
class Door:
    """Eyes, hands and a clock over a network in memory; ``meanwhile`` runs at the end of every wait."""

    snapshot: Snapshot
    stopped: Callable[[], bool] = never
    device: Device = obedient
    keeper: Keeper = field(default_factory=Forgetful)
    meanwhile: Callable[[Door], None] = lambda _door: None
    now_s: float = START_S
    waits_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = InMemory(self.snapshot, self.clock, self.device)

    def clock(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        if seconds > 0:
            self.waits_s.append(seconds)
            self.meanwhile(self)

    def outdoors(self, hands: Actuator | None = None) -> Outdoors:
        switched = KillSwitch(hands or self.network, self.stopped, self.clock, self.wait)
        return Outdoors(
            eyes=lambda: self.network.snapshot,
            hands=switched,
            clock=self.clock,
            wait=self.wait,
            keeper=self.keeper,
        )
