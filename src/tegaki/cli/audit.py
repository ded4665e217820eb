"""``tegaki lab audit``: what a data set gives away, and what a model goes by."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from tegaki.cli.output_checks import check_file, write_text
from tegaki.cli.progress import make_progress
from tegaki.detector import Detector
from tegaki.lab.audit import (
    FEWEST,
    Audit,
    Progress,
    as_plain,
    audit_crops,
    audit_files,
    audit_model,
    audit_originals,
    folder_items,
    not_trained_on,
    sampled,
    sentences,
    tables,
)
from tegaki.lab.corpus import Item, load_corpus
from tegaki.model import load_single
from tegaki.utils.tables import page
from tegaki.utils.text import printable, safe_json

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
_WIDTH = 120  # where the output is no terminal


@click.command(no_args_is_help=True)
@click.option("--corpus", type=_FOLDER, metavar="DIR", help="Folder with manifest.csv.")
@click.option("--human", type=_FOLDER, metavar="DIR", help="Human pictures, sub-folders too.")
@click.option("--generated", type=_FOLDER, metavar="DIR", help="Generated pictures, likewise.")
@click.option(
    "--originals", is_flag=True, help="Audit what the manifest says of the original files."
)
@click.option("--views", is_flag=True, help="Audit the squares that a network is handed.")
@click.option(
    "--model",
    metavar="NAME|DIR",
    help="Audit a model (fast, careful, auto, or a bundle's folder): how far its scores move with "
    "what is not drawing.",
)
@click.option(
    "--sample",
    type=click.IntRange(2 * FEWEST),
    metavar="N",
    help="Look at N pictures only, half of each label, the same ones every time.",
)
@click.option("--json", "json_file", type=_FILE, metavar="FILE|-", help="Write all of it as JSON.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page that needs nothing else; no picture is in it.",
)
def audit(
    corpus: Path | None,
    human: Path | None,
    generated: Path | None,
    originals: bool,
    views: bool,
    model: str | None,
    sample: int | None,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Show whether a data set gives its labels away without a look at the drawing.

    Predicts the label from one property at a time: format, dimensions, aspect, bytes a pixel, JPEG
    quality, bars, ground and more; on random folds, and on sources held out. Lists near-duplicates
    that stand in two splits or under two labels. Give --corpus, or --human and --generated, whose
    sub-folders then count as sources.

    With --originals the same of the files as they were before they were brought into one form;
    with --views of the squares that a network sees, plain and as training draws them; with --model
    scores are compared with those of the same pictures with bars, as squares, resized, re-encoded
    and so on. Needs the extra tegaki[lab], but for --model.

    \b
    Examples:
      tegaki lab audit --corpus corpus --html audit.html
      tegaki lab audit --human drawn --generated made --json - | jq .gives_away
      tegaki lab audit --corpus corpus --originals
      tegaki lab audit --corpus corpus --model careful --sample 400

    \b
    Exit codes:
      0    nothing gives the label away; with --model: the model leans on nothing
      1    something does; the last line says what
      2    wrong usage, too few pictures, a missing part, or results cannot be written
      130  stopped by Ctrl-C
    """
    mode = _mode(originals, views, model)
    items, manifest = _items(corpus, human, generated)
    if originals and manifest is None:
        raise click.UsageError("--originals are known to a --corpus only.")
    for file in (json_file, html_file):
        check_file(file)
    with _progress() as progress:
        done = _run(mode, items, model, sample, progress)
    plain = safe_json(as_plain(done, mode, manifest))
    if html_file:
        name = corpus or f"{human} and {generated}"
        write_text(html_file, page(printable(f"Audit ({mode}) of {name}"), _sections(done)))
    if json_file and str(json_file) != "-":
        write_text(json_file, plain + "\n")
    if str(json_file) == "-":
        click.echo(plain)
    else:
        _print(done)
    sys.exit(int(bool(done.gives_away)))


def _mode(originals: bool, views: bool, model: str | None) -> str:
    asked = [
        name
        for name, is_asked in (("originals", originals), ("views", views), ("model", model))
        if is_asked
    ]
    if len(asked) > 1:
        raise click.UsageError(f"--{asked[0]} and --{asked[1]} are two audits: choose one.")
    return asked[0] if asked else "files"


def _items(
    corpus: Path | None, human: Path | None, generated: Path | None
) -> tuple[tuple[Item, ...], str | None]:
    """The pictures, and the manifest's SHA-256 where there is one."""
    if corpus is not None and human is None and generated is None:
        data = load_corpus(corpus)
        return data.items, data.manifest_sha256
    if corpus is None and human is not None and generated is not None:
        return folder_items(human, generated), None
    raise click.UsageError("Give --corpus, or both --human and --generated.")


def _run(
    mode: str, items: Sequence[Item], model: str | None, sample: int | None, progress: Progress
) -> Audit:
    if mode == "model":
        detector = Detector.load(model, provenance=False)
        fresh = not_trained_on(items)
        left_out = len(items) - len(fresh)
        return audit_model(detector, sampled(fresh, sample), progress, left_out=left_out)
    chosen = sampled(items, sample)
    if mode == "originals":
        return audit_originals(chosen, progress)
    if mode == "views":
        return audit_crops(chosen, load_single("fast").config.views, progress)
    return audit_files(chosen, progress)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar while pictures are read, a line for each property while trees are grown."""
    with make_progress(Console(stderr=True)) as bar:
        task = bar.add_task("audit", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            if not stage.startswith("predicting"):
                bar.update(task, completed=done, total=total)
            elif not bar.disable:
                bar.console.print(f"{stage} ({done + 1} of {total}) ...")

        yield tell


def _sections(done: Audit) -> list[str]:
    said = "".join(f"<p>{html.escape(sentence)}</p>\n" for sentence in sentences(done))
    return [said, *(table.html() for table in tables(done))]


def _print(done: Audit) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    for table in tables(done):
        table.print(console)
        click.echo()
    for sentence in sentences(done):
        click.echo(printable(sentence))
