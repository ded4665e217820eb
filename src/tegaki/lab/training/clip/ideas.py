"""Other ways to make a head, measured by leave-sources-out beside the one that ships.

They see the features' main components, where a head takes seconds: standardised features, turned
to their axes of variance (Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning",
section 3.4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.training.clip.heads import Features, Head, by_source, folds_of

_COMPONENTS = 1536
_NEWTON_STEPS = 6
_LIGHTER = 0.1  # a penalty beside the logistic loss, whose curve is flatter
_SMOOTHED = 0.02  # of a label, so that logits stay finite
_ROUNDS, _EMPHASIS = 3, 1.0  # of the reweighting of sources
_BAGS, _BAG = 8, 0.63
_SURE = 0.5  # share of the unlabelled pictures whose labels are taken

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Components:
    """``values`` float32 ``(n, copies, components)``, labels bool ``(n,)``, sources; ``ridge``: the
    penalty of every component, float64 ``(components,)``."""

    values: Floats
    labels: Labels
    sources: npt.NDArray[np.str_]
    ridge: Scores

    def weights(self, rows: Rows, labels: Labels | None = None) -> Scores:
        """:func:`heads.by_source` of some rows, by other labels where they are given."""
        return by_source(
            self.sources[rows].tolist(), self.labels[rows] if labels is None else labels
        )


def components_of(
    features: Features, labels: Labels, sources: Sequence[str], penalty: float
) -> Components:
    """The main components of float32 ``(n, copies, features)``; ``penalty``: of the heads."""
    flat = features.reshape(-1, features.shape[2])
    mean, spread = features[:, 0].mean(axis=0), flat.std(axis=0) + 1e-6
    standard = (flat - mean) / spread
    each = np.repeat(by_source(sources, labels), features.shape[1]).astype(np.float32)
    standard *= np.sqrt(each)[:, None]
    variances, axes = linalg.eigh(standard.T @ standard / len(standard))
    variances, axes = variances[::-1][:_COMPONENTS], axes[:, ::-1][:, :_COMPONENTS]
    standard /= np.maximum(np.sqrt(each), 1e-9)[:, None]
    variances = np.maximum(variances, 0) + penalty
    values = standard @ (axes / np.sqrt(variances)).astype(np.float32)
    shaped = values.reshape(*features.shape[:2], -1)
    return Components(shaped, labels, np.array(sources), penalty / variances.astype(np.float64))


Fit = Callable[[Components, Rows], Head]
"""A head fitted on some rows."""


def leave_sources_out(data: Components, folds: int, fit: Fit) -> Scores:
    """Logits of every copy by heads that saw no picture of its source: ``(n, copies)``."""
    fold = folds_of(data.sources.tolist(), data.labels, folds)
    found = np.zeros(data.values.shape[:2])
    for number in range(folds):
        head = fit(data, np.flatnonzero(fold != number))
        mine = fold == number
        rows = data.values[mine]
        found[mine] = head(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
    return found


def least_squares(data: Components, rows: Rows) -> Head:
    """As the head that ships."""
    return _solved(data, data.values[rows], data.labels[rows], data.weights(rows))


def clean_only(data: Components, rows: Rows) -> Head:
    """Of pictures as they are, without edited copies."""
    return _solved(data, data.values[rows, :1], data.labels[rows], data.weights(rows))


def logistic(data: Components, rows: Rows) -> Head:
    """Logistic regression by Newton's method."""
    values, each, aims = _flat(data.values[rows], data.weights(rows), data.labels[rows])
    aims = aims * (0.5 - _SMOOTHED) + 0.5
    values = np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)
    slopes = np.zeros(values.shape[1])
    ridge = np.append(_LIGHTER * data.ridge, 0.0)
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-(values @ slopes)))
        curve = (each * chance * (1 - chance)).astype(np.float32)
        second = (values * curve[:, None]).T @ values + np.diag(ridge + 1e-9)
        first = values.T @ (each * (aims - chance)) - ridge * slopes
        slopes = slopes + linalg.solve(second, first, assume_a="pos")
    return Head(slopes[:-1], float(slopes[-1]))


def group_dro(data: Components, rows: Rows) -> Head:
    """Sources weigh the more the worse they fare (after Sagawa et al., "Distributionally Robust
    Neural Networks", ICLR 2020)."""
    weights = data.weights(rows)
    _, which = np.unique(data.sources[rows], return_inverse=True)
    aims = np.where(data.labels[rows], 1.0, -1.0)[:, None]
    head = _solved(data, data.values[rows], data.labels[rows], weights)
    for _ in range(_ROUNDS):
        values = data.values[rows]
        logits = head(values.reshape(-1, values.shape[2])).reshape(values.shape[:2])
        losses = ((logits - aims) ** 2).mean(axis=1)
        of_source = np.bincount(which, losses) / np.bincount(which)
        factors = np.exp(_EMPHASIS * (of_source - of_source.mean()))
        head = _solved(data, values, data.labels[rows], weights * factors[which])
    return head


def bagging(data: Components, rows: Rows) -> Head:
    """The mean of heads that each saw a part of the sources."""
    heads = []
    for number in range(_BAGS):
        chosen = _some_sources(data, rows, _BAG, number)
        heads.append(least_squares(data, rows[chosen]))
    weights = np.mean([head.weights for head in heads], axis=0)
    return Head(weights, float(np.mean([head.bias for head in heads])))


def half(data: Components, rows: Rows) -> Head:
    """Of half of the sources: what self-training is to be compared with."""
    return least_squares(data, rows[_some_sources(data, rows, 0.5, 0)])


def self_trained(data: Components, rows: Rows) -> Head:
    """Likewise, and of the other half with the labels that this head gives to the surer ones."""
    known = _some_sources(data, rows, 0.5, 0)
    rest = rows[~known]
    logits = half(data, rows)(data.values[rest, 0])
    sure = np.abs(logits) > np.quantile(np.abs(logits), 1 - _SURE)
    both = np.concatenate([rows[known], rest[sure]])
    labels = np.concatenate([data.labels[rows[known]], logits[sure] > 0])
    return _solved(data, data.values[both], labels, data.weights(both, labels))


HEAD_METHODS: dict[str, Fit] = {
    "least squares, as it ships": least_squares,
    "logistic regression": logistic,
    "sources weighed by how badly they fare (group DRO)": group_dro,
    "mean of 8 heads, each of 63 % of the sources": bagging,
    "without edited copies": clean_only,
    "half of the sources": half,
    "half of the sources, the rest without labels (self-training)": self_trained,
}


def _some_sources(data: Components, rows: Rows, share: float, seed: int) -> Labels:
    """Which rows are of a share of the sources, drawn at random."""
    names = np.unique(data.sources[rows])
    drawn = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    found: Labels = np.isin(data.sources[rows], drawn)
    return found


def _flat(values: Floats, weights: Scores, labels: Labels) -> tuple[Floats, Scores, Scores]:
    """Every copy as a row, with weights that add up to 1 and labels -1 and 1."""
    copies = values.shape[1]
    each = np.repeat(weights / weights.sum() / copies, copies)
    return values.reshape(-1, values.shape[2]), each, np.repeat(np.where(labels, 1.0, -1.0), copies)


def _solved(data: Components, values: Floats, labels: Labels, weights: Scores) -> Head:
    flat, each, aims = _flat(values, weights, labels)
    mean = each @ flat
    weighed = flat * each[:, None].astype(np.float32)
    inner = (weighed.T @ flat).astype(np.float64) - np.outer(mean, mean) + np.diag(data.ridge)
    middle = float(each @ aims)
    slopes = linalg.solve(inner, (each * aims) @ flat - middle * mean, assume_a="pos")
    return Head(slopes, middle - float(slopes @ mean))
