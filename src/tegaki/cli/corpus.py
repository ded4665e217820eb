"""``tegaki lab corpus build`` and ``report``: data sets, made and looked at."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from tegaki.cli.output_checks import check_file, write_text
from tegaki.cli.progress import make_progress
from tegaki.detector import default_workers
from tegaki.lab.corpus import LABELS, SPLITS, ShardSet, load_corpus
from tegaki.lab.corpus.build import UNREADABLE, BuildOptions, Progress, left_out_counts
from tegaki.lab.corpus.build import build as build_set
from tegaki.lab.corpus.output_folder import LEFT_OUT
from tegaki.lab.corpus.protocols import load_protocol
from tegaki.lab.corpus.report import contact_sheet, describe
from tegaki.utils.tables import page
from tegaki.utils.text import printable

_FOLDER = click.Path(file_okay=False, path_type=Path)
_INPUT = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def _shares(context: click.Context, parameter: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise click.BadParameter("three shares that sum to 1, as in 0.76,0.12,0.12")
    return shares


@click.command(no_args_is_help=True)
@click.argument("corpora", metavar="[CORPUS_DIR]...", nargs=-1, type=_INPUT)
@click.option(
    "--human", type=_INPUT, multiple=True, metavar="DIR", help="Pictures drawn by people. Repeat."
)
@click.option(
    "--generated", type=_INPUT, multiple=True, metavar="DIR", help="Generated pictures. Repeat."
)
@click.option(
    "--out",
    type=_FOLDER,
    required=True,
    metavar="SHARDS",
    help="A new or empty folder, or one where a build was killed.",
)
@click.option(
    "--style", default="anime", show_default=True, help="Style of the pictures in the folders."
)
@click.option(
    "--min-side",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="Leave out originals with a shorter side, in pixels.",
)
@click.option(
    "--shares",
    default="0.76,0.12,0.12",
    show_default=True,
    callback=_shares,
    help="Of train, val and test_seen, for pictures without a split.",
)
@click.option(
    "--hold-out",
    multiple=True,
    metavar="SOURCE",
    help="Put a whole source into test_unseen. Repeat.",
)
@click.option("--seed", type=click.IntRange(0), default=42, show_default=True, help="Of the draw.")
@click.option(
    "--protocol",
    metavar="NAME|FILE",
    help="Split the pictures once more as a protocol says, such as seed-random.",
)
@click.option(
    "--family", metavar="NAME", help="For leave-one-family-out: the family that is left out."
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=default_workers,
    show_default="one per core",
    help="Pictures worked on at a time. Results do not depend on it.",
)
def build(
    corpora: tuple[Path, ...],
    human: tuple[Path, ...],
    generated: tuple[Path, ...],
    out: Path,
    style: str,
    min_side: int,
    shares: tuple[float, ...],
    hold_out: tuple[str, ...],
    seed: int,
    protocol: str | None,
    family: str | None,
    workers: int,
) -> None:
    """Turn folders and manifests into shards.

    Shards are tar files of normalised pictures, which training reads from front to back. Every
    CORPUS_DIR holds a manifest.csv, whose facts and splits are kept. Folders of pictures are gone
    into wholly; the first folder below DIR is a picture's source. All pictures go through
    one pipeline, whatever their label: crop to 1.6:1, 320 px on the short side, JPEG.
    Near-duplicates never cross splits. What cannot be used is named, with the reason, in
    SHARDS/left-out.csv. A label that is missing from the set or from a split is warned of.

    \b
    Examples:
      tegaki lab corpus build corpus --out shards
      tegaki lab corpus build --human drawn --generated made --hold-out new-model --out shards
      tegaki lab corpus build corpus --protocol seed-random --out seed-shards
      tegaki lab corpus build corpus --protocol leave-one-family-out --family gan --out no-gan

    \b
    Exit codes:
      0    the shards are written
      1    they are written, and some files could not be read as pictures
      2    wrong usage, a damaged corpus, no picture left, SHARDS holds something else, or
           another build is at work there
      130  stopped by Ctrl-C; nothing is kept
    """
    if not (corpora or human or generated):
        raise click.UsageError("Name a corpus, or folders with --human and --generated.")
    chosen = load_protocol(protocol) if protocol else None
    if bool(chosen and chosen.folds) != (family is not None):
        raise click.UsageError("--family goes with a protocol that leaves a family out.")
    options = BuildOptions(
        corpora=corpora,
        human=human,
        generated=generated,
        style=style,
        min_side=min_side,
        shares=shares,
        hold_out=hold_out,
        seed=seed,
        protocol=chosen,
        family=family,
    )
    with _stages() as progress:
        shards = build_set(options, out, progress, workers)
    left = left_out_counts(out)
    _report(shards, left)
    for problem in _lacks(shards):
        click.echo(f"Warning: {problem}.", err=True)
    sys.exit(int(UNREADABLE in left))


@contextmanager
def _stages() -> Iterator[Progress]:
    """One bar after another on standard error, on a terminal only."""
    with make_progress(Console(stderr=True)) as bar:
        current = ""

        def progress(stage: str, done: int, total: int) -> None:
            nonlocal current
            if stage != current:
                current = stage
                for task in bar.task_ids:
                    bar.remove_task(task)
                bar.add_task(stage, total=total)
                if not bar.disable:
                    bar.console.print(f"{stage} ...")
            bar.update(bar.task_ids[-1], completed=done)

        yield progress


def _report(shards: ShardSet, left: dict[str, int]) -> None:
    for split in SPLITS:
        labels = {label: sum(of.values()) for label, of in shards.counts.get(split, {}).items()}
        if labels:
            counts = ", ".join(f"{labels.get(n, 0):,} {n}" for n in ("human", "generated"))
            click.echo(f"{split}: {counts}")
    if left:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
        click.echo(f"left out, see {LEFT_OUT}: {counts}")
    click.echo(f"Shards are in {printable(str(shards.folder))}")


def _lacks(shards: ShardSet) -> Iterator[str]:
    """What cannot be done with a set, since pictures of a label are missing."""
    missing = [n for n in LABELS if not any(n in labels for labels in shards.counts.values())]
    for label in missing:
        yield (
            f"the set has no {label} pictures: nothing can be trained or measured on it; add some "
            f"with --{label}"
        )
    if missing:
        return
    for split in SPLITS:
        labels = shards.counts.get(split, {})
        needed = bool(labels) or (split == "val" and "train" in shards.counts)
        for label in LABELS:
            if needed and label not in labels:
                use = "trained" if split in ("train", "val") else "measured"
                yield f"split {split} has no {label} pictures: nothing can be {use} with it"


@click.command(no_args_is_help=True)
@click.argument("folder", metavar="DIR", type=_INPUT)
@click.option("--html", type=_FILE, metavar="FILE", help="Write a page with a contact sheet too.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE|-",
    help="Write the counts as JSON; - prints them in place of the tables.",
)
@click.option(
    "--per-source",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Thumbnails of a source on the contact sheet.",
)
def report(folder: Path, html: Path | None, json_file: Path | None, per_source: int) -> None:
    """Show what a data set holds.

    DIR is a corpus with a manifest.csv, or a set of shards. Human and generated pictures are
    counted by split, source, family, style, size and format of the original, year and licence.
    The page of --html needs nothing from anywhere; it holds other people's pictures and is for
    private use.

    \b
    Examples:
      tegaki lab corpus report shards
      tegaki lab corpus report corpus --html report.html --per-source 3
      tegaki lab corpus report shards --json - | jq .by.split

    \b
    Exit codes:
      0    shown
      2    wrong usage, no manifest, or a damaged one
      130  stopped by Ctrl-C
    """
    for file in (html, json_file):
        check_file(file)
    data = load_corpus(folder)
    described = describe(data, left_out_counts(folder))
    text = json.dumps(described.to_dict(), indent=1, ensure_ascii=False) + "\n"
    to_pipe = json_file == Path("-")
    if to_pipe:
        click.echo(text, nl=False)
    elif json_file:
        write_text(json_file, text)
    if html:
        with _stages() as progress:
            sheet = contact_sheet(data.items, per_source, progress)
        sections = [table.html() for table in described.tables()]
        title = f"What {printable(folder.resolve().name)} holds"
        write_text(html, page(title, [*sections, sheet]))
    if not to_pipe:
        console = Console()
        for table in described.tables():
            table.print(console)
            console.print()
