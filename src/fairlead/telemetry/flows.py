"""Demand between address prefixes, as flow records or a traffic matrix have it: the door for its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fairlead.model import Column, Kind, Table
from fairlead.model.table import Array
from fairlead.telemetry.reader import read_table
from fairlead.telemetry.rules import Rules


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Flows(Table):
    """One row a flow between users of two prefixes, in any order; flows of the same ends and class add up."""

    name: ClassVar[str] = "flows"
    key: ClassVar[tuple[str, ...]] = ()

    source: Annotated[Array, Column(kind=Kind.REFERENCE, doc="from this prefix", refers="prefixes")]
    target: Annotated[Array, Column(kind=Kind.REFERENCE, doc="to this prefix", refers="prefixes")]
    service_class: Annotated[Array, Column(kind=Kind.REFERENCE, doc="service class", refers="service_classes")]
    demand_mbps: Annotated[
        Array,
        Column(kind=Kind.REAL, doc="average rate over the last cycle", unit="Mbit/s", low=0, nullable=True),
    ]


def read_flows(path: Path, prefix: NDArray[Any], service_class: NDArray[Any]) -> Flows:
    """The flows of one CSV or Parquet file, by the names of prefixes and classes; no flow at all is an answer too.

    BadInputError for the first thing that is wrong, as for any table.
    """
    ids: Mapping[str, NDArray[np.generic]] = {"prefixes": prefix, "service_classes": service_class}
    table = read_table(Path(path), Flows, ids, Rules(may_be_empty=True))
    assert isinstance(table, Flows)
    return table
