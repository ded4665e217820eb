"""``tegaki lab reproduce``: the seed's whole table of results, run again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from tegaki.cli.output_checks import check_folder
from tegaki.cli.progress import CellProgress
from tegaki.cli.train import FILE, FOLDER
from tegaki.detector import default_workers
from tegaki.errors import MissingExtra, TrainingError
from tegaki.lab.corpus import load_corpus
from tegaki.utils.packed import open_folder
from tegaki.utils.text import printable


@click.command(no_args_is_help=True)
@click.option(
    "--corpus", type=FOLDER, required=True, metavar="DIR", help="Folder with manifest.csv."
)
@click.option(
    "--weights", type=FILE, metavar="FILE", help="MobileNetV2's start weights; for --jobs 0, none."
)
@click.option(
    "--work", type=FOLDER, required=True, metavar="DIR", help="Shards, runs and report.html."
)
@click.option("--out", type=FOLDER, metavar="DIR", help="Also write the report without pictures.")
@click.option("--only", metavar="TEXT", default="", help="Only cells with TEXT in their name.")
@click.option(
    "--jobs",
    type=click.IntRange(0),
    default=default_workers,
    show_default="one per core",
    help="Cells side by side; 0: run nothing, write the report of what is finished.",
)
def reproduce(
    corpus: Path, weights: Path | None, work: Path, out: Path | None, only: str, jobs: int
) -> None:
    """Run every row of the seed's results under three protocols, and say which claims hold.

    seed-random is the seed's own split, unseen holds sources and generators that stand nowhere in
    training, seed-gan is the seed's own task. Three seeds for the baseline and all that is trained
    on it, one for recipes that train for hours. About ten hours on two cores for everything; what
    is finished is never computed again, and what was stopped goes on where it stopped. A terminal
    shows how many cells are done and what each one at work said last. The cells.zip that
    --out writes can stand in the folder of --work in place of cells/: --jobs 0 reads it, and a run
    unpacks it and continues.

    \b
    Examples:
      tegaki lab reproduce --corpus corpus --weights start.pth --work ablation --out docs/ablation
      tegaki lab reproduce --corpus corpus --weights start.pth --work ablation --only seed-gan/
      tegaki lab reproduce --corpus corpus --work ablation --jobs 0 --out docs/ablation
      tail -f ablation/cells/unseen/seed-0/log.txt

    \b
    Exit codes:
      0    the chosen cells are finished, and the report of all that is finished is written
      2    wrong usage, a missing part, a damaged corpus, or nothing to report for --jobs 0
      130  stopped by Ctrl-C; finished cells and checkpoints are kept
    """
    try:
        from tegaki.lab.reproduction.plan import cells
        from tegaki.lab.reproduction.run import run
    except ImportError as problem:
        raise MissingExtra("the ablation", "lab") from problem

    chosen = [cell for cell in cells() if only in cell.name]
    if not chosen:
        raise click.UsageError(f"no cell has {only!r} in its name")
    if jobs and weights is None:
        raise click.UsageError("Give --weights; only --jobs 0, which runs nothing, needs none.")
    if out is not None:
        check_folder(out)
    if weights is not None and jobs:
        _watched(partial(run, corpus, work, weights, jobs=jobs, chosen=chosen))
    _report(corpus, work, out, ran=bool(jobs))


def _watched(run: Callable[..., None]) -> None:
    try:
        with CellProgress(Console(stderr=True)) as progress:
            run(
                log_line=progress.print,
                on_status=lambda at: progress.show(at.done, at.total, at.running),
            )
    except KeyboardInterrupt:
        click.echo("Stopped; give the same command again to go on.", err=True)
        sys.exit(130)


def _report(corpus: Path, work: Path, out: Path | None, *, ran: bool) -> None:
    from tegaki.lab.reproduction.page import write_page
    from tegaki.lab.reproduction.plots import draw
    from tegaki.lab.reproduction.run import check_corpus, export
    from tegaki.lab.reproduction.summary import summarise
    from tegaki.lab.reproduction.text import markdown, tables, verdict

    check_corpus(corpus, work)
    click.echo("computing the report ...", err=True)
    summaries = summarise(open_folder(work / "cells"))
    if not summaries:
        problem = (
            f"no report yet: it takes a finished cell seed-0, seed-1 or seed-2 of a protocol, and "
            f"{work} holds none"
        )
        if not ran:
            raise TrainingError(f"{problem}; give --weights, and --jobs above 0, to run them")
        click.echo(printable(problem))
        return
    console = Console()
    for table in tables(summaries):
        table.print(console)
    for sentence in verdict(summaries):
        click.echo(sentence)
    plots = [name for summary in summaries for name in draw(summary, work)]
    items = {item.id: item for item in load_corpus(corpus).items}
    write_page(work / "report.html", summaries, [work / name for name in plots], items)
    click.echo(f"Wrote {work / 'report.html'} (with pictures: keep it to yourself).")
    if out is not None:
        export(work, out)
        for summary in summaries:
            draw(summary, out)
        (out / "report.md").write_text(markdown(summaries, sorted(plots)), encoding="utf-8")
        click.echo(f"Wrote {out / 'report.md'}.")
