"""``tegaki provenance``: what files say of themselves, without a look at the drawing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tegaki.claim import Claim
from tegaki.cli.options import FILES, max_bytes_option, read_anchors, trust_option
from tegaki.cli.show import claim_line
from tegaki.errors import PictureError
from tegaki.pictures import read_file
from tegaki.provenance import Provenance, examine
from tegaki.text import printable, readable, safe_json

NOTHING = "No mark was found. That says nothing of who made it: marks are easily lost."
UNREAD = "Nothing that could be read says how it was made."
OTHER = "Not a PNG, JPEG, WebP, AVIF or GIF file: no other format is looked into."


@click.command(no_args_is_help=True)
@FILES
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
@click.option("--texts", is_flag=True, help="Also print every text that was found, whole.")
@trust_option
@max_bytes_option
def provenance(
    files: tuple[str, ...], as_json: bool, texts: bool, trust_anchors: Path | None, max_bytes: int
) -> None:
    """Print what each FILE says of how it was made: who wrote it, model, prompt, seed, workflow.

    Text of web UIs, graphs, EXIF, XMP, IPTC, C2PA manifests, texts hidden in pixels, NovelAI's
    signature and invisible watermarks are read, where a file's format puts them and nowhere else.
    No model is loaded and nothing is fetched. Of all marks only a verified signature over the
    picture is proof; the others can be forged or copied. A file without marks says nothing.

    \b
    Examples:
      tegaki provenance picture.png
      tegaki provenance --json *.png | jq -r '.claims[0].prompt // empty'

    \b
    Exit codes:
      0    every file was read, whatever it says
      1    some files could not be read
      2    nothing could be started, or results could not be printed
      130  stopped by Ctrl-C
    """
    anchors = read_anchors(trust_anchors)
    failed = False
    for number, path in enumerate(files):
        if number and not as_json:
            click.echo()
        try:
            found = examine(read_file(path, max_bytes), trust_anchors=anchors)
        except PictureError as problem:
            failed = True
            _refuse(path, problem, as_json)
            continue
        if as_json:
            click.echo(safe_json({**_named(path), **_plain(found), "error": None}))
            continue
        click.echo(click.style(printable(readable(path)[0]), bold=True))
        for label, text in _fields(found, texts):
            click.echo(f"  {label:<12} {printable(text)}")
    sys.exit(1 if failed else 0)


def _refuse(path: str, problem: PictureError, as_json: bool) -> None:
    error = {"type": type(problem).__name__, "message": str(problem)}
    if as_json:
        click.echo(safe_json({**_named(path), **_plain(Provenance()), "error": error}))
        return
    click.echo(click.style(printable(readable(path)[0]), bold=True))
    click.echo(f"  {'error':<12} {printable(': '.join(error.values()))}")


def _named(path: str) -> dict[str, str | None]:
    shown, raw = readable(path)
    return {"path": shown, "path_bytes": raw}


def _plain(found: Provenance) -> dict[str, Any]:
    marks = found.marks
    return {
        "format": marks.format or None,
        "claims": [claim.to_dict() for claim in found.claims],
        "remarks": list(found.remarks),
        "damage": list(found.damage),
        "texts": [
            {"path": place.path, "start": place.start, "end": place.end, "text": text}
            for place, text in marks.all_texts()
        ],
    }


def _fields(found: Provenance, texts: bool) -> Iterator[tuple[str, str]]:
    if not found.claims:
        nothing = UNREAD if found.remarks or found.damage else NOTHING
        yield "claims", nothing if found.marks.format else OTHER
    for claim in found.claims:
        yield from _claim_fields(claim)
    for number, remark in enumerate((*found.remarks, *found.damage)):
        yield "remarks" if number == 0 else "", remark
    if found.marks.trailer is not None:
        end = found.marks.trailer[1].end
        yield "remarks", f"More data stand behind the picture's end, up to byte {end:,}; not read."
    if texts:
        for place, text in found.marks.all_texts():
            yield "text", f"{place.path}, bytes {place.start:,} to {place.end:,}"
            for line in text.splitlines():
                yield "", line


def _claim_fields(claim: Claim) -> Iterator[tuple[str, str]]:
    """One claim as labels and texts, not yet safe to print."""
    yield "claim", claim_line(claim)
    place = claim.place
    yield "  mark", f"{claim.carrier}: {place.path}, bytes {place.start:,} to {place.end:,}"
    for label, value in (
        ("model", claim.model),
        ("prompt", claim.prompt),
        ("negative", claim.negative_prompt),
        ("seed", None if claim.seed is None else str(claim.seed)),
        ("sampler", claim.sampler),
        ("details", "; ".join(f"{name}: {text}" for name, text in claim.details) or None),
        ("note", claim.note or None),
    ):
        if value is not None:
            yield f"  {label}", " ".join(value.split())
