"""The tables of a datacenter fabric: nodes, links, the traffic between servers, and the repairs to be ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from fairlead.model.table import Array, Column, Kind, Table

TIERS = ("server", "t0", "t1", "t2")
"""Tiers of ``nodes`` from the bottom up: servers, top-of-rack switches, aggregation, core."""

ACTIONS = ("none", "disable_link", "disable_node", "enable_link", "set_weight", "move_traffic")
"""What a row of ``candidates`` may do (SWARM Table 1)."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Nodes(Table):
    """One row a server or switch."""

    name: ClassVar[str] = "nodes"
    key: ClassVar[tuple[str, ...]] = ("node",)

    node: Annotated[Array, Column(kind=Kind.ID, doc="the operator's own name of the server or switch")]
    tier: Annotated[Array, Column(kind=Kind.LABEL, doc="server, t0 (top of rack), t1 (aggregation) or t2 (core)")]
    pod: Annotated[Array, Column(kind=Kind.LABEL, doc="the cluster that it stands in; blank: none", default="")]
    drop_ratio: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="share of the packets through it that it loses; 1: it is down or drained",
            unit="ratio",
            low=0,
            high=1,
            default=0.0,
        ),
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FabricLinks(Table):
    """One row a direction of a link between two nodes of neighbouring tiers."""

    name: ClassVar[str] = "links"
    key: ClassVar[tuple[str, ...]] = ("source", "target")

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="from this node", refers="nodes")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="to this node", refers="nodes")]
    capacity_mbps: Annotated[Array, Column(kind=Kind.REAL, doc="what it can carry", unit="Mbit/s", low=1e-6)]
    delay_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="propagation delay, this direction alone", unit="ms", low=0, default=0.05)
    ]
    drop_ratio: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="share of packets lost to a fault, not to congestion; 1: it carries nothing",
            unit="ratio",
            low=0,
            high=1,
            default=0.0,
        ),
    ]
    up: Annotated[Array, Column(kind=Kind.FLAG, doc="false: taken out of service by an operator", default=True)]
    weight: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="WCMP weight of this next hop at its source; all equal: ECMP", low=0, default=1.0),
    ]
    buffer_bytes: Annotated[
        Array,
        Column(
            kind=Kind.REAL,
            doc="what its queue holds; not known: the estimator's default",
            unit="byte",
            low=0,
            nullable=True,
            default=np.nan,
        ),
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DestinationWeights(Table):
    """WCMP weights that hold for traffic to one t0 alone; a missing row: the ``weight`` of ``links``."""

    name: ClassVar[str] = "destination_weights"
    key: ClassVar[tuple[str, ...]] = ("source", "target", "destination")
    optional: ClassVar[bool] = True

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="switch that decides", refers="nodes")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="next hop, a neighbour", refers="nodes")]
    destination: Annotated[Array, Column(kind=Kind.REFERENCE, doc="t0 that the traffic is for", refers="nodes")]
    weight: Annotated[Array, Column(kind=Kind.REAL, doc="WCMP weight of the next hop", low=0)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Placements(Table):
    """One row a server: where its workload runs. A missing row or file: on itself. In memory as ``nodes`` has them.

    ``flows`` and ``pairs`` name workloads by the server that they ran on when traffic was measured; moving traffic is
    an edit of ``host``.
    """

    name: ClassVar[str] = "placements"
    key: ClassVar[tuple[str, ...]] = ("server",)
    optional: ClassVar[bool] = True

    server: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server as the traffic names it", refers="nodes")]
    host: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server that runs its workload", refers="nodes")]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Flows(Table):
    """One pinned demand: one row a flow, in any order."""

    name: ClassVar[str] = "flows"
    key: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[bool] = True

    start_s: Annotated[Array, Column(kind=Kind.REAL, doc="when its first byte is offered", unit="s", low=0)]
    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server that sends", refers="nodes")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server that receives, another one", refers="nodes")]
    size_bytes: Annotated[Array, Column(kind=Kind.REAL, doc="what it has to carry", unit="byte", low=1)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FlowSizes(Table):
    """Distribution of flow sizes: points of its cumulative distribution, ascending, straight lines between them."""

    name: ClassVar[str] = "flow_sizes"
    key: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[bool] = True

    size_bytes: Annotated[Array, Column(kind=Kind.REAL, doc="a flow size", unit="byte", low=0)]
    cdf_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="share of flows of at most this size; the last is 1", low=0, high=1)
    ]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Pairs(Table):
    """How likely a flow runs from one server to another; need not add up to 1. A missing row: never."""

    name: ClassVar[str] = "pairs"
    key: ClassVar[tuple[str, ...]] = ("source", "target")
    optional: ClassVar[bool] = True

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server that sends", refers="nodes")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="server that receives, another one", refers="nodes")]
    probability: Annotated[Array, Column(kind=Kind.REAL, doc="in proportion to it flows choose the pair", low=0)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Arrivals(Table):
    """At most one row: how many flows start in a second, in the whole fabric; ``arrivals_per_s`` of network.toml."""

    name: ClassVar[str] = "arrivals"
    key: ClassVar[tuple[str, ...]] = ()
    from_settings: ClassVar[bool] = True

    arrivals_per_s: Annotated[Array, Column(kind=Kind.REAL, doc="flows that start a second", unit="1/s", low=0)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Candidates(Table):
    """Repairs to be ranked; the rows of one name make one repair. Without rows they are generated from the failures.

    ``none`` has no ends; ``disable_link``, ``enable_link`` and ``set_weight`` take both ends (the first two act on both
    directions, a weight is that of ``source`` towards ``target``, its ``value``); ``disable_node`` takes ``source``;
    ``move_traffic`` moves the share ``value`` (absent: all) of the workloads below t0 ``source`` to the servers below
    t0 ``target`` (absent: to those of the other t0s of its pod, or where it has none of all).
    """

    name: ClassVar[str] = "candidates"
    key: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[bool] = True

    candidate: Annotated[Array, Column(kind=Kind.LABEL, doc="name of the repair")]
    action: Annotated[Array, Column(kind=Kind.LABEL, doc=", ".join(ACTIONS))]
    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="see above", refers="nodes", nullable=True, default=-1)]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="see above", refers="nodes", nullable=True, default=-1)]
    value: Annotated[Array, Column(kind=Kind.REAL, doc="see above", low=0, nullable=True, default=np.nan)]
