"""Rows as CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import IO

from tegaki.results.result import Result
from tegaki.sinks.columns import COLUMNS, flatten


class CsvSink:
    """RFC 4180 with a header line."""

    def __init__(self, path: Path) -> None:
        self._stream: IO[str] = path.open("w", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.DictWriter(self._stream, list(COLUMNS))
        self._writer.writeheader()

    def write(self, result: Result) -> None:
        flat = flatten(result)
        for name in ("alpha", "animated"):  # as JSON and most readers spell them
            flat[name] = None if flat[name] is None else str(flat[name]).lower()
        self._writer.writerow(flat)

    def close(self) -> None:
        self._stream.close()
