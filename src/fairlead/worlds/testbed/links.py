"""Links between namespaces: veth pairs that carry single packets, rate and buffer by tbf, loss by nftables."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.worlds.testbed.namespaces import Namespace

MTU_BYTES = 1500
_FRAME_BYTES = MTU_BYTES + 14  # tbf counts the Ethernet header
_SIOCETHTOOL = 0x8946
# ethtool commands: segmentation of TCP and in general on sending, gathering on receiving; each set to 0
_OFFLOADS = (0x1F, 0x24, 0x2C)
LOSS_STEPS = 1_000_000  # a loss of 5e-5 is 50 steps

TCP_SETTINGS: dict[str, str | int] = {
    "ipv4__tcp_no_metrics_save": 1,  # a flow must not know how the one before it fared
    "ipv4__tcp_rmem": "4096 131072 67108864",
    "ipv4__tcp_wmem": "4096 524288 67108864",
    "ipv4__ip_local_port_range": "10000 65000",
}
"""Settings of a namespace with end hosts; all others as the kernel has them."""

ROUTER_SETTINGS: dict[str, str | int] = {
    "ipv4__ip_forward": 1,
    "ipv4__conf__all__rp_filter": 0,
    "ipv4__conf__default__rp_filter": 0,
    # the five-tuple chooses among equal next hops; by policy 3, since policy 1 takes the hash that the packet brings
    # from its sender, on every switch the same, and one tier would then repeat the choices of the tier below
    "ipv4__fib_multipath_hash_policy": 3,
    "ipv4__fib_multipath_hash_fields": 0x0037,
}
"""Settings of a namespace that forwards."""


def join(first: Namespace, first_name: str, second: Namespace, second_name: str) -> None:
    """A veth pair between two namespaces, both ends up, packets never larger than the MTU on it."""
    first.ip(f"link add {first_name} type veth peer name {second_name} netns {second.path}")
    for namespace, name in ((first, first_name), (second, second_name)):
        single_packets(namespace, name)
        namespace.ip(f"link set {name} up")


def single_packets(namespace: Namespace, interface: str) -> None:
    """Switch off segmentation offloads: a lost packet must be one packet, not a burst of forty."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        for command in _OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(door.fileno(), _SIOCETHTOOL, request)


def limit_rate(namespace: Namespace, interface: str, rate_mbps: float, buffer_bytes: float) -> None:
    """A token bucket of two packets on what leaves, behind a queue of ``buffer_bytes`` that drops its tail."""
    rate_bit, limit = max(8, round(rate_mbps * 1e6)), max(2 * _FRAME_BYTES, round(buffer_bytes))
    namespace.tc(f"qdisc replace dev {interface} root tbf rate {rate_bit}bit burst {2 * _FRAME_BYTES} limit {limit}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Lose this share of the packets that match; an nftables expression, "" is all of them."""

    match: str
    loss_ratio: float

    @property
    def steps(self) -> int:
        """The share in millionths, which is what nftables can count."""
        return round(self.loss_ratio * LOSS_STEPS)


def drop_forwarded(namespace: Namespace, drops: Iterable[Drop]) -> None:
    """Random, independent loss of what the namespace forwards; each packet meets every rule. Replaces earlier ones."""
    _drop(namespace, "forward", drops)


def drop_arriving(namespace: Namespace, drops: Iterable[Drop]) -> None:
    """The same for whatever arrives at the namespace, for itself too."""
    _drop(namespace, "prerouting", drops)


def _drop(namespace: Namespace, hook: str, drops: Iterable[Drop]) -> None:
    rules = "".join(f"    {drop.match} {_chance(drop.steps)} drop\n" for drop in drops if drop.steps > 0)
    namespace.nft(
        "table ip loss {}\ndelete table ip loss\ntable ip loss {\n"
        f"  chain lossy {{\n    type filter hook {hook} priority raw; policy accept;\n{rules}  }}\n}}\n"
    )


def _chance(steps: int) -> str:
    return "" if steps >= LOSS_STEPS else f"numgen random mod {LOSS_STEPS} < {steps}"
