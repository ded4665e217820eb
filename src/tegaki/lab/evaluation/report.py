"""A report: every figure of some systems on some tests, and where they were computed from.

``report.json`` holds the figures and the SHA-256 of the predictions, a CSV file that stands beside
it, compressed (in older reports plain; the hash is that of the CSV). Anyone can compute them again
(:mod:`tegaki.lab.evaluation.verify`): nothing in a report is typed by hand.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tegaki.errors import CorpusError
from tegaki.lab.metrics.calibration import fit_platt
from tegaki.lab.metrics.intervals import compute_metrics
from tegaki.lab.metrics.predictions import Predictions, read_predictions, write_predictions
from tegaki.results.scoring_config import Calibration
from tegaki.utils.packed import FilePath, read_text

FORMAT = 1
PREDICTIONS = "predictions.csv.gz"
PLAIN_PREDICTIONS = "predictions.csv"
Report = dict[str, Any]


def compute(predictions: Predictions) -> dict[str, Any]:
    """Figures of every system: its calibration on ``val`` and its figures on every other test.

    Raises:
        CorpusError: there is no test ``val`` to calibrate on.
    """
    val = predictions.part("val")
    if not val.samples:
        raise CorpusError("the predictions hold no pictures of val: nothing to calibrate on")
    tests = [name for name in predictions.tests() if name != "val"]
    parts = {name: predictions.part(name) for name in tests}
    systems = {}
    for system in predictions.scores:
        fitted = fit_platt(val.scores[system], val.generated)
        calibration = Calibration(round(fitted.slope, 6), round(fitted.intercept, 6))
        figures = {name: compute_metrics(part, system, calibration) for name, part in parts.items()}
        systems[system] = {"calibration": asdict(calibration), "tests": figures}
    return systems


def write_report(folder: Path, predictions: Predictions, facts: dict[str, Any]) -> Report:
    """Write ``predictions.csv.gz`` and ``report.json`` into a folder.

    Args:
        facts: what else a reader has to know (protocol, model, hash of the data).
    """
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = write_predictions(predictions, folder / PREDICTIONS)
    written = read_predictions(folder / PREDICTIONS)
    report = {
        "format": FORMAT,
        **facts,
        "predictions": {"file": PREDICTIONS, "sha256": sha256},
        "systems": compute(written),
    }
    save_report(report, folder / "report.json")
    (folder / PLAIN_PREDICTIONS).unlink(missing_ok=True)  # of a report that this one replaces
    return report


def save_report(report: Report, path: Path) -> None:
    """Write a report as JSON, whole or not at all."""
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def read_report(path: FilePath) -> Report:
    """Read a report.

    Raises:
        CorpusError: it cannot be read or is of another format.
    """
    try:
        report: Report = json.loads(read_text(path))
        if report["format"] != FORMAT:
            raise ValueError(f"format {report['format']} is not known here")
        report["predictions"]["file"], report["systems"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise CorpusError(f"{path} is not a report: {problem}") from problem
    return report
