"""``tegaki scan``: any number of files and folders."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import click
from rich.cells import cell_len

from tegaki.cli.options import (
    InputPaths,
    detector_options,
    files_of,
    load_detector,
    max_seconds_option,
    model_option,
)
from tegaki.cli.progress import ScanProgress
from tegaki.cli.scan_engines import Engine, open_engine
from tegaki.cli.scan_summary import cost, report
from tegaki.cli.selection_options import selection_options
from tegaki.cli.show import Table, print_error, terminal_width
from tegaki.detector import default_workers
from tegaki.results.result import Result
from tegaki.sinks import Sink, open_sink
from tegaki.sources import Selection, Selector, SourceFile, find, is_expandable, is_url
from tegaki.utils.text import printable


@click.command(no_args_is_help=True)
@click.argument("paths", metavar="PATH...", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--files-from",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Look at every line of FILE too. - is standard input.",
)
@click.option("-0", "--null", is_flag=True, help="A NUL ends each path of --files-from, as find "
              "-print0 writes them.")  # fmt: skip
@click.option(
    "-o",
    "--out",
    type=click.Path(readable=False),
    metavar="FILE",
    help="Write rows to FILE, by its ending: .jsonl, .csv, .parquet, or .html for pages with "
    "small pictures (FILE.html, FILE-2.html ...). Replaces FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines in place of the table.")
@click.option("-r", "--recursive", is_flag=True, help="Go into folders of folders.")
@selection_options
@click.option(
    "--store",
    metavar="STORE",
    help="Keep what is measured in STORE, and measure only what it lacks: a file's path (SQLite) "
    "or postgresql://...",
)
@click.option("--rehash", is_flag=True, help="With --store: read every file, distrusting times.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    show_default="one per core",
    help="Pictures worked on at a time. Results do not depend on it.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no summary.")
@max_seconds_option
@model_option("auto", "What auto costs is printed at the end.")
@detector_options
def scan(
    paths: tuple[str, ...],
    files_from: str | None,
    null: bool,
    out: str | None,
    as_json: bool,
    recursive: bool,
    selection: Selection,
    store: str | None,
    rehash: bool,
    workers: int | None,
    quiet: bool,
    model: str,
    trust_anchors: Path | None,
    max_pixels: int,
    max_bytes: int,
    max_seconds: float,
) -> None:
    """Judge every file at each PATH: files as they are given, folders in sorted order.

    Folders of folders are gone into with --recursive, symlinks to folders too.
    Archives are gone through as folders are, all of them, and nothing is unpacked to disk: zip,
    cbz, tar (also .tar.gz, .tar.bz2, .tar.xz) and Parquet. Every file gets a row, also one that
    cannot be judged; a file is looked at once, however often it is named. Of what stands in folders
    and archives, names that begin with a dot are left out, and side-cars, files beside pictures
    that hold captions, data or arrays, are passed over and counted. Rows go to the terminal, or to
    --out; progress and the summary go to standard error. Ctrl-C keeps the rows so far. In the
    table, "file" in place of a probability marks a verdict that rests on what the file says.

    To scan URLs, or on many machines, use tegaki cluster.

    \b
    Examples:
      tegaki scan pictures
      tegaki scan pictures more.png --recursive --out results.jsonl
      tegaki scan pictures --json | jq 'select(.verdict == "generated") | .path'
      tegaki scan pictures --recursive --store pictures.tegaki
      tegaki scan shards/00000.tar comics/*.cbz --out results.csv
      find pictures -newer last-week -print0 | tegaki scan --files-from - -0
      tegaki scan pictures -r --type png --exclude '*_thumb.*'

    \b
    Exit codes:
      0    every file was judged, whatever the verdicts
      1    some files could not be judged, or none was found
      2    nothing could be started, or results could not be written
      130  stopped by Ctrl-C; the rows so far are kept
    """
    if out and as_json:
        raise click.UsageError("--json prints rows, --out writes them: choose one.")
    if rehash and not store:
        raise click.UsageError("--rehash needs --store.")
    if "-" in paths and not os.path.exists("-"):
        raise click.UsageError(
            "scan reads paths from standard input by --files-from -, and no pictures: that does "
            "tegaki check -"
        )
    given = InputPaths(paths, files_from, null=null)
    if any(is_url(path) for path in given):
        raise click.UsageError("tegaki cluster plan reads URLs; tegaki scan does not.")
    file = _file(out)
    detector = load_detector(model, max_pixels, max_bytes, trust_anchors, max_seconds)
    written = [path for path in (out, *files_of(store)) if path]

    def list_files(select: Selector | None = None) -> Iterator[SourceFile]:
        return (select or Selector(selection))(find(given, recursive=recursive, skip=written))

    started = time.perf_counter()
    select, every_result = Selector(selection), bool(out or as_json)
    with open_engine(
        store, detector.scorer, select, rehash=rehash, every_result=every_result
    ) as engine:
        stopped = _run(
            engine, given, list_files, list_files(select), workers or default_workers(), file,
            as_json, quiet,
        )  # fmt: skip
        summary = engine.summary()
        seconds = time.perf_counter() - started
        lines = [*report(summary, seconds, stopped, narrows=selection.narrows), *engine.notes(),
                 *cost(detector)]  # fmt: skip
    if out and summary.rows:
        lines.append(f"Rows are in {printable(out)}")
    for line in lines if not quiet else ():
        print_error(line)
    sys.exit(130 if stopped else int(summary.rows == 0 or bool(summary.errors)))


def _file(out: str | None) -> Path | None:
    if out is not None and os.path.isdir(out):
        raise click.BadParameter(f"File '{out}' is a directory.", param_hint="'-o' / '--out'")
    return None if out is None else Path(out)


def _run(
    engine: Engine,
    paths: Iterable[str],
    list_files: Callable[[], Iterator[SourceFile]],
    found: Iterable[SourceFile],
    workers: int,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> bool:
    """Put rows out as they come; whether Ctrl-C stopped it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else it is ignored, or somebody else's
        signal.signal(signal.SIGINT, _stop_once)
    with (
        closing(open_sink(out)) if out else nullcontext() as sink,
        ScanProgress(list_files, shown=not quiet) as progress,
        closing(engine.rows(found, workers)) as rows,
    ):
        put = _output(sink, as_json, list_files, progress)
        try:
            for row in rows:
                if row is not None:
                    put(row)
                progress.step()
            engine.mark_missing(paths)
        except KeyboardInterrupt:
            # The pictures in hand are waited for: to leave in the middle of one is a crash.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return True
    signal.signal(signal.SIGINT, before)
    return False


def _stop_once(*_: object) -> None:
    """Ctrl-C: what is in hand is finished and kept, and pressing it again changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _output(
    sink: Sink | None,
    as_json: bool,
    list_files: Callable[[], Iterator[SourceFile]],
    progress: ScanProgress,
) -> Callable[[Result], None]:
    if sink:
        return sink.write
    if as_json:
        return lambda row: progress.print(row.to_json())
    table = _table(list_files)
    progress.print(table.header())
    return lambda row: progress.print(table.line(row))


def _table(list_files: Callable[[], Iterator[SourceFile]]) -> Table:
    # The first names give the width of their column: later rows keep it.
    widest = max(map(_cells, itertools.islice(list_files(), 200)), default=0)
    return Table(terminal_width(), widest)


def _cells(found: SourceFile) -> int:
    if is_expandable(found):  # the names that will come are not known yet, and are long
        return sys.maxsize
    return cell_len(printable(os.fsencode(found.path).decode("utf-8", "backslashreplace")))
