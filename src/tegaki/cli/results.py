"""``tegaki results``: what a store holds."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from tegaki.cli.options import VerdictWord, open_store, store_type
from tegaki.cli.show import Table
from tegaki.model import load_bundle
from tegaki.row import Row, Verdict
from tegaki.scan import open_sink
from tegaki.text import printable

_NAME = 44  # cells of the table's first column
_PROBABILITY = click.FloatRange(0, 1)


@click.command(no_args_is_help=True)
@click.argument("store", metavar="STORE")
@click.option("--verdict", "verdicts", type=VerdictWord(), multiple=True,
              help="drawn, generated, unsure or error; can be given more than once.")  # fmt: skip
@click.option("--at-least", type=_PROBABILITY, help="Probability of generated, from this up.")
@click.option("--at-most", type=_PROBABILITY, help="Probability of generated, up to this.")
@click.option("--path", metavar="PATTERN", help="Whole absolute path; *, ? and [...] are taken.")
@click.option("--claim", metavar="TEXT", help="Part of a claim's tool, or its kind or strength.")
@click.option("--error", metavar="TYPE", help="Part of an error's type; any for all errors.")
@click.option("--gone", is_flag=True, help="Files that are no longer there, in place of others.")
@click.option("--sort", type=click.Choice(["path", "probability"]), default="path",
              show_default=True, help="Order of the rows.")  # fmt: skip
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N rows.")
@click.option("--scored-by", metavar="ID", help="Beginning of a model's id or of a recipe; the "
              "model that scanned last by default.")  # fmt: skip
@click.option("--model", type=click.Path(readable=False), metavar="DIR",
              help="Thresholds of this bundle, in place of the last scan's.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines in place of the table.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write rows to FILE, by its ending: .jsonl, .csv, .parquet, or .html for a page "
              "with small pictures. Replaces FILE.")  # fmt: skip
def results(
    store: str,
    verdicts: tuple[Verdict, ...],
    at_least: float | None,
    at_most: float | None,
    path: str | None,
    claim: str | None,
    error: str | None,
    gone: bool,
    sort: str,
    reverse: bool,
    limit: int | None,
    scored_by: str | None,
    model: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Rows of a STORE that tegaki scan --store has filled: a file's path or postgresql://...

    Nothing is scanned or scored, and a scan may write meanwhile. Verdicts are derived from the
    stored facts and the thresholds.

    \b
    Examples:
      tegaki results pictures.tegaki --verdict generated --sort probability --reverse
      tegaki results pictures.tegaki --claim ComfyUI --path '*/2024/*' --json
      tegaki results pictures.tegaki --verdict unsure --limit 300 --out unsure.html

    \b
    Exit codes:
      0    the rows were printed or written; none may have matched
      2    the store cannot be read, or rows cannot be written
      130  stopped by Ctrl-C; the rows so far are kept
    """
    if out and as_json:
        raise click.UsageError("--json prints rows, --out writes them: choose one.")
    store_type()  # says which extra is missing
    from tegaki.scan.store import Query
    from tegaki.scan.store import results as rows_of

    query = Query(
        verdicts=frozenset(verdicts),
        at_least=at_least,
        at_most=at_most,
        path=path,
        claim=claim,
        error="" if error == "any" else error,
        gone=gone,
        sort="probability" if sort == "probability" else "path",
        reverse=reverse,
        limit=limit,
        model=scored_by,
    )
    basis = load_bundle(Path(model)).basis if model else None
    with open_store(store, must_exist=True) as opened:
        count = _put(rows_of(opened, query, basis), as_json, out)
    if out or sys.stdout.isatty():
        said = f"{count:,} row{'' if count == 1 else 's'}"
        click.echo(f"{said} in {printable(str(out))}" if out else said, err=True)


def _put(rows: Iterator[Row], as_json: bool, out: Path | None) -> int:
    """Write or print rows; how many they were."""
    counted = itertools.count()
    if out:
        with closing(open_sink(out)) as sink:
            for row, _ in zip(rows, counted, strict=False):
                sink.write(row)
        return next(counted)
    table = Table(_NAME, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)
    if not as_json:
        click.echo(table.header())
    for row, _ in zip(rows, counted, strict=False):
        click.echo(row.to_json() if as_json else table.line(row))
    return next(counted)
