"""Namespaces are ours alone, leave nothing behind, and say politely where they cannot be had."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from testbed_ground import needs_testbed

from fairlead.model import MissingExtraError
from fairlead.worlds.testbed.namespaces import Namespace, TestbedError, require_testbed


def interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingExtraError, match=r"testbed\.root: .*need root") as told:
        require_testbed()
    assert told.value.exit_code == 6
    assert "\n" not in str(told.value)


def test_without_a_program_it_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "nft" else f"/usr/sbin/{tool}")
    with pytest.raises(MissingExtraError, match=r"testbed\.nft: the program nft is not installed.*nftables"):
        require_testbed()


@needs_testbed
def test_an_unknown_congestion_control_is_missing() -> None:
    with pytest.raises(MissingExtraError, match=r"does not have carrier_pigeon.*it has .*cubic"):
        require_testbed(["cubic", "carrier_pigeon"])


@needs_testbed
def test_what_is_made_inside_is_not_seen_outside() -> None:
    outside = interfaces()
    with Namespace() as one, Namespace() as other:
        one.ip("link add inner type veth peer name outer netns " + other.path)
        with one.entered():
            assert interfaces() == {"lo", "inner"}
        with other.entered():
            assert interfaces() == {"lo", "outer"}
        assert interfaces() == outside


@needs_testbed
def test_a_setting_stays_inside() -> None:
    setting = Path("/proc/sys/net/ipv4/tcp_no_metrics_save")
    before = setting.read_text(encoding="ascii")
    with Namespace() as one:
        one.sysctl(ipv4__tcp_no_metrics_save=1)
        with one.entered():
            assert setting.read_text(encoding="ascii").strip() == "1"
            one.sysctl(ipv4__tcp_no_metrics_save=0)  # entering twice comes home twice
            assert setting.read_text(encoding="ascii").strip() == "0"
    assert setting.read_text(encoding="ascii") == before


@needs_testbed
def test_an_exception_inside_brings_the_thread_home_and_closes() -> None:
    outside = interfaces()

    def fail(one: Namespace) -> None:
        with one, one.entered():
            raise KeyboardInterrupt

    one = Namespace()
    with pytest.raises(KeyboardInterrupt):
        fail(one)
    assert interfaces() == outside
    assert one.descriptor == -1


@needs_testbed
def test_what_the_kernel_refuses_is_told_in_one_line() -> None:
    with Namespace() as one, pytest.raises(TestbedError, match=r"testbed\.refused: ip failed") as told:
        one.ip("link set nothing_like_that up")
    assert "\n" not in str(told.value)
    assert "nothing_like_that" in str(told.value)
