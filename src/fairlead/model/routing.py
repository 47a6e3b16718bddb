"""The tables of an overlay that routes sessions: sites, links, user groups, demands, paths, and the routes taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, ClassVar

import numpy as np

from fairlead.model.table import Array, Column, Kind, Table

DIRECT = 0
"""Row of ``paths`` that stands for the direct Internet path, which has no site."""


LATENCY = "latency, one way or round trip, as long as it is the same in all tables and in the SLA; not known: not used"


class Stage(IntEnum):
    """Which stage of the SLA filter kept a path (Panorama 4.2); the reason code of every kept path."""

    SLA = 0  # all three metrics inside the limits of the session's own class
    RELAXED_LATENCY = 1  # only the latency is outside, and it is the smallest of those
    RELAXED_JITTER = 2
    RELAXED_LOSS = 3
    DOWNGRADED = 4  # inside the limits of a lower class
    DOWNGRADED_RELAXED = 5  # two metrics inside the limits of a lower class
    LAST_RESORT = 6  # nothing fits: the path of lowest latency, and an alarm
    SAME_GROUP = 7  # both ends in one user group: direct, without the filter
    UNREACHABLE = 8  # no path is known at all: direct, unmeasured, and an alarm


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sites(Table):
    """One row a service edge site: it takes users in, lets them out and relays between sites."""

    name: ClassVar[str] = "sites"
    key: ClassVar[tuple[str, ...]] = ("site",)

    site: Annotated[Array, Column(kind=Kind.ID, doc="the operator's own name of the site")]
    region: Annotated[Array, Column(kind=Kind.LABEL, doc="part of the world", default="")]
    latitude_deg: Annotated[
        Array, Column(kind=Kind.REAL, doc="north positive", unit="deg", low=-90, high=90, nullable=True, default=np.nan)
    ]
    longitude_deg: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="east positive", unit="deg", low=-180, high=180, nullable=True, default=np.nan),
    ]
    nic_mbps: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="what the site can take in from users, and as much out to them; not known: not limited",
            unit="Mbit/s",
            low=0,
            nullable=True,
            default=np.nan,
        ),
    ]
    cost_per_mbps: Annotated[
        Array, Column(kind=Kind.REAL, doc="relative price of user bandwidth", unit="price/Mbit/s", low=0, default=1.0)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Links(Table):
    """One row a direction of a backbone link between two sites."""

    name: ClassVar[str] = "links"
    key: ClassVar[tuple[str, ...]] = ("source", "target")

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="from this site", refers="sites")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="to this site, never the same", refers="sites")]
    latency_ms: Annotated[Array, Column(kind=Kind.REAL, doc=LATENCY, unit="ms", low=0, nullable=True)]
    jitter_ms: Annotated[Array, Column(kind=Kind.REAL, doc="jitter", unit="ms", low=0, nullable=True, default=np.nan)]
    loss_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="packet loss", unit="ratio", low=0, high=1, nullable=True, default=np.nan)
    ]
    capacity_mbps: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="what the link can carry; not known: not limited",
            unit="Mbit/s",
            low=0,
            nullable=True,
            default=np.nan,
        ),
    ]
    cost_per_mbps: Annotated[
        Array, Column(kind=Kind.REAL, doc="relative price of bandwidth", unit="price/Mbit/s", low=0, default=1.0)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Groups(Table):
    """One row a user group. Made at the door from the groups that ``access`` names, in the order of their names."""

    name: ClassVar[str] = "groups"
    key: ClassVar[tuple[str, ...]] = ("group",)
    made_from: ClassVar[tuple[str, str]] = ("access", "group")

    group: Annotated[Array, Column(kind=Kind.ID, doc="the user group")]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Access(Table):
    """Between the users of a group and a site, either way. A missing row is a pair that nobody measured."""

    name: ClassVar[str] = "access"
    key: ClassVar[tuple[str, ...]] = ("group", "site")

    group: Annotated[Array, Column(kind=Kind.REFERENCE, doc="user group", refers="groups")]
    site: Annotated[Array, Column(kind=Kind.REFERENCE, doc="site", refers="sites")]
    latency_ms: Annotated[Array, Column(kind=Kind.REAL, doc=LATENCY, unit="ms", low=0, nullable=True)]
    jitter_ms: Annotated[Array, Column(kind=Kind.REAL, doc="jitter", unit="ms", low=0, nullable=True, default=np.nan)]
    loss_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="packet loss", unit="ratio", low=0, high=1, nullable=True, default=np.nan)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Prefixes(Table):
    """One row an address prefix of users, and the group that it belongs to."""

    name: ClassVar[str] = "prefixes"
    key: ClassVar[tuple[str, ...]] = ("prefix",)
    optional: ClassVar[bool] = True

    prefix: Annotated[Array, Column(kind=Kind.ID, doc="in CIDR form, IPv4 or IPv6")]
    group: Annotated[
        Array, Column(kind=Kind.REFERENCE, doc="user group; not known: not grouped yet", refers="groups", nullable=True)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Direct(Table):
    """The plain Internet between two user groups. A missing row is a pair that nobody measured."""

    name: ClassVar[str] = "direct"
    key: ClassVar[tuple[str, ...]] = ("source_group", "target_group")
    optional: ClassVar[bool] = True

    source_group: Annotated[Array, Column(kind=Kind.REFERENCE, doc="from this group", refers="groups")]
    target_group: Annotated[Array, Column(kind=Kind.REFERENCE, doc="to this group", refers="groups")]
    latency_ms: Annotated[Array, Column(kind=Kind.REAL, doc=LATENCY, unit="ms", low=0, nullable=True)]
    jitter_ms: Annotated[Array, Column(kind=Kind.REAL, doc="jitter", unit="ms", low=0, nullable=True, default=np.nan)]
    loss_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="packet loss", unit="ratio", low=0, high=1, nullable=True, default=np.nan)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ServiceClasses(Table):
    """One row a service class and its SLA (Panorama Table 3, which is what a network without this table gets).

    Lower classes follow in the order of their latency limits; the last is what a session is downgraded to at worst.
    """

    name: ClassVar[str] = "service_classes"
    key: ClassVar[tuple[str, ...]] = ("service_class",)
    optional: ClassVar[bool] = True

    service_class: Annotated[Array, Column(kind=Kind.ID, doc="name of the class")]
    priority: Annotated[
        Array, Column(kind=Kind.COUNT, doc="classes of a higher priority get bandwidth first", unit="count", low=0)
    ]
    latency_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="highest latency; absent: no limit", unit="ms", low=0, nullable=True)
    ]
    jitter_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="highest jitter; absent: no limit", unit="ms", low=0, nullable=True)
    ]
    loss_ratio: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="highest loss; absent: no limit", unit="ratio", low=0, high=1, nullable=True),
    ]

    @classmethod
    def of_panorama(cls) -> ServiceClasses:
        """Panorama Table 3; its loss of "0.1" is 10 % (section 5.2 reads that way only)."""
        return cls.of(
            service_class=np.array(["premium", "standard", "default"]),
            priority=np.array([1, 0, 0]),
            latency_ms=np.array([200.0, 300.0, 400.0]),
            jitter_ms=np.array([40.0, 50.0, 50.0]),
            loss_ratio=np.array([0.1, 0.1, 0.1]),
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Demands(Table):
    """One row a session group: sessions of one class from the users of one group to those of another."""

    name: ClassVar[str] = "demands"
    key: ClassVar[tuple[str, ...]] = ("source_group", "target_group", "service_class")
    optional: ClassVar[bool] = True

    source_group: Annotated[Array, Column(kind=Kind.REFERENCE, doc="from this group", refers="groups")]
    target_group: Annotated[Array, Column(kind=Kind.REFERENCE, doc="to this group", refers="groups")]
    service_class: Annotated[Array, Column(kind=Kind.REFERENCE, doc="service class", refers="service_classes")]
    demand_mbps: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="average rate over the last cycle; not known: inactive",
            unit="Mbit/s",
            low=0,
            nullable=True,
        ),
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Paths(Table):
    """Backbone paths to choose from: the K' shortest of every ordered pair of sites, shortest first.

    Row :data:`DIRECT` is the plain Internet (no site, no metrics of its own). A path from a site to itself has one hop
    and costs nothing. Derived from ``links``; made by the planner's room, never read from a file.
    """

    name: ClassVar[str] = "paths"
    key: ClassVar[tuple[str, ...]] = ("source", "target", "rank")

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="ingress", refers="sites", nullable=True)]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="egress", refers="sites", nullable=True)]
    rank: Annotated[Array, Column(kind=Kind.COUNT, doc="0 is the shortest of the pair", unit="count", low=0)]
    latency_ms: Annotated[Array, Column(kind=Kind.REAL, doc="sum over its links", unit="ms", low=0, nullable=True)]
    jitter_ms: Annotated[Array, Column(kind=Kind.REAL, doc="sum over its links", unit="ms", low=0, nullable=True)]
    loss_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="1 - product of 1 - loss", unit="ratio", low=0, high=1, nullable=True)
    ]
    hop_count: Annotated[Array, Column(kind=Kind.COUNT, doc="sites on the path", unit="count", low=0)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Hops(Table):
    """The sites of each path, in order: those of path 0 first, then those of path 1, ..."""

    name: ClassVar[str] = "hops"
    key: ClassVar[tuple[str, ...]] = ("path", "position")

    path: Annotated[Array, Column(kind=Kind.REFERENCE, doc="path", refers="paths")]
    position: Annotated[Array, Column(kind=Kind.COUNT, doc="0 is the ingress", unit="count", low=0)]
    site: Annotated[Array, Column(kind=Kind.REFERENCE, doc="site", refers="sites")]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Routes(Table):
    """Slots for the weighted path set of every session group: an equal number for each, in the order of ``demands``.

    Slot ``s`` of session group ``d`` is row ``d * slots + s``. This is what the planner edits.
    """

    name: ClassVar[str] = "routes"
    key: ClassVar[tuple[str, ...]] = ("demand", "rank")

    demand: Annotated[Array, Column(kind=Kind.REFERENCE, doc="session group", refers="demands")]
    rank: Annotated[Array, Column(kind=Kind.COUNT, doc="slot; 0 is the best path of the set", unit="count", low=0)]
    path: Annotated[
        Array, Column(kind=Kind.REFERENCE, doc="path; absent: slot not used", refers="paths", nullable=True)
    ]
    weight_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="share of the sessions; 0 in an unused slot", unit="ratio", low=0, high=1)
    ]
    stage: Annotated[
        Array, Column(kind=Kind.COUNT, doc="reason code of the kept path (Stage)", unit="count", low=0, high=8)
    ]
