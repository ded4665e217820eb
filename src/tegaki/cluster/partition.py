"""One partition: its files scored, its rows kept as one Parquet file."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tegaki.cluster.items import PlanItem
from tegaki.errors import MissingExtra, OutputError, PermissionDenied, UnreadableFile
from tegaki.metadata import MANIFEST_NOT_READ
from tegaki.results.codec import pack, unpack
from tegaki.results.result import Measurement
from tegaki.scan.local import Summary
from tegaki.scan.scorer import BatchScorer, ScoredFile
from tegaki.sinks.columns import COLUMNS, flatten
from tegaki.sources.archives import SEPARATOR
from tegaki.sources.file_stat import NUL, FileStat
from tegaki.sources.walk import is_expandable
from tegaki.verdict import result_of

_GROUP = 5000  # rows held as Python objects at a time
_ARCHIVES, _PASSED_OVER = b"tegaki.archives", b"tegaki.passed_over"


@dataclass(frozen=True, slots=True)
class Finished:
    """An archive that was gone through. ``whole``: to its end, and every member has a row."""

    file_stat: FileStat
    whole: bool


def score(batch: BatchScorer, items: list[PlanItem]) -> tuple[bytes, Summary]:
    """A partition's Parquet file, with the columns of a local scan's and those that a store needs:
    ``raw``, ``raw_size``, ``raw_mtime_ns`` and ``measurement``; and the counts of its rows."""
    by_place = {item.place: item for item in items}
    rows = _Rows()
    lost: dict[str, Measurement] = {}
    before = batch.select.skipped.copy()
    with closing(batch(item.found() for item in items)) as scored:
        for one in scored:
            place = _place(one)
            item = by_place[place]
            if one.name is None:
                lost[place] = one.measurement
            path = item.path + one.path[len(place) :]
            row = result_of(path, one.measurement, batch.scorer.context)
            rows.add(flatten(row) | _kept(item.file_stat(), one))
            rows.summary.add_result(row)
    archives = [item for item in items if is_expandable(item.found())]
    finished = [
        Finished(item.file_stat(), item.place not in lost)
        for item in archives
        if not _is_transient(lost.get(item.place))
    ]
    rows.summary.skipped.update(skipped := batch.select.skipped - before)
    return rows.close(finished, skipped), rows.summary


def _is_transient(measurement: Measurement | None) -> bool:
    """Whether an archive that came in its members' stead may come whole another time."""
    transient = (PermissionDenied.__name__, UnreadableFile.__name__)
    return bool(measurement and measurement.error and measurement.error.type in transient)


def _place(one: ScoredFile) -> str:
    if one.name is None:
        return one.path
    return one.path.removesuffix(f"{SEPARATOR}{os.fsdecode(one.name)}")


def _kept(file_stat: FileStat, one: ScoredFile) -> dict[str, Any]:
    raw = file_stat.raw if one.name is None else file_stat.raw + NUL + one.name
    return {
        "raw": raw,
        "raw_size": file_stat.size,
        "raw_mtime_ns": file_stat.mtime_ns,
        "facts": pack(one.measurement),
    }


@dataclass
class _Rows:
    """Rows on their way into a file in memory."""

    summary: Summary = field(default_factory=Summary)

    def __post_init__(self) -> None:
        self._parquet, self._schema = _schema()
        self._stream = io.BytesIO()
        self._writer = self._parquet.ParquetWriter(self._stream, self._schema, compression="zstd")
        self._waiting: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        self._waiting.append(row)
        if len(self._waiting) == _GROUP:
            self._flush()

    def close(self, finished: list[Finished], skipped: Counter[str]) -> bytes:
        self._flush()
        said = [
            [f.file_stat.raw.hex(), f.file_stat.size, f.file_stat.mtime_ns, f.whole]
            for f in finished
        ]
        self._writer.add_key_value_metadata(
            {_ARCHIVES.decode(): json.dumps(said), _PASSED_OVER.decode(): json.dumps(skipped)}
        )
        self._writer.close()
        return self._stream.getvalue()

    def _flush(self) -> None:
        import pyarrow

        self._writer.write_table(pyarrow.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []


def _schema() -> tuple[Any, Any]:
    pyarrow, parquet = _library()
    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    columns = [(name, types[kind]) for name, kind in COLUMNS.items()]
    columns += [
        ("raw", pyarrow.binary()),
        ("raw_size", pyarrow.int64()),
        ("raw_mtime_ns", pyarrow.int64()),
        ("facts", pyarrow.string()),
    ]
    return parquet, pyarrow.schema(columns)


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as problem:
        raise MissingExtra("a cluster scan", "cluster") from problem
    return pyarrow, pyarrow.parquet


class Partition:
    """A partition's file, read.

    Raises:
        OutputError: it is damaged.
    """

    def __init__(self, name: str, data: bytes) -> None:
        pyarrow, parquet = _library()
        self._name = name
        try:
            self._file = parquet.ParquetFile(pyarrow.BufferReader(data))
        except pyarrow.ArrowException as problem:
            raise self._damaged(problem) from problem

    def summary(self) -> Summary:
        """The counts of its rows."""
        summary = Summary()
        for row in self._rows(["verdict", "error_type", "reasons"]):
            summary.add(row["verdict"], row["error_type"])
            summary.manifests += MANIFEST_NOT_READ in row["reasons"]
        try:  # an older version passed nothing over
            counts = json.loads(self._file.metadata.metadata.get(_PASSED_OVER, b"{}"))
            summary.skipped.update({str(kind): int(n) for kind, n in counts.items()})
        except (ValueError, TypeError, AttributeError) as problem:
            raise self._damaged(problem) from problem
        return summary

    def measurements(self) -> Iterator[tuple[FileStat, Measurement]]:
        """Every file's and member's entry and facts, in order."""
        for row in self._rows(["raw", "raw_size", "raw_mtime_ns", "sha256", "facts"]):
            sha256 = row["sha256"]
            try:
                measurement = unpack(
                    row["facts"], None if sha256 is None else bytes.fromhex(sha256)
                )
            except (ValueError, TypeError) as problem:
                raise self._damaged(problem) from problem
            yield FileStat(row["raw"], row["raw_size"], row["raw_mtime_ns"]), measurement

    def finished(self) -> list[Finished]:
        """Archives that were gone through."""
        try:
            said = json.loads(self._file.metadata.metadata[_ARCHIVES])
            return [
                Finished(FileStat(bytes.fromhex(raw), *rest), whole) for raw, *rest, whole in said
            ]
        except (ValueError, TypeError, KeyError) as problem:
            raise self._damaged(problem) from problem

    def _rows(self, columns: list[str]) -> Iterable[dict[str, Any]]:
        pyarrow, _ = _library()
        try:
            for batch in self._file.iter_batches(_GROUP, columns=columns):
                yield from batch.to_pylist()
        except pyarrow.ArrowException as problem:
            raise self._damaged(problem) from problem

    def _damaged(self, problem: BaseException) -> OutputError:
        return OutputError(f"{self._name} is damaged ({problem}); remove it and scan again")
