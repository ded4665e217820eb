"""A new way to decode leaves the logits of pictures that say nothing of their colours."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tools import renew_bundles

from tegaki import Detector
from tegaki.model import SHIPPED
from tegaki.results.scoring_config import DecodePolicy, TilePolicy
from tests.conftest import painting

# Of decoding version 1, before profiles were applied and long pictures tiled.
BEFORE = {
    ("fast", (300, 400), "PNG"): 2.47545,
    ("fast", (300, 400), "JPEG"): 2.62481,
    ("fast", (640, 480), "PNG"): 0.97368,
    ("fast", (1600, 1000), "JPEG"): 0.38021,
    ("fast", (500, 300), "PNG"): 1.60345,
    ("careful", (300, 400), "PNG"): 3.72727,
    ("careful", (900, 1200), "JPEG"): -2.14829,
    ("careful", (1600, 1000), "PNG"): -1.58901,
    ("careful", (500, 300), "JPEG"): 4.92231,
}


@pytest.mark.parametrize(("model", "size", "form"), BEFORE)
def test_logits_are_what_they_were(
    model: str, size: tuple[int, int], form: str, detector: Detector, careful: Detector
) -> None:
    buffer = io.BytesIO()
    painting(*size).save(buffer, form)
    row = {"fast": detector, "careful": careful}[model].inspect(buffer.getvalue())
    assert row.logit == pytest.approx(BEFORE[model, size, form], abs=0.02)


@pytest.mark.parametrize("model", ["fast", "careful"])
def test_shipped_models_say_how_this_version_decodes(
    model: str, detector: Detector, careful: Detector
) -> None:
    (bundle,) = {"fast": detector, "careful": careful}[model].bundle.steps
    assert bundle.config.decode == DecodePolicy()
    assert bundle.config.tiles == TilePolicy()


def test_renewing_what_is_new_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And brings models of an earlier version to this one, to the byte."""
    names = ("bundle.json", "figures.json", "study.json", "card.md")
    copies = {name: tmp_path / name for name in SHIPPED}
    for name, folder in SHIPPED.items():
        copies[name].mkdir()
        for each in names:
            if (folder / each).exists():
                (copies[name] / each).write_bytes((folder / each).read_bytes())
        said = (copies[name] / "bundle.json").read_text()
        old = said.replace('"version": 2,\n      "background"', '"version": 1,\n      "background"')
        (copies[name] / "bundle.json").write_text(old)
    monkeypatch.setattr(renew_bundles, "SHIPPED", copies)
    renew_bundles.main()
    for name, folder in SHIPPED.items():
        for each in names:
            if (folder / each).exists():
                assert (copies[name] / each).read_bytes() == (folder / each).read_bytes()
