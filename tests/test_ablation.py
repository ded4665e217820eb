"""The committed ablation is what its predictions give, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.tables import ABLATION

from tegaki.lab.evaluation.report import read_report
from tegaki.lab.evaluation.verify import verify
from tegaki.lab.metrics.predictions import read_predictions
from tegaki.lab.reproduction.cells import is_finished
from tegaki.lab.reproduction.ensemble import DESCRIBED, check_share, possible_shares
from tegaki.lab.reproduction.plan import Cell, cells
from tegaki.lab.reproduction.summary import summarise
from tegaki.lab.reproduction.text import markdown

REPORTS = sorted((ABLATION / "cells").glob("*/*/report.json"))


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_every_number_is_what_the_predictions_give(path: Path) -> None:
    assert verify(path, [check_share]) == []


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_the_share_follows_from_the_predictions(path: Path) -> None:
    """No other share would give these scores."""
    said = read_report(path)
    if said["ensemble_share"] is None:
        assert DESCRIBED not in said["systems"]
    else:
        scores = read_predictions(path.parent / "predictions.csv").scores
        assert possible_shares(scores) == [said["ensemble_share"]]


def test_the_report_says_what_its_cells_say() -> None:
    plots = sorted(path.name for path in ABLATION.glob("*.svg"))
    written = (ABLATION / "report.md").read_text(encoding="utf-8")
    assert written == markdown(summarise(ABLATION / "cells"), plots)


def test_cells_of_one_protocol_are_of_one_set() -> None:
    for protocol in {path.parts[-3] for path in REPORTS}:
        found = {read_report(p)["manifest_sha256"] for p in REPORTS if p.parts[-3] == protocol}
        assert len(found) == 1


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_cells_are_of_the_recipes_as_they_are_now(cell: Cell) -> None:
    """By their hashes: else it would be run again, for hours."""
    assert is_finished(cell, ABLATION / "cells" / cell.name)


def test_no_picture_is_in_it() -> None:
    kinds = {path.suffix for path in ABLATION.rglob("*") if path.is_file()}
    assert kinds == {".md", ".svg", ".json", ".csv", ".jsonl"}
    assert not any("<image" in path.read_text(encoding="utf-8") for path in ABLATION.glob("*.svg"))
