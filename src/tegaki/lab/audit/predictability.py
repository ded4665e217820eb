"""How well a property alone predicts the label: boosted trees, judged on pictures held out.

Twice over. In *random* folds a picture's own source is among the training pictures, so the trees
may know its look: the figure of whoever splits a data set at random. In folds *by source* they
have never seen it: what is left is what holds for the label as such.

An AUC is taken over pairs of pictures that the same trees scored (those of one fold): scores of
different trees do not share a scale, and comparing them makes coarse properties look harmless.
Labels weigh alike, whatever their counts: scores are those of balanced training, and the accuracy
is the mean of both labels'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tegaki.errors import CorpusError, MissingExtra
from tegaki.lab.audit.properties import Features, Property, columns
from tegaki.lab.metrics.metrics import Labels, Scores, auc, bootstrap_by_source

FOLDS = 5
PARTITIONS = 3  # by source the figure depends on who falls together: 0.80 to 0.85 for one property
DRAWS = 500  # of sources, for an interval
FEWEST = 20  # pictures of each label; with fewer, folds hold too little to say anything
FINE, WEAK = 0.60, 0.70  # AUC up to which a property is fine, or tells something

Verdict = Literal["fine", "tells sources apart", "weak", "gives the label away"]

_Matrix = npt.NDArray[np.float64]
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The pictures' labels, bool ``(n,)``, True = generated; and where each comes from."""

    generated: Labels
    sources: tuple[str, ...]

    @property
    def sources_per_label(self) -> tuple[int, int]:
        """How many sources human pictures have, and generated ones."""
        human, generated = (
            len({s for s, g in zip(self.sources, self.generated, strict=True) if g == label})
            for label in (False, True)
        )
        return human, generated

    @property
    def split_by_source(self) -> bool:
        """Whether sources can be held out: that takes two of each label."""
        return min(self.sources_per_label) >= 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """AUC with its 95 % interval, and accuracy (both labels weigh alike); 0-1, 0.5 is chance."""

    auc: float
    low: float
    high: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What one property is worth as a predictor of the label.

    ``varying``: its features that are not the same for all pictures. ``by_source`` is ``None``
    where a label has one source only.
    """

    property: Property
    varying: tuple[str, ...]
    random: Estimate
    by_source: Estimate | None
    verdict: Verdict


CHANCE = Estimate(0.5, 0.5, 0.5, 0.5)


def check_extra() -> None:
    """Raise :class:`MissingExtra` where scikit-learn is not installed: before pictures are read."""
    _part("sklearn.ensemble")


def check_enough(labelled: Labelled) -> None:
    """Raise :class:`CorpusError` where there are too few pictures of a label."""
    generated = int(labelled.generated.sum())
    for label, count in (("human", len(labelled.generated) - generated), ("generated", generated)):
        if count < FEWEST:
            raise CorpusError(
                f"{count} readable {label} pictures: an audit needs {FEWEST} of each label"
            )


def assess(property: Property, rows: Sequence[Features], labelled: Labelled) -> Finding:
    """Predict the label from one property.

    Args:
        rows: features of each picture, in the order of ``labelled``.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    matrix, varying = columns(rows, property.features)
    if not varying:
        by_source = CHANCE if labelled.split_by_source else None
        return Finding(property, (), CHANCE, by_source, "fine")
    random = _estimate(matrix, labelled, by_source=False)
    by_source = _estimate(matrix, labelled, by_source=True) if labelled.split_by_source else None
    return Finding(property, varying, random, by_source, _verdict(random, by_source))


def _verdict(random: Estimate, by_source: Estimate | None) -> Verdict:
    """An AUC under 0.5 is chance: trees that are wrong about new sources have learnt nothing."""
    decisive = by_source or random
    if decisive.auc > WEAK and decisive.low > 0.5:
        return "gives the label away"
    if decisive.auc > FINE:
        return "weak"
    return "fine" if random.auc <= FINE else "tells sources apart"


def _estimate(matrix: _Matrix, labelled: Labelled, *, by_source: bool) -> Estimate:
    generated = labelled.generated
    runs = [
        _held_out(matrix, labelled, _folds(labelled, by_source, seed))
        for seed in range(PARTITIONS if by_source else 1)
    ]

    def within_folds(chosen: _Places, drawn: Labels) -> list[float]:
        found = (_auc(scores[chosen], drawn, folds[chosen]) for scores, folds in runs)
        return [value for value in found if value is not None]

    places = np.arange(len(generated))
    value = float(np.mean(within_folds(places, generated) or [0.5]))

    def drawn_anew(chosen: Scores, drawn: Labels) -> float:
        found = within_folds(chosen.astype(np.intp), drawn)
        return float(np.mean(found)) if found else value  # no pair left: it says nothing

    # One source a label cannot be drawn anew: then pictures stand for themselves.
    sources = labelled.sources if labelled.split_by_source else [str(i) for i in range(len(places))]
    low, high = bootstrap_by_source(
        drawn_anew, places.astype(np.float64), generated, sources, draws=DRAWS
    )
    right = [[(s[generated == g] > 0.5) == g for g in (False, True)] for s, _ in runs]
    accuracy = float(np.mean([np.mean(label) for run in right for label in run]))
    return Estimate(value, low, high, accuracy)


def _auc(scores: Scores, generated: Labels, folds: _Places) -> float | None:
    """AUC over all pairs inside folds: the folds' AUCs, weighted by their pairs, if any."""
    total = weight = 0.0
    for fold in range(FOLDS):
        inside = folds == fold
        labels = generated[inside]
        pairs = float(labels.sum()) * float((~labels).sum())
        if pairs:
            total += pairs * auc(scores[inside], labels)
            weight += pairs
    return total / weight if weight else None


def _folds(labelled: Labelled, by_source: bool, seed: int) -> _Places:
    """The fold ``0 .. FOLDS-1`` of each picture, labels alike in all."""
    selection = _part("sklearn.model_selection")
    generated = labelled.generated
    if by_source:
        count = min(FOLDS, *labelled.sources_per_label)
        kind = selection.StratifiedGroupKFold
    else:
        count, kind = FOLDS, selection.StratifiedKFold
    groups = {"groups": labelled.sources} if by_source else {}
    which = np.zeros(len(generated), dtype=np.intp)
    splits = kind(count, shuffle=True, random_state=seed).split(generated, generated, **groups)
    for number, (_, held_out) in enumerate(splits):
        which[held_out] = number
    return which


def _held_out(matrix: _Matrix, labelled: Labelled, folds: _Places) -> tuple[Scores, _Places]:
    """Each picture's score by trees that did not learn from its fold, and the folds."""
    boosted = _part("sklearn.ensemble").HistGradientBoostingClassifier
    generated = labelled.generated
    scores = np.full(len(generated), 0.5)
    # One thread: rows are few, and several wait for each other longer than they work.
    with _part("threadpoolctl").threadpool_limits(1):
        for fold in np.unique(folds):
            inside = folds == fold
            if len(np.unique(generated[~inside])) < 2:
                continue  # a label's sources all fell together: nothing can be learnt
            trees = boosted(
                min_samples_leaf=min(20, max(2, int((~inside).sum()) // 20)),
                random_state=0,
            )
            trees.fit(matrix[~inside], generated[~inside])
            chances = trees.predict_proba(matrix[inside])[:, 1]
            scores[inside] = _as_if_balanced(chances, float(generated[~inside].mean()))
    return np.round(scores, 9), folds  # equal pictures stay equal


def _as_if_balanced(chances: Scores, share: float) -> Scores:
    """Probabilities as if ``share``, that of generated pictures in training, had been a half.

    M. Saerens et al., "Adjusting the Outputs of a Classifier to New a Priori Probabilities",
    Neural Computation 14(1), 2002, eq. 2.4. (Weights in training do the same at half the speed.)
    """
    generated, human = chances / share, (1 - chances) / (1 - share)
    balanced: Scores = generated / (generated + human)
    return balanced


def _part(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as problem:
        raise MissingExtra("the audit of a data set", "lab") from problem
