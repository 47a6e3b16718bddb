"""Every error is one line with its own exit code, and survives a trip through a process pool."""

from __future__ import annotations

import pickle

import pytest

from fairlead.model import (
    BadInputError,
    FairleadError,
    MissingExtraError,
    RefusedError,
    StaleError,
    UsageError,
)

CODES = [(UsageError, 2), (BadInputError, 3), (RefusedError, 4), (StaleError, 5), (MissingExtraError, 6)]


@pytest.mark.parametrize(("kind", "exit_code"), CODES)
def test_exit_codes_are_the_designs(kind: type[FairleadError], exit_code: int) -> None:
    assert kind.exit_code == exit_code
    assert issubclass(kind, FairleadError)


def test_one_line_with_all_parts_in_order() -> None:
    error = BadInputError(code="a.b", what="bad\ncell", where="f.csv:2:3", got="x\r\ny", expected="z", hint="fix it")
    assert str(error) == "a.b: bad cell; at f.csv:2:3; got: x  y; expected: z; hint: fix it"
    assert str(BadInputError(code="a.b", what="bad")) == "a.b: bad"


@pytest.mark.parametrize(("kind", "_code"), CODES)
def test_pickling(kind: type[FairleadError], _code: int) -> None:
    error = kind(code="a.b", what="bad", where="here", hint="go on")
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is kind
    assert twin == error
    assert str(twin) == str(error)


def test_it_can_be_raised_and_chained() -> None:
    def refuse() -> None:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise RefusedError(code="guard.g1", what="region floor") from inner

    with pytest.raises(RefusedError) as caught:
        refuse()
    assert isinstance(caught.value.__cause__, KeyError)
