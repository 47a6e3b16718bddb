"""The tables of a relay overlay: servers, windows, relay streams between pairs of servers, users on servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from fairlead.model.table import Array, Column, Kind, Table


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Servers(Table):
    """One row a server."""

    name: ClassVar[str] = "servers"
    key: ClassVar[tuple[str, ...]] = ("server",)

    server: Annotated[Array, Column(kind=Kind.ID, doc="the operator's own name of the server")]
    region: Annotated[Array, Column(kind=Kind.LABEL, doc="service region; users re-home inside it")]
    data_center: Annotated[Array, Column(kind=Kind.LABEL, doc="data center; lies in one region")]
    provider: Annotated[Array, Column(kind=Kind.LABEL, doc="infrastructure provider", default="")]
    latitude_deg: Annotated[
        Array, Column(kind=Kind.REAL, doc="north positive", unit="deg", low=-90, high=90, nullable=True, default=np.nan)
    ]
    longitude_deg: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="east positive", unit="deg", low=-180, high=180, nullable=True, default=np.nan),
    ]
    capacity_mbps: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="what the server can relay", unit="Mbit/s", low=0, nullable=True, default=np.nan),
    ]
    online: Annotated[Array, Column(kind=Kind.FLAG, doc="takes relay streams; a drained server does not", default=True)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Windows(Table):
    """One row an observation window, in time order. Made at the door from the window column of ``streams``."""

    name: ClassVar[str] = "windows"
    key: ClassVar[tuple[str, ...]] = ("window",)

    window: Annotated[Array, Column(kind=Kind.TIME, doc="window number or UTC start time")]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Streams(Table):
    """Relay streams of one pair of servers in one window (Sentry 3.2). Pairs are undirected."""

    name: ClassVar[str] = "streams"
    key: ClassVar[tuple[str, ...]] = ("window", "source", "target")

    window: Annotated[Array, Column(kind=Kind.REFERENCE, doc="observation window", refers="windows")]
    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="one end", refers="servers")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="the other end, never the same server", refers="servers")]
    succeeded_count: Annotated[Array, Column(kind=Kind.COUNT, doc="streams that worked", unit="count", low=0)]
    failed_count: Annotated[Array, Column(kind=Kind.COUNT, doc="streams that failed", unit="count", low=0)]
    rtt_ms: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="round-trip time; may be absent only where no stream succeeded to measure it",
            unit="ms",
            low=0,
            nullable=True,
        ),
    ]
    loss_ratio: Annotated[Array, Column(kind=Kind.REAL, doc="packet loss", unit="ratio", low=0, high=1)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ServerWindows(Table):
    """What one server reports of one window; a missing row means that the server did not report."""

    name: ClassVar[str] = "server_windows"
    key: ClassVar[tuple[str, ...]] = ("window", "server")

    window: Annotated[Array, Column(kind=Kind.REFERENCE, doc="observation window", refers="windows")]
    server: Annotated[Array, Column(kind=Kind.REFERENCE, doc="the reporting server", refers="servers")]
    active_users_count: Annotated[
        Array, Column(kind=Kind.COUNT, doc="users attached to the server", unit="count", low=0)
    ]
