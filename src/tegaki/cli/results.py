"""``tegaki results``: what a store holds."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote
from typing import Literal, get_args

import click

from tegaki.cli.options import NumberRange, VerdictWord, open_store
from tegaki.cli.show import Table, print_error, terminal_width
from tegaki.model import load_bundle
from tegaki.results.result import SHOWN, VERDICTS, Result, Verdict
from tegaki.sinks import Format, open_sink
from tegaki.utils.text import printable

Shown = Format | Literal["table"]

_COPIED = 1 << 20  # bytes at a time
_PROBABILITY = NumberRange(0, 1)


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
@click.option("--model", type=click.Path(readable=False), metavar="NAME|DIR",
              help="Thresholds of this model, in place of the last scan's.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", *get_args(Format)]),
              help="How rows are printed, or written to FILE; html is pages with small pictures. "
              "By default a table, or what FILE's ending says.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Short for --format jsonl.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write rows to FILE, by its ending: .jsonl, .csv, .parquet or .html. Replaces "
              "FILE.")  # fmt: skip
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
    form: Shown | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Rows of a STORE that tegaki scan --store has filled: a file's path or postgresql://...

    Nothing is scanned or scored, and a scan may write meanwhile. Verdicts are derived from the
    stored facts and the thresholds. How many rows there were of each verdict goes to standard
    error at the end.

    \b
    Examples:
      tegaki results pictures.tegaki --verdict generated --sort probability --reverse
      tegaki results pictures.tegaki --claim ComfyUI --path '*/2024/*' --json
      tegaki results pictures.tegaki --verdict unsure --out unsure.html
      tegaki results pictures.tegaki --error any --format csv | column -s, -t

    \b
    Exit codes:
      0    the rows were printed or written; none may have matched
      2    the store cannot be read, or rows cannot be written
      130  stopped by Ctrl-C; the rows so far are kept
    """
    form = _form(form, as_json, out)
    from tegaki.store import Query
    from tegaki.store import results as rows_of

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
    context = load_bundle(model).context if model else None
    counts: Counter[Verdict] = Counter()
    with open_store(store, must_exist=True) as opened:
        _put(_counted(rows_of(opened, query, context), counts), form, out)
    for line in _summary(counts, out, path):
        print_error(line)


def _counted(rows: Iterator[Result], counts: Counter[Verdict]) -> Iterator[Result]:
    for result in rows:
        counts[result.verdict] += 1
        yield result


def _summary(counts: Counter[Verdict], out: Path | None, path: str | None) -> Iterator[str]:
    count = counts.total()
    where = f" in {printable(str(out))}" if out else ""
    said = ", ".join(f"{counts[v]:,} {SHOWN[v]}" for v in VERDICTS if counts[v])
    yield f"{count:,} row{'' if count == 1 else 's'}{where}{': ' if said else ''}{said}"
    if not count and path and not path.startswith(("/", "*")):
        pattern = printable(quote(f"*/{path.removeprefix('./')}"))
        yield f"--path is compared with whole absolute paths; did you mean --path {pattern} ?"


def _form(form: Shown | None, as_json: bool, out: Path | None) -> Shown | None:
    """What is asked for; ``None``: what the ending of ``out`` says.

    Raises:
        click.UsageError: it contradicts itself.
    """
    if as_json and (out or form):
        raise click.UsageError("--json prints JSON Lines: give neither --format nor --out with it.")
    if form == "table" and out:
        raise click.UsageError("A table is printed: choose another --format, or leave out --out.")
    if form == "parquet" and not out and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: name a file with --out.")
    return "jsonl" if as_json else form or (None if out else "table")


def _put(rows: Iterator[Result], form: Shown | None, out: Path | None) -> None:
    """Write or print rows."""
    if out:
        _write(rows, out, None if form == "table" else form)
        return
    if form is None or form == "table" or form == "jsonl":
        _print(rows, as_json=form == "jsonl")
        return
    with tempfile.TemporaryDirectory(prefix="tegaki-") as folder:
        file = Path(folder) / "rows"
        _write(rows, file, form)
        if len(list(file.parent.iterdir())) > 1:
            raise click.UsageError(
                "Several pages of HTML cannot be printed: name a file with --out, or take fewer "
                "rows with --limit."
            )
        with file.open("rb") as written:
            while data := written.read(_COPIED):
                click.echo(data, nl=False)


def _write(rows: Iterator[Result], file: Path, form: Format | None) -> None:
    with closing(open_sink(file, form)) as sink:
        for result in rows:
            sink.write(result)


def _print(rows: Iterator[Result], *, as_json: bool) -> None:
    table = Table(terminal_width())
    if not as_json:
        click.echo(table.header())
    for result in rows:
        click.echo(result.to_json() if as_json else table.line(result))
