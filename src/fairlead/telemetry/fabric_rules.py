"""What must hold between the cells of a fabric's tables, and which of them may be absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairlead.model import (
    ACTIONS,
    TIERS,
    Candidates,
    DestinationWeights,
    FabricLinks,
    Flows,
    FlowSizes,
    Nodes,
    Pairs,
    Placements,
    Table,
)
from fairlead.telemetry.offence import Offence, offences_where
from fairlead.telemetry.rules import Rules
from fairlead.telemetry.sheet import near

Array = NDArray[Any]
Columns = Mapping[str, Array]


@dataclass(slots=True)
class _Tiers:
    """What ``nodes`` says, for the tables that are read after it. ``rank`` [nodes]: place in TIERS, -1 none."""

    rank: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def learn(self, columns: Columns) -> list[Offence]:
        tier = columns["tier"]
        self.rank = np.select([tier == name for name in TIERS], np.arange(len(TIERS)), -1)
        return offences_where(
            self.rank < 0,
            "tier",
            code="nodes.unknown_tier",
            what="there is no such tier",
            expected=", ".join(TIERS),
            hint=lambda text: near(text, TIERS),
        )

    def of(self, rows: Array) -> NDArray[np.int64]:
        """Rank of the nodes [rows]; -1 where the reference is absent or offends already."""
        return np.append(self.rank, -1)[np.where(rows < 0, len(self.rank), rows)]

    def links(self, columns: Columns) -> list[Offence]:
        source, target = (self.of(columns[end]) for end in ("source", "target"))
        known = (source >= 0) & (target >= 0)
        return offences_where(
            known & (np.abs(source - target) != 1),
            "target",
            code="links.not_neighbours",
            what="a link must join neighbouring tiers",
            expected="server and t0, t0 and t1, or t1 and t2",
        )

    def role(self, column: str, tier: str) -> Callable[[Columns], list[Offence]]:
        """The check that every node in ``column`` is of this tier."""

        def check(columns: Columns) -> list[Offence]:
            rank = self.of(columns[column])
            return offences_where(
                (rank >= 0) & (rank != TIERS.index(tier)),
                column,
                code="row.wrong_tier",
                what=f"{column} is no {tier}",
                expected=f"a node of tier {tier}",
            )

        return check


def _loops(columns: Columns) -> list[Offence]:
    return offences_where(
        (columns["source"] == columns["target"]) & (columns["source"] >= 0),
        "target",
        code="row.same_ends",
        what="source and target are the same",
        expected="two different servers",
    )


def _cdf(columns: Columns) -> list[Offence]:
    found: list[Offence] = []
    for column in ("size_bytes", "cdf_ratio"):
        falls = np.zeros(len(columns[column]), bool)
        falls[1:] = np.diff(columns[column]) < 0
        what = f"{column} falls from one row to the next"
        found += offences_where(falls, column, code="sizes.not_ascending", what=what, expected="ascending rows")
    last = np.zeros(len(columns["cdf_ratio"]), bool)
    last[-1:] = np.abs(columns["cdf_ratio"][-1:] - 1.0) > 1e-9
    what = "the distribution does not end at 1"
    found += offences_where(last, "cdf_ratio", code="sizes.not_whole", what=what, expected="1 in the last row")
    zero = columns["size_bytes"] <= 0
    zero[:-1] = False  # a distribution may start at 0, it cannot be nothing but 0
    what = "no flow has a size"
    return found + offences_where(zero, "size_bytes", code="sizes.zero", what=what, expected="above 0 at the end")


def _actions(columns: Columns) -> list[Offence]:
    action = columns["action"]
    found = offences_where(
        ~np.isin(action, ACTIONS),
        "action",
        code="candidates.unknown_action",
        what="there is no such action",
        expected=", ".join(ACTIONS),
        hint=lambda text: near(text, ACTIONS),
    )
    takes: dict[str, tuple[str, ...]] = {
        "source": ("disable_link", "disable_node", "enable_link", "set_weight", "move_traffic"),
        "target": ("disable_link", "enable_link", "set_weight"),
    }
    absent = np.full(len(action), -1)
    for column, those in takes.items():
        found += offences_where(
            np.isin(action, those) & (columns.get(column, absent) < 0),
            column,
            code="candidates.end_absent",
            what=f"this action needs a {column}",
            expected="a node",
        )
    return found + offences_where(
        (action == "set_weight") & np.isnan(columns.get("value", np.full(len(action), np.nan))),
        "value",
        code="candidates.value_absent",
        what="set_weight needs a value",
        expected="a weight, 0 or more",
    )


def _without_rows(kind: type[Table]) -> Table:
    return kind.of(**{name: [] for name, spec in kind.declared().items() if spec.required})


def fabric_rules() -> Mapping[type[Table], Rules]:
    """The rules of one reading: what ``nodes`` says is remembered for the tables after it."""
    tiers = _Tiers()
    servers = (tiers.role("source", "server"), tiers.role("target", "server"))

    def may_be_absent(kind: type[Table], *checks: Callable[[Columns], list[Offence]]) -> Rules:
        return Rules(checks=checks, stand_in=_without_rows(kind), may_be_empty=True)

    return {
        Nodes: Rules(checks=(tiers.learn,)),
        FabricLinks: Rules(checks=(tiers.links,)),
        DestinationWeights: may_be_absent(DestinationWeights, tiers.role("destination", "t0")),
        Placements: may_be_absent(Placements, tiers.role("server", "server"), tiers.role("host", "server")),
        Flows: may_be_absent(Flows, _loops, *servers),
        FlowSizes: may_be_absent(FlowSizes, _cdf),
        Pairs: may_be_absent(Pairs, _loops, *servers),
        Candidates: may_be_absent(Candidates, _actions),
    }
