"""A world in time: faults come and go, users reconnect, and what was drained changes what comes next.

Rows of a drained server's pairs stay in ``streams`` as probes: no streams, yet RTT and loss are measured. That is how a
planner sees that a drained server is healthy again.

    state = begin(world)
    state = step(world, state, state.online)
    snapshot = observed(world, state)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Snapshot
from fairlead.worlds.overlay.faults import Fault
from fairlead.worlds.overlay.loss import LOSSLESS_UP_TO_RATIO
from fairlead.worlds.overlay.network import Network
from fairlead.worlds.overlay.quality import failed_streams, path_quality
from fairlead.worlds.overlay.reconnect import Attachment, carried_streams, overload, reconnected, settled
from fairlead.worlds.overlay.tables import observed_snapshot

REMEMBERED_WINDOW_COUNT = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A network, the faults that will hit it, and the seed of its noise. The hidden truth: planners see snapshots."""

    network: Network
    faults: tuple[Fault, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """One window: streams, failures, RTT and loss [pairs], users [servers]."""

    window: int
    stream_count: NDArray[np.int32]
    failed_count: NDArray[np.int32]
    rtt_ms: NDArray[np.float32]
    loss_ratio: NDArray[np.float32]
    users_count: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """A moment: the last window that ended, which servers carry streams, who is attached where, recent windows."""

    window: int
    online: NDArray[np.bool_]
    attachment: Attachment
    history: tuple[Observation, ...]

    @property
    def last(self) -> Observation:
        """The window that just ended."""
        return self.history[-1]


def begin(world: World) -> State:
    """After window 0, everybody at home on the servers that are online from the start."""
    online = np.array(world.network.servers.online)
    attachment = reconnected(world.network, settled(world.network, 0), online, 0)
    streams = carried_streams(world.network, online, np.zeros(world.network.pair_count, dtype=bool))
    observation = _observation(world, 0, streams, attachment)
    return State(window=0, online=online, attachment=attachment, history=(observation,))


def step(world: World, state: State, online: NDArray[np.bool_]) -> State:
    """The next window, in which exactly ``online`` [servers] carry streams.

    Pure, and deterministic: chance depends on the world's seed and the window alone. O(pairs log pairs) in a window in
    which ``online`` changes, else O(pairs).
    """
    assert online.shape == (world.network.server_count,), "online [servers]"
    window = state.window + 1
    attachment = reconnected(world.network, state.attachment, online, window)
    unchanged = np.array_equal(online, state.online)
    lossy = state.last.loss_ratio > LOSSLESS_UP_TO_RATIO
    streams = state.last.stream_count if unchanged else carried_streams(world.network, online, lossy)
    observation = _observation(world, window, streams, attachment)
    kept = state.history[-(REMEMBERED_WINDOW_COUNT - 1) :]
    return State(window=window, online=np.array(online), attachment=attachment, history=(*kept, observation))


def observed(world: World, state: State, window_count: int = 3) -> Snapshot:
    """What the operator sees: the last windows (fewer where the world is younger), with ``online`` as it is now."""
    assert 1 <= window_count <= REMEMBERED_WINDOW_COUNT, f"1 to {REMEMBERED_WINDOW_COUNT} windows are remembered"
    windows = state.history[-window_count:]
    return observed_snapshot(
        servers=world.network.servers.with_column("online", np.array(state.online)),
        window_numbers=np.array([seen.window for seen in windows], dtype=np.int64),
        source=world.network.source,
        target=world.network.target,
        stream_count=np.stack([seen.stream_count for seen in windows]),
        failed_count=np.stack([seen.failed_count for seen in windows]),
        rtt_ms=np.stack([seen.rtt_ms for seen in windows]),
        loss_ratio=np.stack([seen.loss_ratio for seen in windows]),
        users_count=np.stack([seen.users_count for seen in windows]),
    )


def success_ratio_of(world: World, state: State) -> float:
    """Share of the original demand that succeeded in the last window; what was not carried at all did not."""
    succeeded = state.last.stream_count.sum(dtype=np.int64) - state.last.failed_count.sum(dtype=np.int64)
    return float(succeeded) / world.network.total_demand_count


def future_failures(world: World, state: State, window_count: int) -> NDArray[np.int32]:
    """[windows, pairs] streams that will fail in the next windows if nothing more is drained: the hidden truth."""
    failed = np.empty((window_count, world.network.pair_count), dtype=np.int32)
    for row in range(window_count):
        state = step(world, state, state.online)
        failed[row] = state.last.failed_count
    return failed


def judged(world: World, state: State, drained: Iterable[int], window_count: int) -> NDArray[np.float64]:
    """[windows] success over the original demand in the next windows once the rows ``drained`` are offline too.

    Runs through :func:`step`: what a drain overloads fails, and so does what nobody is left to carry.
    """
    online = np.array(state.online)
    online[np.fromiter(drained, dtype=np.int64)] = False
    success = np.empty(window_count)
    for row in range(window_count):
        state = step(world, state, online)
        success[row] = success_ratio_of(world, state)
    return success


def _observation(world: World, window: int, streams: NDArray[np.int32], attachment: Attachment) -> Observation:
    rtt, loss = path_quality(world.network, world.faults, world.seed, window)
    users = attachment.users_count
    if (users > 0.9 * world.network.capacity_users_count).any():
        extra_loss, slowness = overload(world.network, users)
        loss = np.clip(1 - (1 - loss) * (1 - extra_loss), 0, 1)
        rtt = rtt * slowness
    return Observation(
        window=window,
        stream_count=streams,
        failed_count=failed_streams(streams, loss),
        rtt_ms=rtt,
        loss_ratio=loss,
        users_count=users.astype(np.int32),
    )
