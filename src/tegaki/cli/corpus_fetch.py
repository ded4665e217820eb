"""``tegaki lab corpus fetch``: the originals that a manifest names, from the web."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from tegaki.cli.options import NumberRange
from tegaki.cli.progress import make_progress
from tegaki.lab.corpus.addresses import GITHUB_RAW, FetchError, parse_url
from tegaki.lab.corpus.download import Settings
from tegaki.lab.corpus.fetch import Report
from tegaki.lab.corpus.fetch import fetch as run_fetch
from tegaki.utils.text import printable

_DEFAULT = Settings()


def _check_base(context: click.Context, option: click.Parameter, base: str) -> str:
    try:
        parse_url(base)
    except FetchError as problem:
        raise click.BadParameter(printable(problem.detail)) from problem
    return base


@click.command(no_args_is_help=True)
@click.argument("manifest", metavar="MANIFEST_OR_DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder for the originals, manifest.csv and missing.csv.",
)
@click.option(
    "--base",
    default=GITHUB_RAW,
    show_default=True,
    callback=_check_base,
    metavar="URL",
    help="Where raw files of GitHub repositories are: a mirror, for example.",
)
@click.option(
    "--rate",
    type=NumberRange(0.01),
    default=_DEFAULT.rate,
    show_default=True,
    help="Requests per second, at most.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=_DEFAULT.workers,
    show_default=True,
    help="Pictures fetched at a time.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=_DEFAULT.max_bytes,
    show_default=True,
    help="Refuse files with more bytes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def fetch(
    manifest: Path, out: Path, base: str, rate: float, workers: int, max_bytes: int, as_json: bool
) -> None:
    """Fetch the original pictures that a manifest names, each checked by its SHA-256.

    Pictures from GitHub repositories and plain URLs are fetched; those from packages, and parts
    cut from larger pictures, have no URL of their own. What is in DIR already is not asked for
    again, so the same command goes on after a stop. Nothing is kept whose hash differs. Addresses
    in private networks are refused, by redirect too, but for --base. DIR/manifest.csv lists what is
    at hand, DIR/missing.csv what is not, and why.

    \b
    Examples:
      tegaki lab corpus fetch corpus --out originals
      tegaki lab corpus fetch manifest.csv --out originals --rate 2 --json | jq .missing

    \b
    Exit codes:
      0    every picture is at hand
      1    some are missing; missing.csv says why
      2    wrong usage, a damaged manifest, or DIR cannot be written
      130  stopped by Ctrl-C; what was done is kept
    """
    settings = Settings(base=base, rate=rate, workers=workers, max_bytes=max_bytes)
    with make_progress(Console(stderr=True)) as bar:
        task = bar.add_task("fetch", total=None)
        report = run_fetch(
            manifest, out, settings, lambda done, all_: bar.update(task, completed=done, total=all_)
        )
    if as_json:
        click.echo(json.dumps(_summary(report)))
    else:
        for line in _lines(report, out):
            click.echo(line)
    sys.exit(130 if report.stopped else int(bool(report.missing)))


def _summary(report: Report) -> dict[str, object]:
    at_hand = report.fetched + report.present
    return {
        "pictures": at_hand + len(report.missing),
        "at_hand": at_hand,
        "fetched": report.fetched,
        "fetched_bytes": report.bytes,
        "present": report.present,
        "missing": report.reasons,
        "stopped": report.stopped,
    }


def _lines(report: Report, out: Path) -> Iterator[str]:
    if report.stopped:
        yield "Stopped; give the same command again to go on."
    at_hand = report.fetched + report.present
    yield (
        f"{at_hand:,} of {at_hand + len(report.missing):,} pictures are at hand: "
        f"{report.fetched:,} fetched ({report.bytes / 1e6:,.1f} MB), {report.present:,} before"
    )
    for reason, count in report.reasons.items():
        yield f"  {reason}: {count:,}"
    if report.missing:
        yield f"What is missing is in {printable(str(out / 'missing.csv'))}"
