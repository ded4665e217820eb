"""The committed reports of the shipped model are true, are its own, and hold their floors."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.tables import EVALUATION

from tegaki.lab.evaluate import SYSTEM
from tegaki.lab.gate import below, read_floors
from tegaki.lab.report import read_report
from tegaki.lab.verify import verify
from tegaki.model import load_bundle

REPORTS = sorted(EVALUATION.glob("*/report.json"))


def test_there_is_one_for_every_protocol_that_fits() -> None:
    assert [path.parent.name for path in REPORTS] == ["robust", "seen", "unseen"]


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_every_number_is_what_the_predictions_give(path: Path) -> None:
    assert verify(path) == []


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_reports_are_of_the_shipped_model(path: Path) -> None:
    recipe = load_bundle().recipe
    assert read_report(path)["model"] == {
        "id": recipe.model.id, "sha256": recipe.model.sha256, "recipe": recipe.hash,
    }  # fmt: skip


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_floors_hold(path: Path) -> None:
    assert below(read_floors(path.parent / "floors.json"), read_report(path), SYSTEM) == []
