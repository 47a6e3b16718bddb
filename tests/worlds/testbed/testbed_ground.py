"""Skips what needs root, nft and namespaces where they are not there."""

from __future__ import annotations

import pytest

from fairlead.model import MissingExtraError
from fairlead.worlds.testbed.namespaces import require_testbed


def lacking() -> str:
    """What this machine lacks for the testbed; "" where it has all."""
    try:
        require_testbed(["cubic", "reno", "bbr"])
    except MissingExtraError as error:
        return str(error)
    return ""


needs_testbed = pytest.mark.skipif(bool(lacking()), reason=f"no testbed here: {lacking()}")
