"""Stored predictions: what every number of a report is computed from.

A CSV file in gzip, one row a picture and test: facts of the picture, then one column of scores for
every system. A score is a log odds of *generated* (above 0: generated), written with five decimals;
figures are computed from what is written, never from what was in memory.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tegaki.errors import CorpusError
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.utils.packed import FilePath, read_bytes, write_gzip

FACTS = ("test", "id", "label", "source", "family", "style")
LARGEST = 40.0  # log odds of a probability that is 0 or 1 in float64


@dataclass(frozen=True, slots=True)
class EvaluatedSample:
    """One picture of one test: a split's name, or ``val``, or split and condition."""

    test: str
    id: str
    generated: bool
    source: str
    family: str
    style: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """``scores``: for every system, float64 ``(len(judged),)`` log odds of *generated*."""

    samples: tuple[EvaluatedSample, ...]
    scores: dict[str, Scores]

    def tests(self) -> list[str]:
        """Names of the tests, in order."""
        return list(dict.fromkeys(judged.test for judged in self.samples))

    def part(self, test: str) -> Predictions:
        """One test alone."""
        chosen = [i for i, judged in enumerate(self.samples) if judged.test == test]
        scores = {name: values[chosen] for name, values in self.scores.items()}
        return Predictions(tuple(self.samples[i] for i in chosen), scores)

    @property
    def generated(self) -> Labels:
        return np.array([judged.generated for judged in self.samples], dtype=bool)


def log_odds(probabilities: Scores) -> Scores:
    """Probabilities to log odds, at most 40 from zero."""
    with np.errstate(divide="ignore"):
        odds = np.log(probabilities) - np.log1p(-probabilities)
    clipped: Scores = np.clip(odds, -LARGEST, LARGEST)
    return clipped


def probabilities(scores: Scores) -> Scores:
    """Log odds to probabilities."""
    result: Scores = 1 / (1 + np.exp(-np.clip(scores, -LARGEST, LARGEST)))
    return result


def join(parts: Sequence[Predictions]) -> Predictions:
    """Several tests of the same systems."""
    judged = tuple(judged for part in parts for judged in part.samples)
    systems = parts[0].scores
    return Predictions(
        judged, {name: np.concatenate([part.scores[name] for part in parts]) for name in systems}
    )


def write_predictions(predictions: Predictions, path: Path) -> str:
    """Write the CSV file, compressed with gzip; returns the SHA-256 of the CSV itself.

    Args:
        path: a name that ends in ``.csv.gz``.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*FACTS, *predictions.scores])
    columns = [[f"{x:.5f}" for x in values] for values in predictions.scores.values()]
    for judged, *scores in zip(predictions.samples, *columns, strict=True):
        label = "generated" if judged.generated else "human"
        facts = (judged.test, judged.id, label, judged.source, judged.family, judged.style)
        writer.writerow([*facts, *scores])
    data = buffer.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_gzip(path, data)
    return hashlib.sha256(data).hexdigest()


def read_predictions(path: FilePath, sha256: str | None = None) -> Predictions:
    """Read the CSV file: compressed where its name ends in ``.gz``, else plain.

    Raises:
        CorpusError: it cannot be read, or is not the CSV with this SHA-256.
    """
    data = read_bytes(path)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CorpusError(f"{path} is not the file that the report was written from (SHA-256)")
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        header, body = rows[0], rows[1:]
        if tuple(header[: len(FACTS)]) != FACTS:
            raise ValueError(f"columns must begin with {', '.join(FACTS)}")
        judged = tuple(
            EvaluatedSample(test, id, label == "generated", source, family, style)
            for test, id, label, source, family, style, *_ in body
        )
        values = np.array([row[len(FACTS) :] for row in body], dtype=np.float64)
        if not body or not np.isfinite(values).all():
            raise ValueError("no rows, or scores that are no numbers")
    except (ValueError, IndexError, csv.Error) as problem:
        raise CorpusError(f"{path} does not hold predictions: {problem}") from problem
    systems = header[len(FACTS) :]
    return Predictions(judged, {name: values[:, i] for i, name in enumerate(systems)})
