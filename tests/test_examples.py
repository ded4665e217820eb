from __future__ import annotations

import runpy
from pathlib import Path

from PIL import Image

from tegaki import Detector
from tests.conftest import ROOT, worst_difference

EXAMPLES = ROOT / "examples"


def test_they_show_every_kind_of_row(detector: Detector) -> None:
    rows = {path.name: detector.inspect(path) for path in sorted(EXAMPLES.iterdir())}
    assert {row.verdict for row in rows.values()} == {"drawn", "generated", "unsure", "error"}
    assert len({row.format for row in rows.values() if row.format}) >= 5
    assert len({row.error.type for row in rows.values() if row.error}) >= 3
    assert any(row.alpha for row in rows.values())
    assert any(row.animated for row in rows.values())
    assert any(not row.path.isascii() for row in rows.values())


def test_some_carry_generation_text() -> None:
    with Image.open(EXAMPLES / "rose-with-parameters.png") as picture:
        assert "Steps: 20" in picture.info["parameters"]


def test_they_are_drawn_by_the_program(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "tools" / "draw_examples.py"))["draw_all"](tmp_path)
    names = sorted(path.name for path in EXAMPLES.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in ("ink.png", "sunset.jpg", "neon.webp", "rose-with-parameters.png"):
        with Image.open(tmp_path / name) as new, Image.open(EXAMPLES / name) as kept:
            assert worst_difference(new, kept) <= 12


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 500_000
