"""Inputs from public reports, and marks that good guesses about formats miss: each as expected.

The files do not ship with the project. Those of other kinds than marks are left out here.
"""

from __future__ import annotations

import csv
import importlib.util
import re
from pathlib import Path

import pytest

from tegaki.metadata import read
from tegaki.metadata.containers.survey import survey
from tegaki.results.claim import Claim

AI = ("generated", "edited-with-ai")
_OF_MARKS = re.compile(r"[bcijmn]\d\d")
_SIGNED = ("m01", "m04")

MISSES: dict[str, tuple[str, str, str] | None] = {
    "01_a1111_hidden.png": ("AUTOMATIC1111", "generated", "declared"),
    "01_a1111_hidden_lossy.webp": ("AUTOMATIC1111", "generated", "declared"),
    "01_stealth.png": ("NovelAI", "generated", "hint"),
    "01_stealth_lossy.webp": ("NovelAI", "generated", "hint"),
    "01_stealth_q100.avif": ("NovelAI", "generated", "hint"),
    "02_stealth_grey.png": ("NovelAI", "generated", "hint"),
    "02_stealth_grey_alpha.png": ("NovelAI", "generated", "hint"),
    "05_exif_exif_control.png": ("AUTOMATIC1111", "generated", "declared"),
    "05_exif_generic_profile.png": ("AUTOMATIC1111", "generated", "declared"),
    "05_iptc_IPTC_profile.png": ("Google", "generated", "hint"),
    "05_iptc_by_exiftool.png": ("Google", "generated", "hint"),
    "05_xmp_by_graphicsmagick.png": ("unstated", "generated", "declared"),
    "06_APP1.png": ("AUTOMATIC1111", "generated", "declared"),
    "07_by_exiftool_70000_letters.jpg": None,  # read whole, and says nothing of a generator
    "07_exif_two_segments.jpg": ("AUTOMATIC1111", "generated", "declared"),
}


@pytest.fixture(scope="module")
def reports(shared: Path) -> Path:
    return _there(shared / "reports")


@pytest.fixture(scope="module")
def misses(shared: Path) -> Path:
    return _there(shared / "misses")


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    return folder


def first(path: Path) -> Claim | None:
    """The first claim that a generator had a part."""
    return next((claim for claim in read(path.read_bytes()) if claim.kind in AI), None)


def test_every_report_is_read_as_it_should_be(reports: Path) -> None:
    with (reports / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if _OF_MARKS.match(row["file"])]
    if importlib.util.find_spec("c2pa") is None:
        rows = [row for row in rows if not row["file"].startswith(_SIGNED)]
    assert len(rows) > 40
    wrong = {}
    for row in rows:
        claim = first(reports / row["file"])
        got = None if claim is None else (claim.tool, claim.kind, claim.strength == "hint")
        expected = None
        if row["label"] == "ai":
            kind, _, hint = row["kind_expected"].partition(" ")
            expected = row["tool"], kind, hint == "(hint)"
        if got != expected:
            wrong[row["file"]] = (got, expected)
    assert wrong == {}


def test_every_missed_mark_is_read(misses: Path) -> None:
    got = {}
    for name in MISSES:
        claim = first(misses / name)
        got[name] = None if claim is None else (claim.tool, claim.kind, claim.strength)
    assert got == MISSES


def test_a_long_comment_in_several_segments_is_whole(misses: Path) -> None:
    marks = survey((misses / "07_by_exiftool_70000_letters.jpg").read_bytes())
    assert [len(field.text) >= 70_000 for field in marks.exif] == [True]
    assert marks.damage == ()
