"""What both models say of sources that neither has seen.

Of the careful model these are its out-of-source logits, of the fast one those of the sources that
were kept from it. They say where the fast model decides alone, and whether the sum of both would be
better than the careful one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tegaki.errors import TrainingError
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.training.clip.study import aucs

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0)
"""What is tried of the fast model's logit beside the careful one's, both calibrated."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Calibrated logits float64 ``(n, copies)`` of pictures whose sources neither model has seen;
    ``labels`` bool ``(n,)``."""

    careful: Scores
    fast: Scores
    labels: Labels
    sources: list[str]

    @classmethod
    def of_runs(cls, careful: Path, fast: Path) -> HeldOut:
        """What two finished runs kept of the pictures that both have scored.

        Raises:
            TrainingError: they have none in common.
        """
        with np.load(careful / "scores.npz") as first, np.load(fast / "scores.npz") as second:
            place = {name: number for number, name in enumerate(first["ids"].tolist())}
            ids = second["ids"].tolist()
            if not ids or not place.keys() >= set(ids):
                raise TrainingError(f"{careful} has not scored the pictures that {fast} has")
            rows = [place[name] for name in ids]
            return cls(
                first["scores"][rows], second["scores"],
                second["labels"], second["sources"].tolist(),
            )  # fmt: skip


def sums(held: HeldOut) -> list[dict[str, Any]]:
    """AUC of every copy by how much of the fast model's logit is added."""
    return [
        {"weight": w, "auc": aucs(held.careful + w * held.fast, held.labels, held.sources)}
        for w in WEIGHTS
    ]
