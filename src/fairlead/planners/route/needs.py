"""The tables that a routing is made from."""

from __future__ import annotations

from fairlead.model import (
    Access,
    Demands,
    Direct,
    Groups,
    Hops,
    Links,
    Paths,
    Routes,
    ServiceClasses,
    Sites,
    Table,
)

ROUTE_NEEDS: tuple[type[Table], ...] = (
    Sites,
    Links,
    Groups,
    Access,
    Direct,
    ServiceClasses,
    Demands,
    Paths,
    Hops,
    Routes,
)
