"""``tegaki cluster plan``, ``run`` and ``import``: a scan on many machines."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from tegaki.cli.options import (
    InputPaths,
    detector_options,
    load_detector,
    max_seconds_option,
    model_option,
    open_store,
)
from tegaki.cli.progress import make_progress
from tegaki.cli.scan_summary import report, skipped
from tegaki.cli.selection_options import all_files_option
from tegaki.cli.show import print_error
from tegaki.errors import ClusterError
from tegaki.scan import Summary
from tegaki.sources import Selection, Selector, is_url
from tegaki.utils.text import printable

if TYPE_CHECKING:
    from tegaki.cluster import Plan, Run, Target

_FILES_PER_WORKER = 8
"""Files that a worker holds at a time: one is measured while others are on their way."""

_results_argument = click.argument("results", metavar="RESULTS", type=click.Path(readable=False))
_quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar and no summary.")


@click.command(no_args_is_help=True)
@click.argument("paths", metavar="PATH...", nargs=-1, type=click.Path(readable=False))
@click.option("--files-from", type=click.Path(exists=True, dir_okay=False, allow_dash=True),
              metavar="FILE", help="List every line of FILE too: a path or a URL. - is standard "
              "input.")  # fmt: skip
@click.option("-0", "--null", is_flag=True, help="A NUL ends each path of --files-from, as find "
              "-print0 writes them.")  # fmt: skip
@click.option("-o", "--out", required=True, type=click.Path(readable=False), metavar="RESULTS",
              help="Write the plan, and later the results, to a folder or s3:// URL.")  # fmt: skip
@click.option("-r", "--recursive", is_flag=True, help="Descend into subfolders.")
@all_files_option
@click.option("--partition-size", type=click.IntRange(1), metavar="N",
              help="Files in one Parquet file, 1000 by default.")  # fmt: skip
@_quiet_option
@max_seconds_option
@model_option("auto", "A folder must be on every machine.")
@detector_options
def plan(
    paths: tuple[str, ...],
    files_from: str | None,
    null: bool,
    out: str,
    recursive: bool,
    all_files: bool,
    partition_size: int | None,
    quiet: bool,
    model: str,
    trust_anchors: Path | None,
    max_pixels: int,
    max_bytes: int,
    max_seconds: float,
) -> None:
    """List every file at each PATH, and write the plan of a scan to RESULTS.

    PATHs are files, folders, archives, and URLs: s3://, http:// and https://. Nothing is read but
    their names, sizes and times. The plan keeps the model and the limits, so that tegaki cluster
    run needs none of these options. Planning the same scan again changes nothing; another scan
    needs another place. To choose files by a pattern, list them with find and use --files-from.

    \b
    Examples:
      tegaki cluster plan pictures --recursive --out results
      tegaki cluster plan s3://bucket/pictures/ --recursive --out s3://bucket/results
      tegaki cluster plan --files-from urls.txt --out /shared/results

    \b
    Exit codes:
      0    the plan is written, or was there before
      1    no file was found; nothing is written
      2    wrong usage, or RESULTS holds another scan
      130  stopped by Ctrl-C; nothing is planned
    """
    from tegaki import cluster

    given = InputPaths(paths, files_from, null=null)
    target = cluster.open_target(out)
    cluster.refuse_out_inside(out, given, recursive=recursive)
    detector = load_detector(model, max_pixels, max_bytes, trust_anchors, max_seconds)
    size = partition_size or cluster.PARTITION_SIZE
    asked = cluster.PlanRequest.from_scorer(detector.scorer, size, all_files=all_files)
    select = Selector(Selection(all_files=all_files))
    folders = [os.path.abspath(path) for path in given if not is_url(path) and os.path.isdir(path)]
    items = cluster.list_items(given, recursive=recursive, select=select)
    made = cluster.make_plan(target, asked, items, folders)
    summary = Summary(skipped=select.skipped)
    if not quiet:
        for line in _plan_summary(made, out, summary) if made.files else report(summary, 0, False):
            print_error(line)
    sys.exit(int(made.files == 0))


def _plan_summary(made: Plan, out: str, summary: Summary) -> list[str]:
    files = f"{made.files:,} file{'' if made.files == 1 else 's'}"
    partitions = f"{made.partitions:,} partition{'' if made.partitions == 1 else 's'}"
    return [
        f"{files} in {partitions}; next: tegaki cluster run {printable(out)}",
        *skipped(summary),
    ]


@click.command(no_args_is_help=True)
@_results_argument
@click.option("--address", metavar="ADDRESS", help="A Ray cluster that runs already: auto or "
              "HOST:PORT. By default one of this machine's cores is started.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), show_default="one per core",
              help="Pictures worked on at a time. Results do not depend on it.")  # fmt: skip
@_quiet_option
def run(results: str, address: str | None, workers: int | None, quiet: bool) -> None:
    """Carry out the plan in RESULTS: a folder or s3:// URL that tegaki cluster plan has filled.

    Each partition of the files becomes one Parquet file, which is there whole or not at all. The
    same command goes on where it was stopped or killed: partitions that are there are not scored
    again. Needs the extra tegaki[cluster].

    \b
    Examples:
      tegaki cluster run results
      tegaki cluster run s3://bucket/results --address auto

    \b
    Exit codes:
      0    every file was judged, whatever the verdicts
      1    some files could not be judged
      2    there is no plan, the cluster cannot be reached, or results cannot be written
      130  stopped by Ctrl-C; finished partitions are kept
    """
    from tegaki import cluster
    from tegaki.scan.scorer import BatchScorer

    cluster.needs_ray(address)
    target = cluster.open_target(results)
    planned = cluster.read_plan(target)
    scorer = planned.asked.detector().scorer
    started = time.perf_counter()
    select = Selector(Selection(all_files=planned.asked.all_files))
    batch = BatchScorer(scorer, _FILES_PER_WORKER, cores=1, select=select)
    done = _Done()
    if _follow(cluster.Run(target, planned, batch, address, workers), done, quiet):
        if not quiet:
            click.echo(_stopped(target, planned), err=True)
        sys.exit(130)
    lines = [*report(done.summary, time.perf_counter() - started, False, done.before)]
    if done.skipped:
        of = f"{done.skipped:,} of {planned.partitions:,} partitions"
        lines.append(f"  {of} were there before")
    lines.append(f"Rows are in {printable(results)}")
    for line in lines if not quiet else ():
        print_error(line)
    sys.exit(int(bool(done.summary.errors)))


class _Done:
    """What a run has come to.

    Attributes:
        summary: of all rows.
        before, skipped: of these rows and of the partitions, those that were there before.
    """

    def __init__(self) -> None:
        self.summary = Summary()
        self.before = self.skipped = 0


def _follow(run: Run, done: _Done, quiet: bool) -> bool:
    """Run to the end; whether Ctrl-C stopped it."""
    with make_progress(Console(stderr=True), shown=not quiet) as bar:
        task = bar.add_task("scan", total=run.plan.files)
        try:
            with closing(run.partitions()) as partitions:
                for partition in partitions:
                    done.summary.include(partition.summary)
                    if partition.before:
                        done.skipped += 1
                        done.before += partition.summary.rows
                    bar.update(task, advance=partition.files)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return True
    return False


def _stopped(target: Target, planned: Plan) -> str:
    from tegaki.cluster import committed

    # Workers commit ahead of what has been told of them: only the place itself knows.
    of = f"{committed(target, planned):,} of {planned.partitions:,} partitions"
    return f"Stopped; what was done is kept: {of}. The same command goes on from there."


@click.command("import", no_args_is_help=True)
@_results_argument
@click.argument("store", metavar="STORE")
@_quiet_option
def import_(results: str, store: str, quiet: bool) -> None:
    """Bring the RESULTS of a finished tegaki cluster run into a STORE.

    STORE is a file's path (SQLite) or postgresql://... It then holds what a scan of the same files
    into it would have kept, and the next tegaki scan --store reads only what has changed. Importing
    the same results again changes nothing. Needs the extra tegaki[cluster].

    \b
    Examples:
      tegaki cluster import results pictures.tegaki
      tegaki cluster import s3://bucket/results postgresql://user@host/pictures

    \b
    Exit codes:
      0    the store holds every result
      2    the results are not finished or cannot be read, or the store cannot be written
      130  stopped by Ctrl-C; what was imported is kept
    """
    from tegaki.cluster import committed, import_into, open_target, read_plan

    with open_store(store) as opened:
        target = open_target(results)
        planned = read_plan(target)
        there = committed(target, planned)
        if there < planned.partitions:
            raise ClusterError(
                f"{results} holds {there:,} of {planned.partitions:,} partitions; finish it: "
                f"tegaki cluster run {results}"
            )
        detector = planned.asked.detector()
        scan = opened.begin_scan(detector.context, detector.scorer.reader_version)
        import_into(scan, target, planned)
        gone = scan.lost + sum(scan.mark_gone(os.fsencode(folder)) for folder in planned.folders)
    if not quiet:
        print_error(f"Imported {planned.partitions:,} partitions of {printable(results)}")
        if gone:
            print_error(f"  {gone:,} are no longer there; tegaki results --gone lists them")
