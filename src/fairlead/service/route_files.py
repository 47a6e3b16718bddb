"""The routes of a snapshot as one file, ``routes.csv`` or ``routes.parquet``: written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from fairlead.model import (
    BadInputError,
    Demands,
    Groups,
    Hops,
    Paths,
    Routes,
    ServiceClasses,
    Sites,
    Snapshot,
    Stage,
)
from fairlead.predict.route_metrics import routed_quality

BETWEEN_SITES = ">"
COLUMNS = (
    "source_group",
    "target_group",
    "service_class",
    "rank",
    "sites",
    "weight_ratio",
    "latency_ms",
    "jitter_ms",
    "loss_ratio",
    "stage",
)
Form = Literal["csv", "parquet"]


def routes_table(snapshot: Snapshot) -> Any:
    """One row a path in use, a pyarrow table with :data:`COLUMNS`, in the order of ``demands``, best path first.

    ``sites`` are the ids of the sites on the way with ``>`` between them, empty for the direct path; a ``>`` or a
    backslash of an id itself has a backslash before it. A metric that nobody measured is null. O(route slots).
    """
    routes, demands = snapshot[Routes], snapshot[Demands]
    used = np.flatnonzero(routes.path >= 0)
    demand, path = routes.demand[used], routes.path[used]
    quality = routed_quality(snapshot)
    columns = {
        "source_group": _named(snapshot[Groups].group, demands.source_group[demand]),
        "target_group": _named(snapshot[Groups].group, demands.target_group[demand]),
        "service_class": _named(snapshot[ServiceClasses].service_class, demands.service_class[demand]),
        "rank": pa.array(routes.rank[used]),
        "sites": _site_names(snapshot, path),
        "weight_ratio": pa.array(routes.weight_ratio[used]),
        **{
            name: pa.array(getattr(quality, name)[used], from_pandas=True)
            for name in ("latency_ms", "jitter_ms", "loss_ratio")
        },
        "stage": _named(np.array([stage.name.lower() for stage in Stage]), routes.stage[used]),
    }
    return pa.table([columns[name] for name in COLUMNS], names=list(COLUMNS))


def write_routes(snapshot: Snapshot, folder: Path, form: Form) -> Path:
    """Writes ``routes.<form>`` into the folder, which is made if it is not there; the path of the file.

    Written beside and renamed, so a reader sees the old routes or the new ones. A ``routes`` file of the other form
    from an earlier run is removed, for there is one truth. BadInputError where it cannot be written.
    """
    table = routes_table(snapshot)
    target = folder / f"routes.{form}"
    beside = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=folder, prefix=".routes.")
        os.close(handle)
        if form == "csv":
            pyarrow.csv.write_csv(_plain(table), beside)
        else:
            pyarrow.parquet.write_table(table, beside)
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
        (folder / f"routes.{'parquet' if form == 'csv' else 'csv'}").unlink(missing_ok=True)
    except (OSError, pa.ArrowException) as error:
        raise BadInputError(
            code="folder.unwritable",
            what="the routes cannot be written",
            where=str(folder),
            got=(error.strerror if isinstance(error, OSError) else None) or str(error),
            hint="check the path, the permissions and the free space",
        ) from None
    finally:  # also where somebody interrupts it; once renamed there is nothing of that name
        if beside:
            Path(beside).unlink(missing_ok=True)
    return target


def path_labels(snapshot: Snapshot) -> NDArray[np.str_]:
    """Each path [paths] as a person reads it; empty for the direct one."""
    paths, hops, sites = snapshot[Paths], snapshot[Hops], snapshot[Sites]
    names = np.array(_escaped(sites))[hops.site] if hops.row_count else np.empty(0, "U1")
    ends = np.cumsum(paths.hop_count.astype(np.int64))
    return np.array([BETWEEN_SITES.join(each) for each in np.split(names, ends[:-1])])


def _escaped(sites: Sites) -> list[str]:
    """The ids so that no two paths read alike: site ``a>b`` is another way than from ``a`` to ``b``."""
    return [
        str(name).replace("\\", "\\\\").replace(BETWEEN_SITES, f"\\{BETWEEN_SITES}") for name in sites.site.tolist()
    ]


def _site_names(snapshot: Snapshot, path: NDArray[np.int32]) -> Any:
    used, code = np.unique(path, return_inverse=True)  # few paths carry many session groups
    paths, hops = snapshot[Paths], snapshot[Hops]
    start = np.concatenate([[0], np.cumsum(paths.hop_count.astype(np.int64))])
    names = _escaped(snapshot[Sites])
    labels = [
        BETWEEN_SITES.join(names[site] for site in hops.site[start[row] : start[row + 1]].tolist())
        for row in used.tolist()
    ]
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), pa.array(labels, pa.string()))


def _named(ids: NDArray[Any], code: NDArray[Any]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), pa.array(ids.tolist()))


def _plain(table: Any) -> Any:
    """CSV has no dictionaries."""
    return pa.table(
        [
            column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
            for column in table.columns
        ],
        names=table.column_names,
    )
