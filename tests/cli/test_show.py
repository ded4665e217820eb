"""What people are shown, and what is left for --verbose and JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import pytest
from PIL import Image

from tegaki import Detector, Result
from tegaki.cli.show import Table, detail
from tests.conftest import painting
from tests.watch.conftest import PARAMETERS, generated


@pytest.fixture
def declared(detector: Detector, tmp_path: Path) -> Result:
    """A picture whose EXIF says that it was generated."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + PARAMETERS.encode()
    painting(100, 120).save(tmp_path / "a.jpg", exif=exif)
    return detector.inspect(tmp_path / "a.jpg", "a.jpg")


def lines(result: Result, detector: Detector, *, verbose: bool = False) -> str:
    shown = detail(result, detector.bundle.thresholds, verbose=verbose)
    return click.unstyle("\n".join(shown))


def test_plain_check_has_no_terms_of_formats_and_models(
    declared: Result, detector: Detector
) -> None:
    terms = ("logit", "recipe", "0x9286", "APP1", declared.recipe)
    plain, verbose = (lines(declared, detector, verbose=verbose) for verbose in (False, True))
    assert [term for term in terms if term in plain] == []
    assert [term for term in terms if term not in verbose] == []
    assert "The file says that it was made by AUTOMATIC1111" in plain
    assert f"model        {declared.model}\n" in f"{plain}\n"
    assert "0x9286" in declared.to_json()


def test_a_verdict_by_the_file_stands_beside_no_number(
    declared: Result, detector: Detector, tmp_path: Path
) -> None:
    row = click.unstyle(Table(None).line(declared))
    assert "  likely generated   file  The file says" in row
    assert f"{declared.probability:.3f}" not in row
    assert "what the file says decides" in lines(declared, detector)
    painting(100, 120).save(tmp_path / "b.png")
    drawn = detector.inspect(tmp_path / "b.png")
    assert f"  {drawn.probability:.3f}  " in Table(None).line(drawn)
    hint = replace(drawn, claims=tuple(replace(c, strength="hint") for c in declared.claims))
    assert f"  {drawn.probability:.3f}  " in Table(None).line(hint)


def test_the_mark_stands_on_narrow_terminals_too(detector: Detector, tmp_path: Path) -> None:
    generated(tmp_path / "a.png")
    row = click.unstyle(Table(30).line(detector.inspect(tmp_path / "a.png", "a.png")))
    assert row.split("\n")[:2] == ["a.png", "  likely generated file"]
