"""``tegaki check``: a few pictures, in detail."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tegaki.cli.options import (
    STDIN,
    detector_options,
    load_detector,
    model_option,
    read_standard_input,
    refuse_urls,
)
from tegaki.cli.output_checks import check_file, write_text
from tegaki.cli.show import detail, terminal_width
from tegaki.errors import PictureError

if TYPE_CHECKING:
    from tegaki.detector import Detector
    from tegaki.results.result import Result


@click.command(no_args_is_help=True)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(readable=False)
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT",
              help="Write a page about the one FILE too; it needs nothing else. Replaces "
              "OUT.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Say where marks stand too, the logit of every "
              "view and the hash of what moves a score.")  # fmt: skip
@model_option("careful", "A few pictures are worth the tenth of a second each.")
@detector_options
def check(
    files: tuple[str, ...],
    as_json: bool,
    page: Path | None,
    verbose: bool,
    model: str,
    trust_anchors: Path | None,
    max_pixels: int,
    max_bytes: int,
) -> None:
    """Look at each FILE in detail: verdict, probability, what the file says of itself, why.

    A FILE of - is what comes through standard input. Nothing is fetched: save a picture from the
    web first, or pipe it in.

    Probability is that of "generated", calibrated on pictures that it had not learnt from. With
    --verbose and --json there is more: a logit above zero leans to generated, below zero to drawn;
    a view is a square cut from the picture or the whole picture squashed to a square.

    \b
    Examples:
      tegaki check picture.png
      tegaki check --json *.jpg | jq .probability
      tegaki check picture.png --html picture-report.html
      curl -fsSL https://example.org/picture.png | tegaki check -

    \b
    Exit codes:
      0    every file was judged, whatever the verdicts
      1    some files could not be judged
      2    nothing could be started, or results could not be printed
      130  stopped by Ctrl-C
    """
    refuse_urls("check", files)
    given = _without_duplicates(files)
    if page and len(given) > 1:
        raise click.UsageError("--html is a page about one picture: give one FILE.")
    _refuse_overwriting(page, given)
    check_file(page)
    detector = load_detector(model, max_pixels, max_bytes, trust_anchors)
    failed, width = False, terminal_width()
    for number, path in enumerate(given):
        result = _inspect(detector, path, max_bytes)
        failed |= result.error is not None
        if page:
            write_text(page, _page(result, detector))
        if as_json:
            click.echo(result.to_json())
            continue
        if number:
            click.echo()
        for line in detail(result, detector.bundle.thresholds, width, verbose=verbose):
            click.echo(line)
    sys.exit(1 if failed else 0)


def _inspect(detector: Detector, path: str, max_bytes: int) -> Result:
    if path != STDIN:
        return detector.inspect(path)
    from tegaki.scoring import failed_measurement
    from tegaki.verdict import result_of

    try:
        return detector.inspect(read_standard_input(max_bytes), path)
    except PictureError as problem:
        return result_of(path, failed_measurement(problem), detector.context)


def _refuse_overwriting(page: Path | None, files: list[str]) -> None:
    if page and page.exists() and any(os.path.exists(f) and page.samefile(f) for f in files):
        raise click.UsageError("--html would replace the picture: name another OUT.")


def _page(result: Result, detector: Detector) -> str:
    from tegaki.sinks.picture_page import picture_page

    thresholds = detector.bundle.thresholds
    lines = map(click.unstyle, detail(result, thresholds, verbose=True))
    return picture_page(result, thresholds, "\n".join(lines))


def _without_duplicates(files: tuple[str, ...]) -> list[str]:
    """The files in their order, each once, however it is spelt."""
    spelt: dict[str, str] = {}
    for file in files:
        spelt.setdefault(os.path.abspath(file), file)
    return list(spelt.values())
