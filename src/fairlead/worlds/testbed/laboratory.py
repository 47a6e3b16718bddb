"""One path in a laboratory (SWARM appendix B, figure 1(a)): sender - router - receiver, many conditions at once.

The receiver has an address for each round trip (the relay looks at it) and each variant of the sender's settings (the
sender's routes look at it); it listens on a port for each loss ratio (the router looks at it). So every flow chooses
its own conditions, and a campaign runs them interleaved at random: whatever disturbs the machine disturbs all alike.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.worlds.testbed.links import ROUTER_SETTINGS, TCP_SETTINGS, Drop, drop_forwarded, join, limit_rate
from fairlead.worlds.testbed.namespaces import Namespace
from fairlead.worlds.testbed.relay import Relay, RelayRecord

MSS_BYTES = 1448
"""Payload of a full packet on a path with an MTU of 1500 bytes and TCP timestamps."""
_FIRST_PORT = 6000
_CARE_PRIORITY = 60  # of the relay; senders and receivers run below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a sender starts: window in packets, threshold in packets where slow start ends (0: none)."""

    initial_window: int = 10
    slow_start_threshold: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a laboratory offers. delays_ms: round trips that the relay adds; 0 is a direct link without the relay."""

    delays_ms: tuple[float, ...]
    loss_ratios: tuple[float, ...]
    variants: tuple[Variant, ...] = (Variant(),)
    reverse_loss_ratios: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laboratory:
    """A standing one; valid inside ``laboratory``'s block alone."""

    bench: Bench
    senders: tuple[Namespace, ...]
    router: Namespace
    receiver: Namespace
    relay: Relay

    def address(self, delay: int, variant: int) -> str:
        """Of the receiver, for these indices into the bench."""
        return f"10.{9 if self.bench.delays_ms[delay] > 0 else 7}.{delay}.{variant + 1}"

    def port(self, loss: int) -> int:
        return _FIRST_PORT + loss

    def sender(self, variant: int) -> Namespace:
        return self.senders[1 if self.bench.variants[variant].slow_start_threshold else 0]

    @property
    def relay_record(self) -> RelayRecord:
        return self.relay.record


@contextlib.contextmanager
def laboratory(bench: Bench, priority: int = _CARE_PRIORITY) -> Iterator[Laboratory]:
    """Build it, yield it, remove it. Needs root; priority: of the relay's real time, 0 is none."""
    with contextlib.ExitStack() as held:
        plain, remembering, router, receiver = (held.enter_context(Namespace()) for _ in range(4))
        for index, sender in enumerate((plain, remembering)):
            sender.sysctl(**TCP_SETTINGS)
            join(sender, "eth0", router, f"sender{index}")
            sender.ip(f"addr add 10.8.{index}.2/24 dev eth0", f"route add default via 10.8.{index}.1")
            router.ip(f"addr add 10.8.{index}.1/24 dev sender{index}")
        # a threshold of a route reaches a connection only through what the kernel remembers of earlier ones
        remembering.sysctl(ipv4__tcp_no_metrics_save=0, ipv4__tcp_no_ssthresh_metrics_save=0)
        receiver.sysctl(**TCP_SETTINGS)
        router.sysctl(**ROUTER_SETTINGS)
        join(receiver, "eth0", router, "direct")
        receiver.ip("addr add 10.6.0.2/24 dev eth0", "route add default via 10.6.0.1")
        router.ip("addr add 10.6.0.1/24 dev direct", "route add 10.7.0.0/16 via 10.6.0.2")
        one_way_ms = [delay / 2 for delay in bench.delays_ms]
        relay = held.enter_context(Relay(router, receiver, "relay", one_way_ms, priority))
        made = Laboratory(bench=bench, senders=(plain, remembering), router=router, receiver=receiver, relay=relay)
        router.ip("addr add 10.5.0.1/24 dev relay", "route add 10.9.0.0/16 dev relay")
        receiver.ip("addr add 10.5.0.2/24 dev relay")
        _address(made)
        _prime(made)
        drop_forwarded(router, list(_drops(made)))
        yield made


def _address(made: Laboratory) -> None:
    for delay, delay_ms in enumerate(made.bench.delays_ms):
        for variant, start in enumerate(made.bench.variants):
            address = made.address(delay, variant)
            made.receiver.ip(f"addr add {address}/32 dev {'relay' if delay_ms > 0 else 'eth0'}")
            sender = made.sender(variant)
            gate = f"10.8.{made.senders.index(sender)}.1"
            extra = f"initcwnd {start.initial_window}"
            if start.slow_start_threshold:
                # locked, or the kernel would overwrite them with what each connection ended with
                extra += f" ssthresh lock {start.slow_start_threshold} rtt lock 0 rttvar lock 0 reordering lock 3"
            sender.ip(f"route add {address}/32 via {gate} {extra}")
    if any(made.bench.delays_ms):
        # what the receiver answers from a relayed address goes back through the relay
        made.receiver.ip("rule add from 10.9.0.0/16 lookup 100", "route add default dev relay table 100")


def _prime(made: Laboratory) -> None:
    """One ordinary connection to each address that has a threshold: from then on the kernel remembers the route's."""
    for variant, start in enumerate(made.bench.variants):
        for delay in range(len(made.bench.delays_ms)) if start.slow_start_threshold else ():
            place = (made.address(delay, variant), made.port(0))
            with made.receiver.entered():
                listener = socket.create_server(place)
            with listener, made.sender(variant).entered(), socket.socket() as near:
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
                near.connect(place)
                far, _ = listener.accept()
                near.shutdown(socket.SHUT_WR)
                far.recv(1)  # its end: what it learnt is kept when both sides have closed
                far.close()
                near.recv(1)


def _drops(made: Laboratory) -> Iterator[Drop]:
    for loss, ratio in enumerate(made.bench.loss_ratios):
        yield Drop(match=f"tcp dport {made.port(loss)}", loss_ratio=ratio)
    for loss, ratio in enumerate(made.bench.reverse_loss_ratios):
        yield Drop(match=f"tcp sport {made.port(loss)}", loss_ratio=ratio)


def bottleneck(made: Laboratory, rate_mbps: float, buffer_bytes: float) -> None:
    """Narrow the way to the receiver, relayed or direct, to this rate and this buffer."""
    for interface in ("relay", "direct"):
        limit_rate(made.router, interface, rate_mbps, buffer_bytes)


def wire_bytes(size_bytes: Sequence[int]) -> list[int]:
    """What flows of these sizes put on a wire, Ethernet left out: each full or part packet has 52 bytes of headers."""
    return [size + 52 * -(-size // MSS_BYTES) for size in size_bytes]
