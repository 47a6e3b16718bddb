"""Long flows without loss beside a packet-level simulator: slowdowns of flows on a path of three hosts (m3, ns-3).

The file has for each flow its start, size and ends, the completion time in ns-3, the one of a flow alone (propagation
and forwarding, packet by packet) and that of a flow-level simulator. Ours is Algorithm 1 with an epoch for every
arrival and departure, on the bytes of the wire, on top of the time of the flow alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.kernels.epochs import epochs
from fairlead.kernels.epochs_active import EXACT
from fairlead.model import BadInputError

Reals = NDArray[np.float64]
Int64s = NDArray[np.int64]

FLOWS_FILE, FACTS_FILE = Path("swarm") / "m3_ns3_path_flows_fct.npz", Path("swarm") / "m3_ns3_path_meta.json"
LINK_MBPS = 10_000.0
PAYLOAD_BYTES, HEADER_BYTES = 1_000, 48
"""Of a packet in these runs."""

_WAYS = {(0, 1): (0, -1), (1, 2): (1, -1), (0, 2): (0, 1)}  # ends -> links on the way
_LEVELS = {"p50": 0.5, "p99": 0.99}


def packet_level(folder: Path) -> dict[str, Any]:
    """Error of the median and the 99th percentile of slowdowns, ours and the flow-level simulator's, over the runs.

    BadInputError where the files are not in the folder.
    """
    path, facts_path = folder / FLOWS_FILE, folder / FACTS_FILE
    if not (path.exists() and facts_path.exists()):
        raise BadInputError(
            code="packet_level.no_data",
            what="the packet-level flows are not there",
            where=str(path),
            expected="FAIRLEAD_DATA to name a folder that holds them",
        )
    errors: dict[str, list[dict[str, Reals]]] = defaultdict(list)
    with np.load(path) as runs:
        for facts in json.loads(facts_path.read_text(encoding="utf-8")):
            error = run_errors(runs[f"s{facts['shard']}"])
            for name in ("all", "hpcc" if facts["cc"].startswith("hp") else facts["cc"].split("_")[0]):
                errors[name].append(error)
    return {name: _summary(each) for name, each in errors.items()}


def run_errors(flows: Int64s) -> dict[str, Reals]:
    """[levels] relative errors of slowdown percentiles in one run; flows [flows, 7] as the file has them."""
    actual_ns, alone_ns, rival_ns = (flows[:, column].astype(np.float64) for column in (4, 5, 6))
    ours_ns = alone_ns + shared_ns(flows)
    levels = list(_LEVELS.values())
    truth = np.quantile(actual_ns / alone_ns, levels)
    return {
        "fairlead": np.quantile(ours_ns / alone_ns, levels) / truth - 1.0,
        "flow_level_simulator": np.quantile(rival_ns / alone_ns, levels) / truth - 1.0,
    }


def shared_ns(flows: Int64s) -> Reals:
    """[flows] how much longer each takes because it shares its links."""
    start_s = (flows[:, 0] - flows[:, 0].min()) * 1e-9
    wire_bytes = flows[:, 1] + HEADER_BYTES * np.ceil(flows[:, 1] / PAYLOAD_BYTES)
    order = np.argsort(start_s, kind="stable")
    passage = epochs(
        np.array([_WAYS[int(source), int(target)] for source, target in flows[order][:, 2:4]], np.int32),
        start_s[order],
        wire_bytes[order],
        np.full(len(flows), np.inf),
        np.full(2, LINK_MBPS),
        begin_s=0.0,
        until_s=np.inf,
        epoch_s=np.inf,
        turnover_ratio=0.0,
        bits=EXACT,
    )
    took_ns = np.empty(len(flows))
    took_ns[order] = (passage.finish_s - start_s[order]) * 1e9
    found: Reals = took_ns - wire_bytes * 8e3 / LINK_MBPS
    return found


def _summary(errors: list[dict[str, Reals]]) -> dict[str, Any]:
    rows: dict[str, Any] = {"runs": len(errors)}
    for who in errors[0]:
        values = np.stack([each[who] for each in errors])
        for place, level in enumerate(_LEVELS):
            rows[f"{who}_{level}_error_median"] = float(f"{np.median(np.abs(values[:, place])):.3g}")
            rows[f"{who}_{level}_error_mean"] = float(f"{np.abs(values[:, place]).mean():.3g}")
            rows[f"{who}_{level}_bias"] = float(f"{values[:, place].mean():.3g}")
    return rows
