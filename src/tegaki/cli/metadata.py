"""``tegaki metadata``: what files say of themselves, without a look at the drawing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tegaki.cli.cures import with_cure
from tegaki.cli.options import (
    STDIN,
    max_bytes_option,
    read_anchors,
    read_standard_input,
    refuse_urls,
    trust_option,
)
from tegaki.cli.progress import ScanProgress
from tegaki.cli.show import claim_line, labelled_lines, terminal_width
from tegaki.errors import PictureError
from tegaki.imaging import read_file
from tegaki.metadata import Provenance, examine
from tegaki.results.claim import Claim, Location
from tegaki.sources import SourceFile, find
from tegaki.utils.text import printable, readable, safe_json

NOTHING = "No mark was found. That says nothing of who made it: marks are easily lost."
REMOVERS = ("cwebp", "FFmpeg", "Pillow", "OpenCV")
"""Tools that keep no text, EXIF, XMP, IPTC or C2PA manifest at default settings
(docs/survival.json)."""
COMMON_STEPS = (
    f"Texts, EXIF, XMP, IPTC and C2PA manifests are lost where {', '.join(REMOVERS[:-1])} or "
    f"{REMOVERS[-1]} saves a picture again at default settings."
)
UNREAD = "Nothing that could be read says how it was made."
OTHER = "Not a PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF file: no other format is looked into."


@click.command(no_args_is_help=True)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(readable=False)
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
@click.option("--texts", is_flag=True, help="Also print every text that was found, whole.")
@click.option("-r", "--recursive", is_flag=True, help="Go into folders of folders.")
@trust_option
@max_bytes_option
def metadata(
    paths: tuple[str, ...],
    as_json: bool,
    texts: bool,
    recursive: bool,
    trust_anchors: Path | None,
    max_bytes: int,
) -> None:
    """Print what each file says of how it was made: who wrote it, model, prompt, seed, workflow.

    A PATH is a file, a folder, or - for what comes through standard input. Text of web UIs,
    graphs, EXIF, XMP, IPTC, C2PA manifests, texts hidden in pixels, NovelAI's signature and
    invisible watermarks are read, where a file's format puts them and nowhere else. No model is
    loaded and nothing is fetched. Of all marks only a verified signature over the picture is
    proof; the others can be forged or copied. A file without marks says nothing.

    \b
    Examples:
      tegaki metadata picture.png
      tegaki metadata pictures --recursive --json | jq '.claims[0].prompt // empty'
      curl -s https://example.org/picture.png | tegaki metadata -

    \b
    Exit codes:
      0    every file was read, whatever it says
      1    some files could not be read, or none was found
      2    nothing could be started, or results could not be printed
      130  stopped by Ctrl-C
    """
    refuse_urls("metadata", paths)
    anchors = read_anchors(trust_anchors)
    width = terminal_width()
    count = failed = 0

    def look() -> Iterator[SourceFile]:
        return find(paths, recursive=recursive)

    with ScanProgress(look, shown=len(paths) > 1) as progress:
        for count, item in enumerate(look(), 1):
            found, problem = Provenance(), item.problem
            try:
                found = examine(_data(item, max_bytes), trust_anchors=anchors)
            except PictureError as refused:
                problem, failed = refused, failed + 1
            if count > 1 and not as_json:
                progress.print("")
            for line in _shown(item.path, found, problem, texts, as_json, width):
                progress.print(line)
            progress.step()
    if not count:
        click.echo(
            "No files were found there; folders of folders are gone into with --recursive.",
            err=True,
        )
    sys.exit(1 if failed or not count else 0)


def _data(item: SourceFile, max_bytes: int) -> bytes:
    if item.problem:
        raise item.problem
    if item.path == STDIN:
        return read_standard_input(max_bytes)
    return read_file(item.path, max_bytes)


def _shown(
    path: str,
    found: Provenance,
    problem: PictureError | None,
    texts: bool,
    as_json: bool,
    width: int | None,
) -> Iterator[str]:
    """What is printed of one file, line by line, safe to print."""
    error = None
    if problem:
        error = {"type": type(problem).__name__, "message": str(problem)}
    if as_json:
        yield safe_json({**_named(path), **_plain(found, problem), "error": error})
        return
    yield click.style(printable(readable(path)[0]), bold=True)
    fields = _fields(found, texts)
    if error:
        fields = iter([("error", f"{error['type']}: {with_cure(error['type'], error['message'])}")])
    for label, text in fields:
        yield from _lines(label, text, width)


def _lines(label: str, text: str, width: int | None) -> Iterator[str]:
    """A label and its text, whose lines are kept; on a terminal they are wrapped beside it."""
    for line in text.split("\n") or [""]:
        yield from labelled_lines(label, printable(line), width)
        label = ""


def _named(path: str) -> dict[str, str | None]:
    shown, raw = readable(path)
    return {"path": shown, "path_bytes": raw}


def _plain(found: Provenance, problem: PictureError | None) -> dict[str, Any]:
    marks = found.marks
    other = [OTHER] if not marks.format and problem is None else []
    return {
        "format": marks.format or None,
        "claims": [claim.to_dict() for claim in found.claims],
        "remarks": [*found.remarks, *other],
        "damage": list(found.damage),
        "texts": [
            {"path": place.path, "start": place.start, "end": place.end, "text": text}
            for place, text in marks.all_texts()
        ],
    }


def _fields(found: Provenance, texts: bool) -> Iterator[tuple[str, str]]:
    """Labels and texts, not yet safe to print."""
    if not found.claims:
        nothing = UNREAD if found.remarks or found.damage else NOTHING
        yield "claims", nothing if found.marks.format else OTHER
    for claim, places in _once(found.claims).items():
        yield from _claim_fields(claim, places)
    for number, remark in enumerate((*found.remarks, *found.damage)):
        yield "remarks" if number == 0 else "", remark
    if found.marks.trailer is not None:
        end = found.marks.trailer.end
        yield "remarks", f"More data stand behind the picture's end, up to byte {end:,}; not read."
    if not (found.claims or found.remarks or found.damage) and found.marks.format:
        yield "", COMMON_STEPS
    if texts:
        for place, text in found.marks.all_texts():
            yield "text", f"{place.path}, bytes {place.start:,} to {place.end:,}"
            yield "", text.replace("\r\n", "\n")


def _once(claims: tuple[Claim, ...]) -> dict[Claim, list[Location]]:
    """Claims that differ in nothing but their place, each with all its places."""
    found: dict[Claim, list[Location]] = {}
    for claim in claims:
        found.setdefault(replace(claim, place=_NOWHERE), []).append(claim.place)
    return found


_NOWHERE = Location("", 0, 0)


def _claim_fields(claim: Claim, places: list[Location]) -> Iterator[tuple[str, str]]:
    yield "claim", claim_line(claim)
    for place in places:
        yield "  mark", f"{claim.carrier}: {place.path}, bytes {place.start:,} to {place.end:,}"
    for label, value in (
        ("model", claim.model),
        ("prompt", claim.prompt),
        ("negative", claim.negative_prompt),
        ("seed", None if claim.seed is None else str(claim.seed)),
        ("sampler", claim.sampler),
        ("details", "\n".join(f"{name}: {text}" for name, text in claim.details) or None),
        ("note", claim.note or None),
    ):
        if value is not None:
            yield f"  {label}", value.strip()
