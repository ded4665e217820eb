"""Drawn pictures through a generator's autoencoder, taken for generated in training.

After Rajan et al., "Aligned Datasets Improve Detection of Latent Diffusion-Generated Images" (ICLR
2025): a drawing and its reconstruction differ in nothing but the decoder's traces, so that a
detector learns these and not what people and generators like to draw.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.training.clip.heads import folds_of
from tools.ideas.data import PLAN, Floats, Half, Rows, Setting
from tools.ideas.fits import (
    FOLDS,
    Axes,
    Names,
    Parts,
    area,
    areas,
    draws,
    interval,
    row,
)
from tools.ideas.taef2 import Autoencoder

SOURCES = 180
"""Of so many sources, the first by name, one drawn picture each goes through the autoencoder, which
takes two seconds."""
SHARES = (0.0, 0.1, 0.25)
"""What these weigh of all that is taken for generated."""
_MADE = "reconstructed"


def reconstructed(setting: Setting, rows: Rows) -> Half:
    """Features of what the autoencoder makes of these pictures, float16 ``(n, copies, features)``;
    the copies are edited as those of the pictures themselves are."""
    autoencoder = Autoencoder(setting.weights)

    def look(name: str) -> Half:
        stream = io.BytesIO()
        autoencoder(setting.picture(name)).save(stream, "PNG")
        return setting.copies(name, stream.getvalue(), setting.edits)

    ids = [setting.pictures.ids[row] for row in rows]
    return setting.kept("aligned", ids, (PLAN.copies, len(PLAN.columns)), look)


class Compared:
    """Heads with and without reconstructed drawings.

    Args:
        values: float32 ``(n, copies, components)``; ``families`` of the generated ones.
        made: likewise of the reconstructed, whose sources are those of the drawings.
    """

    def __init__(
        self, values: Floats, labels: Labels, sources: Names, families: Names,
        made: Floats, made_sources: Names,
    ) -> None:  # fmt: skip
        self.values, self.labels, self.sources = values, labels, sources
        self.families = np.where(labels, families, "human")
        self._names = sorted(set(self.families[labels].tolist()))
        fold = folds_of(sources.tolist(), labels, FOLDS)
        # A drawing's reconstruction stands in the drawing's fold: it shows what is drawn there.
        of_source = dict(zip(sources[~labels].tolist(), fold[~labels].tolist(), strict=True))
        self._parts = Parts(
            np.concatenate([values, made]),
            np.concatenate([self.families, np.full(len(made), _MADE)]),
            np.concatenate([labels, np.ones(len(made), bool)]),
            np.concatenate([sources, made_sources]),
            np.concatenate([fold, [of_source[name] for name in made_sources.tolist()]]),
        )
        self.fold = fold

    def scores(self, share: float, without: str = "") -> Scores:
        """Out-of-source logits ``(n, copies)`` where reconstructions weigh such a share of the
        generated label, without a family of generators."""
        families = [name for name in self._names if name != without]
        mix: list[tuple[Sequence[str], float]] = [
            (("human",), 0.5), (families, 0.5 * (1 - share)), ((_MADE,), 0.5 * share),
        ]  # fmt: skip
        found = np.zeros(self.values.shape[:2])
        for number in np.unique(self.fold):
            head = self._parts.head(int(number), [m for m in mix if m[1]], PLAN.penalty)
            mine = self.fold == number
            rows = self.values[mine]
            found[mine] = head(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
        return found

    def family_rows(self) -> list[dict[str, Any]]:
        """Each family against drawings, by heads that saw neither it nor the drawings' sources; the
        mean over families that are of two sources and more."""
        times = draws(self.labels, self.sources)
        known: dict[float, dict[str, float]] = {}
        drawn: dict[float, list[Any]] = {}
        for share in SHARES:
            known[share], drawn[share] = {}, []
            for family in self._names:
                tested = ~self.labels | (self.families == family)
                if len(np.unique(self.sources[tested & self.labels])) < 2:
                    continue
                scores = self.scores(share, family)[tested, 0]
                of = self.labels[tested], self.sources[tested]
                known[share][family] = round(area(scores, *of), 4)
                drawn[share].append(areas(scores, *of, times[:, tested]))
        rows = []
        for share in SHARES:
            mean = float(np.mean(list(known[share].values())))
            found: dict[str, Any] = {
                "name": f"each family left out, {_words(share)}", "auc": [round(mean, 4)],
                "families": known[share],
            }  # fmt: skip
            if share:
                first = float(np.mean(list(known[0.0].values())))
                apart = np.array(drawn[share]) - np.array(drawn[0.0])
                found["gain"] = interval(mean - first, np.nanmean(apart, axis=0))
            rows.append(found)
        return rows


def measure(setting: Setting, axes: Axes, values: Floats) -> dict[str, Any]:
    """The rows of the table; values of all pictures of the store, ``(n, copies, components)``."""
    pictures = setting.pictures
    labels, sources = pictures.generated, pictures.sources
    named = np.unique(sources[~labels])[:SOURCES]
    rows = pictures.at_most(1, ~labels & np.isin(sources, named))
    made = axes(reconstructed(setting, rows))
    compared = Compared(values, labels, sources, pictures.families, made, sources[rows])
    plain = compared.scores(0.0)
    found = [row(_words(0.0), plain, labels, sources)]
    for share in SHARES[1:]:
        scores = compared.scores(share)
        found.append(row(_words(share), scores, labels, sources, plain))
    return {
        "pictures": len(labels), "sources": len(np.unique(sources)), "reconstructed": len(rows),
        "rows": found + compared.family_rows(),
    }  # fmt: skip


def _words(share: float) -> str:
    return f"reconstructions {share:.0%} of the generated label" if share else "none"
