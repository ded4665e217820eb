"""Rows as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tegaki.errors import MissingExtra
from tegaki.results.result import Result
from tegaki.sinks.columns import COLUMNS, flatten


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

    def write(self, result: Result) -> None:
        self._waiting.append(flatten(result))
        if len(self._waiting) >= self.GROUP:
            self._flush()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []  # first: Ctrl-C in between must not write twice
        if rows:
            self._writer.write_table(self._table.from_pylist(rows, schema=self._schema))

    def close(self) -> None:
        self._flush()
        self._writer.close()
