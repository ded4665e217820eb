"""Options that several commands share."""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from tegaki.errors import AnchorsError, EmptyFile, FileTooLarge
from tegaki.imaging import MAX_BYTES, MAX_PIXELS, MAX_SECONDS, Limits
from tegaki.metadata import checked_anchors
from tegaki.results.result import SHOWN, VERDICTS, Verdict
from tegaki.sources import is_url
from tegaki.utils.text import printable

if TYPE_CHECKING:
    from tegaki.detector import Detector
    from tegaki.store import Store

F = TypeVar("F", bound=Callable[..., Any])

_CHUNK = 1 << 16
_LONGEST_PATH = 1 << 20  # no system has longer ones

_WORDS: dict[str, Verdict] = {label.replace("likely ", ""): v for v, label in SHOWN.items()}
_WORDS |= {verdict: verdict for verdict in VERDICTS}

max_bytes_option = click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=MAX_BYTES,
    show_default=True,
    help="Refuse files with more bytes.",
)


class NumberRange(click.FloatRange):
    """A range of numbers. What is no number lies in none: click's own comparisons let nan pass."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


max_seconds_option = click.option(
    "--max-seconds",
    type=NumberRange(0, min_open=True),
    default=MAX_SECONDS,
    show_default=True,
    help="Go on with the others when reading and judging a file takes longer.",
)
trust_option = click.option(
    "--trust-anchors",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificates (PEM) whose C2PA signatures count as proof.",
)


def model_option(default: str, why: str) -> Callable[[F], F]:
    """``--model``; ``why`` says what the default is good for."""
    return click.option(
        "--model",
        type=click.Path(readable=False),
        metavar="NAME|DIR",
        default=default,
        show_default=True,
        help=f"fast, careful, auto (careful where fast is not sure) or a bundle's folder. {why}",
    )


def detector_options(command: F) -> F:
    """``--trust-anchors``, ``--max-pixels`` and ``--max-bytes``."""
    for option in (
        max_bytes_option,
        click.option(
            "--max-pixels",
            type=click.IntRange(1),
            default=MAX_PIXELS,
            show_default=True,
            help="Refuse pictures with more pixels (width times height).",
        ),
        trust_option,
    ):
        command = option(command)
    return command


def load_detector(
    model: str,
    max_pixels: int,
    max_bytes: int,
    trust_anchors: Path | None,
    max_seconds: float = MAX_SECONDS,
) -> Detector:
    """The detector that the shared options describe."""
    from tegaki.detector import Detector  # loads ONNX Runtime, which other commands do without

    anchors = read_anchors(trust_anchors)
    limits = Limits(max_pixels, max_bytes, max_seconds)
    return Detector.load(model, limits=limits, trust_anchors=anchors)


STDIN = "-"
"""Standard input, where a file is asked for."""


class InputPaths:
    """Paths of the command line and of a list, in this order; gone through as often as is wished.

    Args:
        file: the list: a path a line; ``-`` is standard input.
        null: a NUL ends each path of the list, in place of a line's end.

    Raises:
        click.UsageError: there are neither paths nor a list, or the list cannot be read.
    """

    def __init__(self, paths: tuple[str, ...], file: str | None, *, null: bool = False) -> None:
        if not paths and file is None:
            raise click.UsageError("Missing argument 'PATH...'.")
        if null and file is None:
            raise click.UsageError("--null needs --files-from.")
        self._paths, self._file, self._null = paths, file, null
        if file == STDIN or (
            file is not None and not os.path.isfile(file)
        ):  # a pipe can be gone through once
            self._paths, self._file = (*paths, *_listed(file, null)), None

    def __iter__(self) -> Iterator[str]:
        yield from self._paths
        if self._file is not None:
            yield from _listed(self._file, self._null)


def _listed(file: str, null: bool) -> Iterator[str]:
    """Those paths of a list that are not empty."""
    try:
        with _standard_input() if file == STDIN else open(file, "rb") as stream:
            yield from filter(None, _ended_by_null(stream) if null else _lines(stream))
    except OSError as problem:
        said = f"{file}: it cannot be read ({problem.strerror})"
        raise click.BadParameter(said, param_hint="--files-from") from problem


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    if sys.stdin is None:
        raise click.UsageError("Standard input is closed: there is nothing to read from.")
    yield sys.stdin.buffer


def _lines(stream: BinaryIO) -> Iterator[str]:
    # Some editors put a byte order mark before the first.
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape")
    for line in text:
        yield line.rstrip("\n")
    text.detach()  # closed by whoever opened it


def _ended_by_null(stream: BinaryIO) -> Iterator[str]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(os.fsdecode, whole)
        if len(rest) > _LONGEST_PATH:
            raise click.BadParameter(
                "a path of more than a million bytes: is it a list of lines? Then leave out --null",
                param_hint="--files-from",
            )
    yield os.fsdecode(rest)


def read_standard_input(max_bytes: int) -> bytes:
    """All that comes through standard input.

    Raises:
        PictureError: nothing, or too much.
    """
    with _standard_input() as stream:
        data = stream.read(max_bytes + 1)
    if not data:
        raise EmptyFile("nothing came through standard input")
    if len(data) > max_bytes:
        raise FileTooLarge(f"over the limit of {max_bytes:,} bytes")
    return data


def refuse_urls(command: str, paths: Iterable[str]) -> None:
    """
    Raises:
        click.UsageError: one of the paths is a URL, with what to do in its place.
    """
    for url in paths:
        if is_url(url) and not os.path.exists(url):
            raise click.UsageError(
                f"{printable(url)}: nothing is fetched. Save the file and give its path, or:\n"
                f"  curl -fsSL {printable(quote(url))} | tegaki {command} -"
            )


class VerdictWord(click.ParamType[Verdict]):
    """A verdict as rows spell it, or as people do."""

    name = "verdict"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Verdict:
        word = value.lower().removeprefix("likely ")
        if word not in _WORDS:
            self.fail(f"{value!r} is none of {', '.join(VERDICTS)}", param, ctx)
        return _WORDS[word]


def files_of(store: str | None) -> tuple[str, ...]:
    """What SQLite keeps beside a store, and the store."""
    if store is None or "://" in store:
        return ()
    return store, f"{store}-wal", f"{store}-shm"


def open_store(where: str, *, must_exist: bool = False, wait: float | None = None) -> Store:
    """The store at a path or URL.

    Args:
        wait: seconds that another process's write is waited for, in place of the usual.

    Raises:
        MissingExtra: it is in PostgreSQL, and the driver is not installed.
        StoreError: it cannot be opened.
    """
    waits = {} if wait is None else {"wait": wait}
    from tegaki.store import Store  # SQLAlchemy: loaded where a store is used

    return Store.open(where, must_exist=must_exist, **waits)


def read_anchors(path: Path | None) -> str | None:
    """The certificates in a PEM file.

    Raises:
        click.BadParameter: it cannot be read, holds none, or a damaged one.
        MissingLibrary: there is nothing to read manifests with.
    """
    if path is None:
        return None
    try:
        return checked_anchors(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, AnchorsError) as problem:
        what = str(problem)
        if isinstance(problem, OSError):
            what = f"it cannot be read ({problem.strerror})"
        elif isinstance(problem, UnicodeDecodeError):
            what = (
                "it is no text; a certificate in DER form becomes one in PEM by: "
                "openssl x509 -inform DER -in FILE -out FILE.pem"
            )
        raise click.BadParameter(f"{path}: {what}", param_hint="--trust-anchors") from problem
