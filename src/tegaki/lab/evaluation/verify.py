"""Whether a report is true: its figures, and what else follows from its predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tegaki.errors import CorpusError
from tegaki.lab.evaluation.report import Report, compute, read_report
from tegaki.lab.metrics.predictions import Predictions, read_predictions
from tegaki.utils.packed import FilePath, beside

Check = Callable[[Report, Predictions], Iterable[str]]
"""A further check of a report against its predictions: a sentence for everything that differs."""


def verify(path: FilePath, checks: Iterable[Check] = ()) -> list[str]:
    """Compute every number of a report again; returns what differs, nothing if it is true.

    The protocol, the model, the recipes and the hash of the data are not looked into: predictions
    do not know them.

    Args:
        checks: of facts that only some reports state.

    Raises:
        CorpusError: the report or its predictions cannot be read.
    """
    report = read_report(path)
    note = report["predictions"]
    name = Path(str(note["file"])).name  # beside the report, whatever it says
    try:
        predictions = read_predictions(beside(path, name), note["sha256"])
    except CorpusError as problem:
        return [str(problem)]
    figures = differences("systems", report["systems"], compute(predictions))
    further = [sentence for check in checks for sentence in check(report, predictions)]
    return [*figures, *further, *_family(report, predictions)]


def _family(report: Report, predictions: Predictions) -> Iterator[str]:
    """A family that was left out stands in every test, alone, and not in val."""
    decided = report.get("family")
    if decided is None:
        return
    for test in predictions.tests():
        found = {j.family for j in predictions.part(test).samples if j.generated}
        if (decided in found) if test == "val" else (found != {decided}):
            yield (
                f"family: the report says that {decided} was left out, {test} holds "
                f"{', '.join(sorted(found))}"
            )


def differences(where: str, decided: Any, found: Any) -> Iterable[str]:
    """Every place where two pieces of plain data are not equal."""
    if isinstance(decided, dict) and isinstance(found, dict):
        for key in sorted({*decided, *found}):
            yield from differences(f"{where}.{key}", decided.get(key), found.get(key))
    elif isinstance(decided, list) and isinstance(found, list) and len(decided) == len(found):
        for index, (a, b) in enumerate(zip(decided, found, strict=True)):
            yield from differences(f"{where}[{index}]", a, b)
    elif decided != found:
        yield f"{where}: the report says {decided}, the predictions give {found}"
