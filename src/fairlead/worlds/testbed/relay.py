"""Delay: two TUN devices, and a compiled loop that carries packets between them and lets each wait.

The kernels that we meet have no netem. A packet waits for as long as its delay class says; the class is the third octet
of the address at the far side, so one relay serves many round trips at once. Within a class all wait alike, so a class
is a queue, and nothing is sorted. The loop runs without the interpreter lock, at real-time priority where it may.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from fairlead.worlds.testbed.links import MTU_BYTES
from fairlead.worlds.testbed.namespaces import Namespace

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_SLOT_BYTES = 1536
_SLOTS = 16_384  # packets a class and direction may hold: 100 ms at 1.9 Gbit/s
_QUEUE_PACKETS = 20_000
LATENESS_STEP_MS = 0.01
_LATENESS_STEP_NS = 10_000
_LATENESS_STEPS = 1_000
_SOURCE_OCTET, _TARGET_OCTET = 14, 18  # third octets of an IPv4 header's addresses

_read = types.ExternalFunction("read", types.int64(types.int32, types.uintp, types.uintp))
_write = types.ExternalFunction("write", types.int64(types.int32, types.uintp, types.uintp))
_clock = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.uintp))
_wait = types.ExternalFunction("ppoll", types.int32(types.uintp, types.uintp, types.uintp, types.uintp))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelayRecord:
    """How well a relay kept time.

    lateness_count: [steps of LATENESS_STEP_MS] packets sent so long after their due time
    lost_count: packets for which there was no room
    """

    lateness_count: NDArray[np.int64]
    lost_count: int

    @property
    def packet_count(self) -> int:
        """Packets carried that had to wait."""
        return int(self.lateness_count.sum())

    def lateness_ms(self, level_ratio: float) -> float:
        """Quantile of the lateness, to the step above; NaN where nothing was carried."""
        if not self.packet_count:
            return float("nan")
        reached = np.searchsorted(np.cumsum(self.lateness_count), level_ratio * self.packet_count)
        return float((reached + 1) * LATENESS_STEP_MS)


class Relay:
    """Carries packets between two namespaces while its ``with`` block lasts; devices ``name`` in both.

    delays_ms [classes]: one-way delay of packets whose far-side address has class ``k`` as third octet, both
    directions alike; octets beyond the list are carried at once. A single delay holds for every packet.
    """

    def __init__(
        self, near: Namespace, far: Namespace, name: str, delays_ms: Sequence[float], priority: int = 0
    ) -> None:
        self._doors = (_tun(near, name), _tun(far, name))
        self._delays_ns = np.array([round(delay * 1e6) for delay in delays_ms], np.int64)
        self._priority = priority
        self._control = np.zeros(2, np.int64)  # [stop, lost]
        self._lateness = np.zeros(_LATENESS_STEPS, np.int64)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Relay:
        run = _compiled()
        self._thread = threading.Thread(target=self._carry, args=(run,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._control[0] = 1
        if self._thread is not None:
            self._thread.join()
        for door in self._doors:
            os.close(door)

    @property
    def record(self) -> RelayRecord:
        """So far."""
        return RelayRecord(lateness_count=self._lateness.copy(), lost_count=int(self._control[1]))

    def _carry(self, run: Any) -> None:
        real_time(self._priority)
        classes = len(self._delays_ns)
        room = np.empty((2, classes, _SLOTS, _SLOT_BYTES), np.uint8)
        run(*self._doors, self._delays_ns, self._control, self._lateness, room)


def real_time(priority: int) -> None:
    """The calling thread runs before all ordinary work of the machine; 0, or where that is not allowed: as it was."""
    if priority > 0:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except OSError:
            return


def _tun(namespace: Namespace, name: str) -> int:
    with namespace.entered():
        door = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(door, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    namespace.ip(f"link set {name} mtu {MTU_BYTES} txqueuelen {_QUEUE_PACKETS} up")
    return door


@cache
def _compiled() -> Any:
    signature = "void(int32, int32, int64[::1], int64[::1], int64[::1], uint8[:, :, :, ::1])"
    return njit(signature, nogil=True, cache=True)(_relayed)


def _relayed(near, far, delays_ns, control, lateness, room):  # type: ignore[no-untyped-def]  # compiled
    classes, slots = room.shape[1], room.shape[2]
    length = np.zeros((2, classes, slots), np.int64)
    due = np.zeros((2, classes, slots), np.int64)
    head = np.zeros((2, classes), np.int64)
    tail = np.zeros((2, classes), np.int64)
    doors = np.array([near, far], np.int32)
    # towards the far side the class is in the target's address, on the way back in the source's
    octet = np.array([_TARGET_OCTET, _SOURCE_OCTET], np.int64)
    packet = np.empty(room.shape[3], np.uint8)
    clock = np.empty(2, np.int64)
    # struct pollfd {int fd; short events; short revents}, twice; POLLIN is 1
    watched = np.array([near, 1, far, 1], np.int32)
    patience = np.empty(2, np.int64)
    while control[0] == 0:
        moved = 0
        for side in range(2):
            for _ in range(64):
                size = _read(doors[side], packet.ctypes.data, packet.size)
                if size <= 0:
                    break
                moved += 1
                kind = np.int64(packet[octet[side]]) if classes > 1 else 0
                if kind >= classes:
                    _write(doors[1 - side], packet.ctypes.data, size)
                    continue
                if tail[side, kind] - head[side, kind] == slots:
                    control[1] += 1
                    continue
                _clock(1, clock.ctypes.data)
                slot = tail[side, kind] % slots
                room[side, kind, slot, :size] = packet[:size]
                length[side, kind, slot] = size
                due[side, kind, slot] = clock[0] * 1_000_000_000 + clock[1] + delays_ns[kind]
                tail[side, kind] += 1
        _clock(1, clock.ctypes.data)
        now = clock[0] * 1_000_000_000 + clock[1]
        next_due = now + 50_000_000  # look at the stop sign now and then
        for side in range(2):
            for kind in range(classes):
                while head[side, kind] < tail[side, kind]:
                    slot = head[side, kind] % slots
                    late = now - due[side, kind, slot]
                    if late < 0:
                        next_due = min(next_due, due[side, kind, slot])
                        break
                    moved += 1
                    if _write(doors[1 - side], room[side, kind, slot].ctypes.data, length[side, kind, slot]) < 0:
                        control[1] += 1
                    lateness[min(late // _LATENESS_STEP_NS, lateness.size - 1)] += 1
                    head[side, kind] += 1
        if moved == 0:
            patience[0], patience[1] = 0, max(0, next_due - now)
            _wait(watched.ctypes.data, 2, patience.ctypes.data, 0)
