"""The committed ablation is what its predictions give, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.tables import ABLATION, CELLS

from tegaki.lab.evaluation.report import read_report
from tegaki.lab.evaluation.verify import verify
from tegaki.lab.metrics.predictions import read_predictions
from tegaki.lab.reproduction.cells import is_finished
from tegaki.lab.reproduction.ensemble import DESCRIBED, check_share, possible_shares
from tegaki.lab.reproduction.plan import Cell, cells
from tegaki.lab.reproduction.summary import summarise
from tegaki.lab.reproduction.text import markdown
from tegaki.utils.packed import FilePath, archive_of, children, open_folder, read_zip

ROOT_OF_CELLS = open_folder(CELLS)
REPORTS = [
    cell / "report.json"
    for protocol in children(ROOT_OF_CELLS)
    for cell in children(protocol)
    if (cell / "report.json").exists()
]


def name(report: FilePath) -> str:
    """The cell's name: protocol and seed or recipe."""
    return "/".join(str(report).split("/")[-3:-1])


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_every_number_is_what_the_predictions_give(path: FilePath) -> None:
    assert verify(path, [check_share]) == []


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_the_share_follows_from_the_predictions(path: FilePath) -> None:
    """No other share would give these scores."""
    said = read_report(path)
    if said["ensemble_share"] is None:
        assert DESCRIBED not in said["systems"]
    else:
        scores = read_predictions(path.parent / said["predictions"]["file"]).scores
        assert possible_shares(scores) == [said["ensemble_share"]]


def test_the_report_says_what_its_cells_say() -> None:
    plots = sorted(path.name for path in ABLATION.glob("*.svg"))
    written = (ABLATION / "report.md").read_text(encoding="utf-8")
    assert written == markdown(summarise(ROOT_OF_CELLS), plots)


def test_cells_of_one_protocol_are_of_one_set() -> None:
    found: dict[str, set[str]] = {}
    for path in REPORTS:
        said = read_report(path)
        found.setdefault(said["protocol"], set()).add(said["manifest_sha256"])
    assert all(len(sets) == 1 for sets in found.values())


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_cells_are_of_the_recipes_as_they_are_now(cell: Cell) -> None:
    """By their hashes: else it would be run again, for hours."""
    assert is_finished(cell, ROOT_OF_CELLS / cell.name)


def test_no_picture_is_in_it() -> None:
    kinds = {path.suffix for path in ABLATION.rglob("*") if path.is_file()}
    assert kinds == {".md", ".svg", ".zip"}
    names = {Path(name).suffix for name in read_zip(archive_of(CELLS))}
    assert names == {".json", ".csv", ".jsonl"}
    assert not any("<image" in path.read_text(encoding="utf-8") for path in ABLATION.glob("*.svg"))
