"""The committed reports of the shipped models are true, are their own, and hold their floors."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.tables import EVALUATION, MODELS

from tegaki.lab.evaluation.evaluate import SYSTEM
from tegaki.lab.evaluation.gate import find_violations, read_floors
from tegaki.lab.evaluation.report import read_report
from tegaki.lab.evaluation.verify import verify
from tegaki.model import load_single

REPORTS = sorted(EVALUATION.glob("*/*/report.json"))


def name(path: Path) -> str:
    """Model and protocol."""
    return "/".join(path.parts[-3:-1])


def test_both_models_have_those_that_a_reader_needs() -> None:
    there = {name(path) for path in REPORTS}
    assert {f"{model}/{each}" for model in MODELS for each in ("seen", "web")} <= there


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_every_number_is_what_the_predictions_give(path: Path) -> None:
    assert verify(path) == []


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_reports_are_of_the_shipped_model(path: Path) -> None:
    recipe = load_single(path.parts[-3]).config
    assert read_report(path)["model"] == {
        "id": recipe.model.id, "sha256": recipe.model.sha256, "recipe": recipe.hash,
    }  # fmt: skip


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_floors_hold(path: Path) -> None:
    assert (
        find_violations(read_floors(path.parent / "floors.json"), read_report(path), SYSTEM) == []
    )
