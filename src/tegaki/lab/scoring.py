"""Corpus pictures scored as a user's are: through the detector, without PyTorch."""

from __future__ import annotations

import numpy as np

from tegaki.detector import Detector, default_workers
from tegaki.errors import CorpusError
from tegaki.lab.corpus import Item
from tegaki.lab.metrics import Labels, Scores
from tegaki.ordered import ordered_map


def score_split(detector: Detector, items: tuple[Item, ...]) -> tuple[Scores, Labels]:
    """Logits float64 ``(n,)`` and labels bool ``(n,)`` of a split, by the shipped path."""
    rows = list(
        ordered_map(
            lambda item: detector.inspect_bytes(item.read(), item.id), items, default_workers()
        )
    )
    failed = [row for row in rows if row.error]
    if failed:
        raise CorpusError(f"{len(failed)} pictures cannot be read, first {failed[0].path}")
    scores = np.array([row.logit for row in rows], dtype=np.float64)
    return scores, np.array([item.generated for item in items])
