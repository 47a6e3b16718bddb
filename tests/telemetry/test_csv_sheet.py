"""How the bytes of a CSV file are handed to Arrow."""

import threading
from collections import Counter
from pathlib import Path

from good_folder import STREAMS

from fairlead.model import Streams
from fairlead.telemetry.csv_sheet import csv_sheet

HEADER, *ROWS = STREAMS.splitlines(keepends=True)


def test_no_thread_of_arrow_keeps_the_bytes() -> None:
    # one that did would meet an interpreter that exits after a refused file, and abort the process
    released: Counter[bool] = Counter()
    here = threading.get_ident()

    class Watched(bytes):
        def __del__(self) -> None:
            released[threading.get_ident() == here] += 1

    text = (HEADER + "".join(ROWS) * 500).encode()
    for _ in range(300):
        assert csv_sheet(Watched(text), Path("streams.csv"), Streams).row_count == 500 * len(ROWS)
    assert released == {True: 300}
