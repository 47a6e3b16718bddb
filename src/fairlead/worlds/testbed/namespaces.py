"""Network namespaces of this process alone: nameless, held by a file descriptor, gone with it even after a crash.

Everything inside them (interfaces, routes, rules, settings) disappears when the last descriptor is closed, so nothing
has to be removed by name, and nothing outside is ever touched.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fairlead.model import FairleadError, MissingExtraError

_CLONE_NEWNET = 0x40000000
_TOOLS = (("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables"))
_LIBC = ctypes.CDLL(None, use_errno=True)


class TestbedError(FairleadError):
    """The kernel refused to build a part of the testbed."""

    __test__ = False  # pytest: not a test, in spite of its name
    exit_code = 6


def require_testbed(congestion_controls: Sequence[str] = ()) -> None:
    """Nothing where this machine can run the testbed; MissingExtraError that says what is missing elsewhere.

    Needs root, Linux with network namespaces, the programs ip, tc and nft, and the congestion controls named.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise _missing("root", "network namespaces and packet loss need root", "run it as root (sudo)")
    for tool, package in _TOOLS:
        if shutil.which(tool) is None:
            raise _missing(tool, f"the program {tool} is not installed", f"install {package}")
    if not Path("/proc/self/ns/net").exists() or not Path("/dev/net/tun").exists():
        raise _missing("kernel", "this kernel has no network namespaces or no /dev/net/tun", "Linux with CONFIG_TUN")
    available = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text(encoding="ascii").split()
    absent = [name for name in congestion_controls if name not in available]
    if absent:
        raise _missing(
            "congestion_control", f"this kernel does not have {', '.join(absent)}", f"it has {', '.join(available)}"
        )
    try:
        Namespace().close()
    except OSError as error:
        raise _missing("namespace", f"this machine does not let us make a namespace: {error.strerror}", "") from error


def _missing(part: str, what: str, hint: str) -> MissingExtraError:
    return MissingExtraError(code=f"testbed.{part}", what=what, hint=hint)


class Namespace:
    """One network namespace, loopback up. Close it, or leave a ``with`` block, and all in it is gone."""

    def __init__(self) -> None:
        made: list[int | OSError] = []

        def make() -> None:  # in a thread of its own: to unshare is to move, and only that thread shall move
            if _LIBC.unshare(_CLONE_NEWNET) != 0:
                made.append(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
            else:
                made.append(os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made or isinstance(made[0], OSError):
            raise made[0] if made and isinstance(made[0], OSError) else OSError("no namespace")
        self.descriptor = made[0]
        if Path("/proc/sys/net/ipv6").exists():
            # IPv6 speaks up unasked on every new interface; here only what we send shall be seen
            self.sysctl(ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
        self.ip("link set lo up")

    @property
    def path(self) -> str:
        """Where other programs that this process starts find it."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread stands in it: sockets made, files of /proc/sys/net opened and programs started here."""
        home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_namespace(self.descriptor)
            try:
                yield
            finally:
                _set_namespace(home)
        finally:
            os.close(home)

    def ip(self, *commands: str) -> None:
        """Run these ip commands in it, in order."""
        self.run(["ip", "-batch", "-"], "\n".join(commands) + "\n")

    def tc(self, *commands: str) -> None:
        """Run these tc commands in it, in order."""
        self.run(["tc", "-batch", "-"], "\n".join(commands) + "\n")

    def nft(self, rules: str) -> None:
        """Load these nftables rules into it."""
        self.run(["nft", "-f", "-"], rules)

    def run(self, command: Sequence[str], given: str = "") -> str:
        """What a program says that is run in it; TestbedError where it fails."""
        with self.entered():
            done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TestbedError(
                code="testbed.refused",
                what=f"{command[0]} failed: {' '.join(done.stderr.split())[:300]}",
                got=given.strip().splitlines()[0][:200] if given.strip() else " ".join(command),
            )
        return done.stdout

    def sysctl(self, **values: str | int) -> None:
        """Settings below /proc/sys/net of it alone; ``ipv4__ip_forward=1`` is net.ipv4.ip_forward."""
        with self.entered():
            for name, value in values.items():
                Path("/proc/sys/net", *name.split("__")).write_text(f"{value}\n", encoding="ascii")

    def close(self) -> None:
        """Let go of it; twice is fine."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _set_namespace(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
