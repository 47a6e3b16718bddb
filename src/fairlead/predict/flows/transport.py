"""What transport protocols do under loss and in queues, as measured distributions (SWARM appendix B).

Three tables of quantiles, from real kernel TCP: the throughput that loss leaves to a long flow, the round trips of a
short flow, the queueing delay of a packet. ``shipped()`` has those of the package, ``read(folder)`` an operator's own.
Every draw is a quantile at a number in (0, 1) that the caller gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.predict.flows.ceilings import Ceilings, ceilings
from fairlead.predict.flows.overflow import Sustained, sustained
from fairlead.predict.flows.queues import MEASURED_BYTES, Queues, queues
from fairlead.predict.flows.rounds import Rounds, rounds
from fairlead.predict.flows.transport_tables import TABLES, by_control, columns, from_start

Reals = NDArray[np.float64]

CONGESTION_CONTROLS = ("cubic", "reno", "bbr")
"""Whose distributions the package ships."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transport:
    """The three distributions of each congestion control, by its name."""

    ceilings: Mapping[str, Ceilings]
    rounds_taken: Mapping[str, Rounds]
    queues: Mapping[str, Queues]
    sustained: Mapping[str, Sustained]

    @property
    def congestion_controls(self) -> tuple[str, ...]:
        """Those that all three tables know, in order of name."""
        return tuple(sorted(set(self.ceilings) & set(self.rounds_taken) & set(self.queues)))

    def ceiling_mbps(self, congestion_control: str, loss_ratio: Reals, rtt_ms: Reals, luck: Reals) -> Reals:
        """[flows] the throughput that loss alone leaves to a long flow; infinite without loss (``ceilings.py``)."""
        return self.ceilings[congestion_control].ceiling_mbps(loss_ratio, rtt_ms, luck)

    def rounds(
        self, congestion_control: str, size_bytes: Reals, loss_ratio: Reals, rtt_ms: Reals, luck: Reals
    ) -> Reals:
        """[flows] completion time of a short flow over its round trip, handshake included (``rounds.py``)."""
        return self.rounds_taken[congestion_control].duration_ms(size_bytes, loss_ratio, rtt_ms, luck) / rtt_ms

    def queue_delay_ms(
        self,
        congestion_control: str,
        utilisation_ratio: Reals,
        flow_count: Reals,
        buffer_bytes: Reals,
        capacity_mbps: Reals,
        luck: Reals,
    ) -> Reals:
        """[draws] how long a packet waits at a link (``queues.py``)."""
        full_ms = buffer_bytes * 8e-3 / capacity_mbps
        return self.queues[congestion_control].fill_ratio(utilisation_ratio, flow_count, luck) * full_ms

    def overflow_ratio(
        self,
        congestion_control: str,
        utilisation_ratio: Reals,
        flow_count: Reals,
        share_mbps: Reals,
        buffer_bytes: Reals,
        capacity_mbps: Reals,
        rtt_ms: Reals,
    ) -> Reals:
        """[draws] share of a link's packets that find its queue full.

        share_mbps : of the fastest flows there, which this link holds back if any; rtt_ms : without waiting

        What the probes met among as many flows for what the link holds, but no more than leaves its flows their shares
        (``overflow.py``). A probe comes at any moment, a packet that an acknowledgement clocks when one has just left:
        probes among 32 flows of CUBIC found the queue full three times as often as those flows did.
        """
        held_bytes = capacity_mbps * rtt_ms * 125.0 + buffer_bytes
        alike = flow_count * MEASURED_BYTES / held_bytes
        probed = self.queues[congestion_control].overflow_ratio(utilisation_ratio, alike)
        most = self.sustained[congestion_control].loss_ratio(share_mbps, rtt_ms + buffer_bytes * 8e-3 / capacity_mbps)
        return np.minimum(probed, most)


def transport(
    tables: Mapping[str, Mapping[str, NDArray[Any]]], initial_window: int = 10, slow_start_threshold: int = 0
) -> Transport:
    """From columns of TABLES. Of ``short_rounds`` only rows with this window and threshold (packets, 0: none) count."""
    short = from_start(tables["short_rounds"], initial_window, slow_start_threshold)
    limits = {name: ceilings(rows) for name, rows in by_control(tables["loss_limited"])}
    return Transport(
        ceilings=limits,
        rounds_taken={name: rounds(rows, initial_window, slow_start_threshold) for name, rows in by_control(short)},
        queues={name: queues(rows) for name, rows in by_control(tables["queue_delay"])},
        sustained={name: sustained(limit) for name, limit in limits.items()},
    )


def read(folder: Path, initial_window: int = 10, slow_start_threshold: int = 0) -> Transport:
    """From the Parquet files of TABLES in a folder. BadInputError for one that is missing or lacks a column."""
    return transport(
        {name: columns(folder / f"{name}.parquet", name) for name in TABLES}, initial_window, slow_start_threshold
    )


@cache
def shipped() -> Transport:
    """Those that come with the package: Linux TCP between network namespaces, initial window 10, no threshold."""
    with as_file(files("fairlead.predict.flows") / "tables") as folder:
        return read(folder)
