"""What can be wrong with the world, as one tree. Our own mistakes are assertions, never these.

FairleadError
├── UsageError          2  the command line asks for something that makes no sense
├── BadInputError       3  a file, a table or a cell cannot be used
├── RefusedError        4  a safety rule says no; names the rule and its numbers
├── StaleError          5  the plan was made from another snapshot, or two owners want one cell
└── MissingExtraError   6  an optional dependency is not installed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class FairleadError(Exception):
    """One line a human can act on: a stable code, what, where, got, expected, hint. Empty parts are left out."""

    exit_code: ClassVar[int] = 1

    code: str
    what: str
    where: str = ""
    got: str = ""
    expected: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        # args carries the fields so that the error survives a trip through a process pool
        super().__init__(str(self))

    def __reduce__(self) -> tuple[object, ...]:
        fields = (self.code, self.what, self.where, self.got, self.expected, self.hint)
        return (_rebuilt, (type(self), *fields))

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.what}"]
        if self.where:
            parts.append(f"at {self.where}")
        for label, text in (("got", self.got), ("expected", self.expected), ("hint", self.hint)):
            if text:
                parts.append(f"{label}: {text}")
        return "; ".join(part.replace("\n", " ").replace("\r", " ") for part in parts)


def _rebuilt(
    kind: type[FairleadError], code: str, what: str, where: str, got: str, expected: str, hint: str
) -> FairleadError:
    return kind(code=code, what=what, where=where, got=got, expected=expected, hint=hint)


class UsageError(FairleadError):
    exit_code = 2


class BadInputError(FairleadError):
    exit_code = 3


class RefusedError(FairleadError):
    exit_code = 4


class StaleError(FairleadError):
    exit_code = 5


class MissingExtraError(FairleadError):
    exit_code = 6
