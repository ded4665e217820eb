"""``tegaki lab survival``: which marks live through which tools."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tegaki.cli.output_checks import check_file, write_text
from tegaki.lab.survival import HEADER, TOOLS, absent, as_plain, measure, rows
from tegaki.utils.text import safe_json

_WIDTH = 200  # where the output is no terminal


@click.command()
@click.option("--only", metavar="TOOL", help="Measure the tools whose names begin so.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the JSON to a file.",
)
def survival(only: str | None, as_json: bool, out: Path | None) -> None:
    """Measure which marks live through which tools at their default settings.

    Each mark (PNG text, EXIF, XMP, IPTC, C2PA, texts and watermarks hidden in pixels, NovelAI's
    signature) is put into a drawn picture. Each tool that is installed copies, converts or edits
    it, and the copy is read. A mark is kept if the copy makes the same claim, as strong as before;
    signatures have to verify. Certificates and keys are made for the measurement. Tools that are
    not installed are named. Needs the extra tegaki[bench].

    \b
    Examples:
      tegaki lab survival
      tegaki lab survival --only Pillow --json
      tegaki lab survival --out docs/survival.json

    \b
    Exit codes:
      0    tools were measured
      1    none of the tools is installed
      2    wrong usage, a missing part, or results cannot be written
      130  stopped by Ctrl-C
    """
    from tegaki.lab.survival.marks import make_samples

    chosen = [tool for tool in TOOLS if tool.name.lower().startswith((only or "").lower())]
    if not chosen:
        names = ", ".join(tool.name for tool in TOOLS)
        raise click.UsageError(f"--only names none of the tools: {names}.")
    check_file(out)
    samples = make_samples()
    found = measure(chosen, samples, lambda name: click.echo(f"{name} ...", err=True))
    plain = as_plain(found)
    if out:
        write_text(out, safe_json(plain) + "\n")
    if as_json:
        click.echo(safe_json(plain))
    else:
        _print(rows(plain), absent(plain))
    sys.exit(int(len(absent(plain)) == len(chosen)))


def _print(made: list[list[str]], missing: list[str]) -> None:
    if made:
        table = Table(*HEADER)
        for row in made:
            table.add_row(*row)
        Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    if missing:
        click.echo(f"Not installed: {', '.join(missing)}.")
