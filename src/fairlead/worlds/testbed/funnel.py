"""Many senders, one bottleneck (SWARM appendix B, figure 1(b)): how long one more packet waits in its queue.

Every sender is a host of its own behind a link as fast as the bottleneck, so that bursts reach the queue as they would
in a fabric; a host more sends single probes. The relay stands behind the queue.

Departs: a probe is one datagram, timed one way, not a short flow whose completion time is taken apart afterwards: what
it waits is the queue alone, without handshake and repeats. What holds flows back below full utilisation is the pace at
which they send, not a second bottleneck: the utilisation is then what was asked for.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairlead.worlds.testbed.links import ROUTER_SETTINGS, TCP_SETTINGS, join, limit_rate
from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.relay import Relay
from fairlead.worlds.testbed.streams import Endless, Stream
from fairlead.worlds.testbed.transfers import undisturbed

Reals = NDArray[np.float64]

_ADDRESS, _PORT, _PROBE_PORT = "10.9.0.1", 6000, 7000
_PROBE = bytes(1472)  # with its headers one full packet
_HOST_BUFFER_BYTES = 1_000_000.0  # a host keeps its own packets back, it does not lose them
_WIRE_RATIO = 1448 / 1500  # a sender is paced by payload, the bottleneck by packets
_SO_TIMESTAMPNS = 35
_BUFFER_SOCKET_BYTES = 16_000_000
_SO_RCVBUFFORCE = 33


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelSpec:
    """rate_mbps and buffer_bytes of the bottleneck; round_trip_ms that the relay adds; senders: hosts, at most 200."""

    rate_mbps: float
    buffer_bytes: float
    round_trip_ms: float
    senders: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Funnel:
    """A standing one; valid inside ``funnel``'s block alone."""

    spec: FunnelSpec
    senders: tuple[Namespace, ...]
    prober: Namespace
    receiver: Namespace


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waited:
    """delay_ms [probes]: one way, of those that arrived; lost_count; carried_mbps: payload of the long flows."""

    delay_ms: Reals
    lost_count: int
    carried_mbps: float


@contextlib.contextmanager
def funnel(spec: FunnelSpec, priority: int = 60) -> Iterator[Funnel]:
    """Build it, yield it, remove it. Needs root; priority: of the relay's real time, 0 is none."""
    with contextlib.ExitStack() as held:
        hosts = [held.enter_context(Namespace()) for _ in range(spec.senders + 1)]
        router, receiver = held.enter_context(Namespace()), held.enter_context(Namespace())
        router.sysctl(**ROUTER_SETTINGS)
        receiver.sysctl(**TCP_SETTINGS)
        for number, host in enumerate(hosts):
            host.sysctl(**TCP_SETTINGS)
            join(host, "eth0", router, f"host{number}")
            host.ip(f"addr add 10.8.{number}.2/24 dev eth0", f"route add default via 10.8.{number}.1")
            router.ip(f"addr add 10.8.{number}.1/24 dev host{number}")
            if number < spec.senders:
                limit_rate(host, "eth0", spec.rate_mbps, _HOST_BUFFER_BYTES)
        held.enter_context(Relay(router, receiver, "relay", [spec.round_trip_ms / 2], priority))
        router.ip("addr add 10.5.0.1/24 dev relay", "route add 10.9.0.0/16 dev relay")
        receiver.ip(f"addr add {_ADDRESS}/32 dev relay", "route add default dev relay")
        limit_rate(router, "relay", spec.rate_mbps, spec.buffer_bytes)
        yield Funnel(spec=spec, senders=tuple(hosts[:-1]), prober=hosts[-1], receiver=receiver)


def waited(
    funnels: Sequence[Funnel],
    congestion_controls: Sequence[str],
    load: tuple[int, float],
    times_s: tuple[float, float, float],
    generator: np.random.Generator,
    priority: int = 0,
) -> list[Waited]:
    """One answer a funnel, all at the same time, each with its congestion control.

    load (flow_count, utilisation_ratio): so many long flows add up to this share of the bottleneck; from 1 on nothing
    holds them back; without flows the probes alone run. times_s (warm-up, measured, mean time between two probes).
    """
    flow_count, utilisation_ratio = load
    warm_up_s, measured_s, gap_s = times_s
    streams = [
        Stream(
            source=made.senders[number],
            target=made.receiver,
            address=_ADDRESS,
            port=_PORT,
            congestion_control=control,
            pacing_mbps=_pace_mbps(made.spec, flow_count, utilisation_ratio),
        )
        for made, control in zip(funnels, congestion_controls, strict=True)
        for number in range(flow_count)
    ]
    with contextlib.ExitStack() as held:
        run = Endless(streams, held)
        doors = [_probe_doors(made, held) for made in funnels]
        with undisturbed(priority):
            begin_s = time.monotonic()
            run.until(begin_s + warm_up_s)
            before = run.received_bytes.copy()
            sent_ns: list[list[int]] = [[] for _ in funnels]
            moments_s = begin_s + warm_up_s + np.sort(generator.random(round(measured_s / gap_s))) * measured_s
            for moment_s in moments_s:
                run.until(moment_s)
                for (near, _), sent in zip(doors, sent_ns, strict=True):
                    probe = struct.pack("I", len(sent)) + _PROBE[4:]
                    sent.append(time.time_ns())
                    near.send(probe)
            run.until(begin_s + warm_up_s + measured_s)
            received = (run.received_bytes - before).reshape(len(funnels), flow_count).sum(1)
            run.until(time.monotonic() + 0.2)  # the last probes
        return [
            _answer(far, np.array(sent, np.int64), float(arrived) * 8e-6 / measured_s)
            for (_, far), sent, arrived in zip(doors, sent_ns, received, strict=True)
        ]


def _pace_mbps(spec: FunnelSpec, flow_count: int, utilisation_ratio: float) -> float:
    if utilisation_ratio >= 1:
        return float("inf")
    return spec.rate_mbps * _WIRE_RATIO * utilisation_ratio / flow_count


def _probe_doors(made: Funnel, held: contextlib.ExitStack) -> tuple[socket.socket, socket.socket]:
    with made.receiver.entered():
        far = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
    far.bind((_ADDRESS, _PROBE_PORT))
    far.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    far.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_SOCKET_BYTES)
    with made.prober.entered():
        near = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    near.connect((_ADDRESS, _PROBE_PORT))
    return near, far


def _answer(far: socket.socket, sent_ns: NDArray[np.int64], carried_mbps: float) -> Waited:
    delays = []
    with contextlib.suppress(BlockingIOError):
        while True:
            probe, notes, _, _ = far.recvmsg(2048, 256)
            second, nanosecond = struct.unpack("qq", notes[0][2])  # when the kernel received it
            delays.append((second * 1_000_000_000 + nanosecond - sent_ns[struct.unpack_from("I", probe)[0]]) / 1e6)
    return Waited(delay_ms=np.array(delays), lost_count=len(sent_ns) - len(delays), carried_mbps=carried_mbps)
