"""Rows as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from tegaki.results.result import Result


class JsonLinesSink:
    """One JSON object a line; a killed scan leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._stream: IO[str] = path.open("w", encoding="utf-8", buffering=1)

    def write(self, result: Result) -> None:
        self._stream.write(result.to_json() + "\n")

    def close(self) -> None:
        self._stream.close()
