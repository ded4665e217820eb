"""From the cells' predictions to the rows of the table and the answers to its questions.

An interval of a mean over seeds draws sources and seeds, both with replacement; a difference of
two systems is taken within each draw, on the same pictures and from the same baseline, so that
what the two share cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tegaki.lab.evaluation.report import Report, read_report
from tegaki.lab.metrics.intervals import DRAWS, bootstrap_in_blocks, source_weights
from tegaki.lab.metrics.metrics import Values
from tegaki.lab.metrics.predictions import Predictions, read_predictions
from tegaki.lab.reproduction.plan import PAPER_CLAIMS, PROTOCOLS, TABLE_ROWS, PaperClaim, TableRow
from tegaki.results.scoring_config import Calibration
from tegaki.utils.packed import FilePath, children

SHOWN = ("accuracy", "f1", "auc", "tpr_at_1")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over seeds with a 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One row of one protocol: figures by metric, over ``seeds`` runs."""

    row: TableRow
    seeds: int
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What became of a claim: the mean gain in accuracy and in AUC."""

    claim: PaperClaim
    accuracy: Figure
    auc: Figure

    @property
    def words(self) -> str:
        """The plain answer, from the interval of the accuracy."""
        if self.accuracy.low > 0:
            return "yes"
        if self.accuracy.high < 0:
            return "no, the reverse"
        return "cannot be told apart"


@dataclass(frozen=True, slots=True)
class FinishedCell:
    """A finished cell: its report, and its test predictions."""

    folder: FilePath
    report: Report
    test: Predictions


@dataclass(frozen=True, slots=True)
class Summary:
    """All rows and answers of one protocol, and the cells that they come from."""

    protocol: str
    cells: tuple[FinishedCell, ...]
    lines: tuple[SummaryRow, ...]
    answers: tuple[ClaimOutcome, ...]

    def line(self, system: str) -> SummaryRow | None:
        """The row of one system, if its cells are done."""
        return next((line for line in self.lines if line.row.system == system), None)


def summarise(folder: FilePath) -> list[Summary]:
    """Every protocol with a finished cell of the whole table; those cells first."""
    found = []
    for protocol in PROTOCOLS:
        done = [cell for cell in children(folder / protocol) if (cell / "report.json").exists()]
        whole = [cell for cell in done if cell.name.startswith("seed-")]
        alone = [cell for cell in done if cell not in whole]
        if whole:
            found.append(_summary(protocol, tuple(map(_read_cell, whole + alone))))
    return found


def _read_cell(folder: FilePath) -> FinishedCell:
    report = read_report(folder / "report.json")
    note = report["predictions"]
    predictions = read_predictions(folder / note["file"], note["sha256"])
    return FinishedCell(folder, report, predictions.part("test"))


def _summary(protocol: str, cells: tuple[FinishedCell, ...]) -> Summary:
    drawn = _Drawn(cells)
    lines = []
    for row in TABLE_ROWS:
        runs = drawn.of(row.system)
        if runs:
            figures = {name: _figure([run[name] for run in runs]) for name in SHOWN}
            lines.append(SummaryRow(row, len(runs), figures))
    answers = tuple(
        answer for claim in PAPER_CLAIMS if (answer := _answer(claim, drawn)) is not None
    )
    return Summary(protocol, cells, tuple(lines), answers)


class _Drawn:
    """Metrics of every system and cell: the true one first, then one for every draw."""

    def __init__(self, cells: Sequence[FinishedCell]) -> None:
        self.cells = cells
        self.kept: dict[tuple[str, int], dict[str, Values]] = {}

    def of(self, system: str) -> list[dict[str, Values]]:
        """One entry a cell that has the system, in the order of the seeds."""
        have = [i for i, cell in enumerate(self.cells) if system in cell.test.scores]
        return [self._metrics(system, i) for i in have]

    def _metrics(self, system: str, index: int) -> dict[str, Values]:
        if (system, index) not in self.kept:
            cell = self.cells[index]
            sources = [judged.source for judged in cell.test.samples]
            generated = cell.test.generated
            weights = np.vstack(
                [np.ones((1, len(sources))), source_weights(sources, generated, DRAWS)]
            )
            calibration = Calibration(**cell.report["systems"][system]["calibration"])
            scores = cell.test.scores[system]
            self.kept[system, index] = bootstrap_in_blocks(scores, generated, weights, calibration)
        return self.kept[system, index]


def _answer(claim: PaperClaim, drawn: _Drawn) -> ClaimOutcome | None:
    better, worse = drawn.of(claim.better), drawn.of(claim.worse)
    if not better or len(better) != len(worse):
        return None
    gains = {
        name: _figure([a[name] - b[name] for a, b in zip(better, worse, strict=True)])
        for name in ("accuracy", "auc")
    }
    return ClaimOutcome(claim, gains["accuracy"], gains["auc"])


def _figure(runs: Sequence[Values]) -> Figure:
    """The mean of the runs' true values; the interval over draws of sources and seeds."""
    values = np.stack(runs)
    drawn = values[:, 1:]
    rng = np.random.default_rng(1)
    chosen = rng.integers(len(runs), size=(len(runs), drawn.shape[1]))
    means = np.take_along_axis(drawn, chosen, axis=0).mean(axis=0)
    low, high = np.percentile(means, [2.5, 97.5])
    return Figure(float(values[:, 0].mean()), float(low), float(high))
