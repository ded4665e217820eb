"""A sink for each format of rows. What was written stays, however a scan ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from tegaki.errors import OutputError
from tegaki.results.result import Result
from tegaki.sinks.csv import CsvSink
from tegaki.sinks.html import PageSink
from tegaki.sinks.jsonl import JsonLinesSink
from tegaki.sinks.parquet import ParquetSink


class Sink(Protocol):
    """Where rows go. Both methods raise :class:`OutputError`."""

    def write(self, result: Result) -> None:
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
        "html": PageSink,
    }
    kind = kinds.get(form or path.suffix.lower().removeprefix("."))
    if kind is None:
        endings = ", ".join(f".{name}" for name in kinds)
        raise OutputError(f"{path}: the ending must be one of {endings}")
    with _translate_errors(path):
        return _TranslatingSink(kind(path), path)


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror or problem}") from problem


class _TranslatingSink:
    """A sink whose troubles (a full disk, say) come as :class:`OutputError`."""

    def __init__(self, sink: Sink, path: Path) -> None:
        self._sink = sink
        self._path = path

    def write(self, result: Result) -> None:
        with _translate_errors(self._path):
            self._sink.write(result)

    def close(self) -> None:
        with _translate_errors(self._path):
            self._sink.close()
