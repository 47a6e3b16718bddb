"""Routes as an earlier plan wrote them: ``routes.csv`` or ``routes.parquet``, by the names that it used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np

from fairlead.model import BadInputError, Column, Kind, Table
from fairlead.model.table import Array
from fairlead.telemetry.reader import read_table
from fairlead.telemetry.rules import Rules


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WrittenRoutes(Table):
    """One row a path in use. Groups, classes and sites are names: what they named may be gone by now."""

    name: ClassVar[str] = "routes"
    key: ClassVar[tuple[str, ...]] = ()

    source_group: Annotated[Array, Column(kind=Kind.LABEL, doc="from this group")]
    target_group: Annotated[Array, Column(kind=Kind.LABEL, doc="to this group")]
    service_class: Annotated[Array, Column(kind=Kind.LABEL, doc="service class")]
    rank: Annotated[Array, Column(kind=Kind.COUNT, doc="0 is the best path", unit="count", low=0)]
    sites: Annotated[Array, Column(kind=Kind.LABEL, doc="sites with > between them; empty: direct", default="")]
    weight_ratio: Annotated[Array, Column(kind=Kind.REAL, doc="share of the sessions", unit="ratio", low=0, high=1)]
    latency_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="end to end", unit="ms", low=0, nullable=True, default=np.nan)
    ]
    jitter_ms: Annotated[
        Array, Column(kind=Kind.REAL, doc="end to end", unit="ms", low=0, nullable=True, default=np.nan)
    ]
    loss_ratio: Annotated[
        Array, Column(kind=Kind.REAL, doc="end to end", unit="ratio", low=0, high=1, nullable=True, default=np.nan)
    ]
    stage: Annotated[Array, Column(kind=Kind.LABEL, doc="why the path is there", default="")]


def read_routes(folder: Path) -> WrittenRoutes:
    """The routes in a folder. BadInputError where there is no such file, or two, or for the first thing wrong in it."""
    found = [path for path in (folder / "routes.csv", folder / "routes.parquet") if path.exists()]
    if len(found) != 1:
        raise BadInputError(
            code="folder.two_forms" if found else "folder.missing_table",
            what="table routes is there twice" if found else "there are no routes",
            where=str(folder),
            got=" and ".join(path.name for path in found),
            expected="routes.csv or routes.parquet",
        )
    table = read_table(found[0], WrittenRoutes, {}, Rules())
    assert isinstance(table, WrittenRoutes)
    return table
