"""``tegaki scan --cluster``: the same scan on many machines."""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console

from tegaki.cli.options import files_of, open_store
from tegaki.cli.progress import make_progress
from tegaki.cli.scan_summary import report
from tegaki.cli.show import print_error
from tegaki.scan import Summary
from tegaki.scoring import Scorer
from tegaki.sources import Selection, Selector, is_url
from tegaki.utils.text import printable

if TYPE_CHECKING:
    from tegaki.cluster import Plan, Run, Target

F = TypeVar("F", bound=Callable[..., Any])

_FILES_PER_WORKER = 8
"""Files that a worker holds at a time: one is measured while others are on their way."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """``--cluster`` and what belongs to it."""

    engine: str | None
    address: str | None
    partition_size: int | None

    def is_requested(self, *, out: str | None, rehash: bool, narrows: bool) -> bool:
        """Whether a cluster is asked for.

        Raises:
            click.UsageError: options that make no sense together.
        """
        if self.engine is None:
            if self.address is not None or self.partition_size is not None:
                raise click.UsageError("--address and --partition-size need --cluster.")
            return False
        if out is None:
            raise click.UsageError("--cluster writes rows to a folder or s3:// URL: use --out.")
        if rehash:
            raise click.UsageError("--rehash is not for --cluster, which reads every file.")
        if narrows:
            raise click.UsageError(
                "--include, --exclude and --type are not for --cluster: name the files in a list, "
                "and give it with --files-from."
            )
        return True


def cluster_options(command: F) -> F:
    """``--cluster``, ``--address`` and ``--partition-size``, joined as ``cluster``."""

    @click.option(
        "--cluster",
        "engine",
        type=click.Choice(["ray"]),
        help="Score on a cluster; without --address on one of this machine's cores.",
    )
    @click.option(
        "--address",
        metavar="ADDRESS",
        help="With --cluster: one that runs already; auto or HOST:PORT.",
    )
    @click.option(
        "--partition-size",
        type=click.IntRange(1),
        metavar="N",
        help="With --cluster: files in one Parquet file, 1000 by default.",
    )
    @functools.wraps(command)
    def joined(
        *args: Any, engine: str | None, address: str | None, partition_size: int | None, **rest: Any
    ) -> Any:
        return command(*args, cluster=ClusterOptions(engine, address, partition_size), **rest)

    return joined  # type: ignore[return-value]  # it takes other keywords than the command


def scan_by_cluster(
    options: ClusterOptions,
    scorer: Scorer,
    input_paths: Iterable[str],
    out: str,
    *,
    recursive: bool,
    selection: Selection,
    store: str | None,
    workers: int | None,
    quiet: bool,
) -> int:
    """The whole command; the exit code."""
    from tegaki import cluster
    from tegaki.scan.scorer import BatchScorer

    cluster.needs_ray(options.address)
    target = cluster.open_target(out)
    cluster.refuse_out_inside(out, input_paths, recursive=recursive)
    started = time.perf_counter()
    size = options.partition_size or cluster.PARTITION_SIZE
    asked = cluster.PlanRequest.from_detector(scorer, size, all_files=selection.all_files)
    select = Selector(selection)
    items = cluster.list_items(
        input_paths, recursive=recursive, skip=files_of(store), select=select
    )
    plan = cluster.make_plan(target, asked, items)
    batch = BatchScorer(scorer, _FILES_PER_WORKER, cores=1, select=select)
    run = cluster.Run(target, plan, batch, options.address, workers)
    done = _Done()
    done.summary.skipped.update(select.skipped)
    if plan.files:
        if store:
            open_store(store).close()  # what is amiss there is told before the work
        if _follow(run, done, quiet):
            if not quiet:
                click.echo(_stopped(run), err=True)
            return 130
        if done.skipped:
            of = f"{done.skipped:,} of {plan.partitions:,} partitions"
            done.notes.append(f"  {of} were there before")
        if store:
            _import(store, scorer, target, plan, input_paths)
            done.notes.append("  brought into the store")  # whose URL can have a password
        done.notes.append(f"Rows are in {printable(out)}")
    seconds = time.perf_counter() - started
    for line in (*report(done.summary, seconds, False, done.before), *done.notes):
        if not quiet:
            print_error(line)
    return int(done.summary.rows == 0 or bool(done.summary.errors))


class _Done:
    """What a run has come to.

    Attributes:
        summary: of all rows.
        before, skipped: of these rows and of the partitions, those that were there before.
        notes: what else to say at the end.
    """

    def __init__(self) -> None:
        self.summary = Summary()
        self.before = self.skipped = 0
        self.notes: list[str] = []


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


def _stopped(run: Run) -> str:
    # Workers commit ahead of what has been told of them: only the place itself knows.
    of = f"{run.committed():,} of {run.plan.partitions:,} partitions"
    return f"Stopped; what was done is kept: {of}. The same command goes on from there."


def _import(
    store: str, scorer: Scorer, target: Target, plan: Plan, input_paths: Iterable[str]
) -> None:
    from tegaki.cluster import import_into

    with open_store(store) as opened:
        scan = opened.begin_scan(scorer.context, scorer.reader_version)
        import_into(scan, target, plan)
        for path in input_paths:
            if not is_url(path) and os.path.isdir(path):
                scan.mark_gone(os.fsencode(os.path.abspath(path)))
