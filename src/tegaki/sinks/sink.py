"""Rows to files: JSON Lines, CSV, Parquet, HTML. What was written stays, however a scan ends."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from tegaki.errors import MissingExtra, OutputError
from tegaki.results.result import Row
from tegaki.sinks.html import SheetSink

COLUMNS = {
    "path": str,
    "path_bytes": str,
    "sha256": str,
    "size_bytes": int,
    "format": str,
    "width": int,
    "height": int,
    "alpha": bool,
    "animated": bool,
    "verdict": str,
    "probability": float,
    "logit": float,
    "views": str,
    "reasons": str,
    "claims": str,
    "claim_tool": str,
    "claim_kind": str,
    "claim_strength": str,
    "error_type": str,
    "error_message": str,
    "model": str,
    "recipe": str,
    "domain": str,
}
"""The columns of CSV and Parquet, in order, and their types; any but the first can be empty."""


def flatten(row: Row) -> dict[str, Any]:
    """A row as :data:`COLUMNS`: reasons joined with spaces, views and claims as JSON text; what
    the first claim says has columns of its own."""
    plain = row.to_dict()
    first = row.claims[0] if row.claims else None
    for name in ("tool", "kind", "strength"):
        plain[f"claim_{name}"] = getattr(first, name, None)
    error = plain.pop("error") or {"type": None, "message": None}
    plain["error_type"], plain["error_message"] = error["type"], error["message"]
    plain["reasons"] = " ".join(plain["reasons"])
    for name in ("views", "claims"):
        plain[name] = json.dumps(plain[name], ensure_ascii=False)
    return {name: plain[name] for name in COLUMNS}


class Sink(Protocol):
    """Where rows go. Both methods raise :class:`OutputError`."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def close(self) -> None:
        """Make everything written durable and readable."""


Format = Literal["jsonl", "csv", "parquet", "html"]


def open_sink(path: Path, form: Format | None = None) -> Sink:
    """A sink for a file, which is replaced.

    Args:
        form: what is written; what the file's ending names by default.

    Raises:
        OutputError: an ending that names none, or the file cannot be made.
        MissingExtra: Parquet without its library.
    """
    kinds: dict[str, Callable[[Path], Sink]] = {
        "jsonl": JsonLinesSink,
        "csv": CsvSink,
        "parquet": ParquetSink,
        "html": SheetSink,
    }
    kind = kinds.get(form or path.suffix.lower().removeprefix("."))
    if kind is None:
        endings = ", ".join(f".{name}" for name in kinds)
        raise OutputError(f"{path}: the ending must be one of {endings}")
    with _told(path):
        return _Told(kind(path), path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror or problem}") from problem


class _Told:
    """A sink whose troubles (a full disk, say) come as :class:`OutputError`."""

    def __init__(self, sink: Sink, path: Path) -> None:
        self._sink = sink
        self._path = path

    def write(self, row: Row) -> None:
        with _told(self._path):
            self._sink.write(row)

    def close(self) -> None:
        with _told(self._path):
            self._sink.close()


class JsonLinesSink:
    """One JSON object a line; a killed scan leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._stream: IO[str] = path.open("w", encoding="utf-8", buffering=1)

    def write(self, row: Row) -> None:
        self._stream.write(row.to_json() + "\n")

    def close(self) -> None:
        self._stream.close()


class CsvSink:
    """RFC 4180 with a header line."""

    def __init__(self, path: Path) -> None:
        self._stream: IO[str] = path.open("w", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.DictWriter(self._stream, list(COLUMNS))
        self._writer.writeheader()

    def write(self, row: Row) -> None:
        flat = flatten(row)
        for name in ("alpha", "animated"):  # as JSON and most readers spell them
            flat[name] = None if flat[name] is None else str(flat[name]).lower()
        self._writer.writerow(flat)

    def close(self) -> None:
        self._stream.close()


class ParquetSink:
    """Row groups of 5,000; readable once closed, which Ctrl-C does and ``kill -9`` does not."""

    GROUP = 5000

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as problem:
            raise MissingExtra("writing Parquet", "parquet") from problem
        types = {
            str: pyarrow.string(),
            int: pyarrow.int64(),
            float: pyarrow.float64(),
            bool: pyarrow.bool_(),
        }
        self._table = pyarrow.Table
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)
        self._waiting: list[dict[str, Any]] = []

    def write(self, row: Row) -> None:
        self._waiting.append(flatten(row))
        if len(self._waiting) >= self.GROUP:
            self._flush()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []  # first: Ctrl-C in between must not write twice
        if rows:
            self._writer.write_table(self._table.from_pylist(rows, schema=self._schema))

    def close(self) -> None:
        self._flush()
        self._writer.close()
