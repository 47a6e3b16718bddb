"""CloudPilot's file of measured relays (2021), read: what each run measured, by kind and quantity."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from fairlead.model import BadInputError

FILE = Path("panorama") / "cloudpilot_direct_vs_relay_2021.csv.gz"
Values = Mapping[str, list[float]]
_EARLIER_NAMES = {
    "direct": "bw_host_target_direct",
    "forwarding": "bw_host_proxy_forwarding",
    "proxy": "bw_host_proxy_proxy",
}


def measured_runs(folder: Path) -> dict[tuple[str, ...], Values]:
    """Run (group, host, target, relay, moment) -> kind and quantity -> values of its repetitions.

    Pods at a relay's place are relays of their own; what does not go through them was measured once for all.
    """
    found: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in _rows(folder):
        if not (row["host"] and row["target"] and row["proxy"]):
            continue
        kind = _EARLIER_NAMES.get(row["kind"], row["kind"])
        ends, moment = (row["group"], row["host"], row["target"]), row["run"]
        run = (*ends, row["proxy"], moment)
        if pod := re.search(r"_(k8s\d+)(?=_)", kind):
            kind = kind.replace(pod[0], "")
            without, run = run, (*ends, f"{row['proxy']} {pod[1]}", moment)
            shared[run] = without
        for quantity, column in (("mbps", "mbps_received"), ("s", "seconds"), ("min_ms", "min_rtt_ms")):
            if row[column]:
                found[run][f"{kind}.{quantity}"].append(float(row[column]))
    return {run: {**found.get(shared.get(run, run), {}), **values} for run, values in found.items()}


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    path = folder / FILE
    if not path.is_file():
        raise BadInputError(
            code="cloudpilot.missing_data",
            what="the measurements of relays are not there",
            where=str(path),
            expected="the file in the folder named by FAIRLEAD_DATA",
            hint="set FAIRLEAD_DATA to the folder of measured data",
        )
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
