"""The nouns: tables, Snapshot, Edit, Plan, Bound, Status, errors. No input or output, no search."""

from fairlead.model.edit import Edit, apply_edits, conflicts, invert
from fairlead.model.errors import (
    BadInputError,
    FairleadError,
    MissingExtraError,
    RefusedError,
    StaleError,
    UsageError,
)
from fairlead.model.overlay import Servers, ServerWindows, Streams, Windows
from fairlead.model.plan import (
    Bound,
    BoundKind,
    Budget,
    Effect,
    Plan,
    Planner,
    Reason,
    Status,
    plan_as_json,
)
from fairlead.model.snapshot import Snapshot
from fairlead.model.table import Column, Kind, Table

__all__ = [
    "BadInputError",
    "Bound",
    "BoundKind",
    "Budget",
    "Column",
    "Edit",
    "Effect",
    "FairleadError",
    "Kind",
    "MissingExtraError",
    "Plan",
    "Planner",
    "Reason",
    "RefusedError",
    "ServerWindows",
    "Servers",
    "Snapshot",
    "StaleError",
    "Status",
    "Streams",
    "Table",
    "UsageError",
    "Windows",
    "apply_edits",
    "conflicts",
    "invert",
    "plan_as_json",
]
