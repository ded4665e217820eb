"""Linear heads on main components, and how much better one idea is than another.

The features' main components, least squares with a penalty, and heads that never see a source that
they are tested on, as in :mod:`tegaki.lab.training.clip.heads`; in a few hundred components a head
takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy import linalg

from tegaki.lab.metrics.metrics import Labels, Scores, roc
from tegaki.lab.training.clip.heads import Head, Moments, by_source, moments_of
from tools.ideas.data import PLAN, Floats, Half, Rows

FOLDS = 4
COMPONENTS = 1536
_DRAWS = 400
_CHUNK = 512
Names = npt.NDArray[np.str_]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axes:
    """Main axes of standardised features: ``mean`` and ``spread`` float32 ``(features,)``; ``turn``
    float32 ``(features, components)``; ``variances`` float32 ``(components,)``, falling."""

    mean: Floats
    spread: Floats
    turn: Floats
    variances: Floats

    @classmethod
    def of(cls, features: Half, weights: Scores) -> Axes:
        """Of float16 ``(n, copies, features)``, pictures weighing float64 ``(n,)``."""
        flat = features.reshape(-1, features.shape[-1]).astype(np.float32)
        mean, spread = flat.mean(axis=0), flat.std(axis=0) + np.float32(1e-6)
        each = np.repeat(weights / weights.mean(), features.shape[1]).astype(np.float32)
        flat -= mean
        flat /= spread
        flat *= np.sqrt(each)[:, None]
        kept = min(COMPONENTS, flat.shape[1])
        some = (flat.shape[1] - kept, flat.shape[1] - 1)
        variances, turn = linalg.eigh(flat.T @ flat / len(flat), subset_by_index=some)
        return cls(mean, spread, np.ascontiguousarray(turn[:, ::-1]), variances[::-1].copy())

    def __call__(self, features: Half) -> Floats:
        """float16 ``(n, copies, features)`` to float32 ``(n, copies, components)``."""
        found = np.empty((*features.shape[:2], self.turn.shape[1]), np.float32)
        for start in range(0, len(features), _CHUNK):
            some = features[start : start + _CHUNK].astype(np.float32)
            found[start : start + _CHUNK] = ((some - self.mean) / self.spread) @ self.turn
        return found


def turned(features: Floats) -> Floats:
    """Components of float32 ``(n, features)`` that lose nothing of it, ``(n, 1, n)``: for fewer
    pictures than features."""
    standard = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    variances, axes = linalg.eigh(standard @ standard.T)
    values: Floats = (axes * np.sqrt(np.maximum(variances, 0))).astype(np.float32)
    return values[:, None]


class Parts:
    """Moments over every fold and group of pictures, of which heads are put together.

    Args:
        values: float32 ``(n, copies, components)``.
        groups: of a group all pictures are drawn, or all are taken for generated.
        generated: what the head is told of them.
        fold: int64 ``(n,)``; no source stands in two.
    """

    def __init__(
        self, values: Floats, groups: Names, generated: Labels, sources: Names, fold: Rows
    ) -> None:
        self.fold = fold
        offset = np.zeros(values.shape[2], np.float32)
        self._rest: dict[tuple[int, str], tuple[Moments, int]] = {}
        for group in np.unique(groups).tolist():
            of_fold: dict[int, tuple[Moments, int]] = {}
            for number in np.unique(fold[groups == group]).tolist():
                mine = np.flatnonzero((fold == number) & (groups == group))
                _, which, counts = np.unique(sources[mine], return_inverse=True, return_counts=True)
                label = bool(generated[mine[0]])
                sums = moments_of(values[mine], 1 / counts[which], label, offset)
                of_fold[number] = sums, len(counts)
            for number in np.unique(fold).tolist():
                rest = [part for its, part in of_fold.items() if its != number]
                if rest:
                    total = reduce(Moments.__add__, (sums for sums, _ in rest))
                    self._rest[number, group] = total, sum(count for _, count in rest)

    def head(
        self, without: int, mix: Sequence[tuple[Sequence[str], float]], penalty: float
    ) -> Head:
        """A head that sees nothing of one fold.

        Args:
            mix: groups, and what they weigh together; within them sources weigh alike.
        """
        parts = []
        for groups, weight in mix:
            some = [self._rest[key] for key in ((without, g) for g in groups) if key in self._rest]
            sources = sum(count for _, count in some)
            parts += [sums * (weight / sources) for sums, _ in some]
        return ridge(reduce(Moments.__add__, parts), penalty)

    def scores(
        self, mix: Sequence[tuple[Sequence[str], float]], values: Floats, penalty: float
    ) -> Scores:
        """Logits of other features of the same pictures, ``(n, copies)``, of each by the head that
        saw none of its fold."""
        found = np.zeros(values.shape[:2])
        for number in np.unique(self.fold):
            mine = self.fold == number
            rows = values[mine]
            head = self.head(int(number), mix, penalty)
            found[mine] = head(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
        return found


BOTH = ((("human",), 0.5), (("generated",), 0.5))
"""The mix of the head that ships."""


def named(generated: Labels) -> Names:
    """Groups of :data:`BOTH`."""
    return np.where(generated, "generated", "human")


def least_squares(
    values: Floats, generated: Labels, sources: Names, fold: Rows, penalty: float = PLAN.penalty
) -> Scores:
    """Out-of-source logits ``(n, copies)`` of heads like the one that ships."""
    parts = Parts(values, named(generated), generated, sources, fold)
    return parts.scores(BOTH, values, penalty)


def ridge(sums: Moments, penalty: float) -> Head:
    """Least squares with ``penalty`` times the squared weights beside the mean square, of features
    that are standardised already."""
    total = sums.second[-1, -1]
    mean = sums.second[-1, :-1] / total
    inner = sums.second[:-1, :-1] / total - np.outer(mean, mean)
    inner[np.diag_indices_from(inner)] += penalty
    middle = sums.first[-1] / total
    aim = sums.first[:-1] / total - middle * mean
    slopes = linalg.solve(inner, aim, assume_a="pos", overwrite_a=True)
    return Head(slopes, float(middle - slopes @ (mean + sums.offset)))


def draws(generated: Labels, sources: Names, count: int = _DRAWS) -> Weights:
    """How often each picture stands in draws of whole sources, label by label: ``(count, n)``."""
    rng = np.random.default_rng(0)
    found = np.zeros((count, len(sources)))
    for label in (False, True):
        mine = np.flatnonzero(generated == label)
        names, which = np.unique(sources[mine], return_inverse=True)
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), count)
        found[:, mine] = times[:, which]
    return found


def areas(scores: Scores, generated: Labels, sources: Names, times: Weights) -> Weights:
    """AUC of float64 ``(n,)`` in every draw, sources weighing alike."""
    weights = times * by_source(sources.tolist(), generated)
    with np.errstate(invalid="ignore"):  # a draw may hold no picture of a label
        return roc(scores, generated, weights).area()


def area(scores: Scores, generated: Labels, sources: Names) -> float:
    """AUC, sources weighing alike."""
    return float(areas(scores, generated, sources, np.ones((1, len(scores))))[0])


def row(
    name: str, scores: Scores, generated: Labels, sources: Names, beside: Scores | None = None
) -> dict[str, object]:
    """What a table shows of an idea: AUC of every copy, ``(n, copies)``, and how much that is above
    others' scores of the pictures as they are, with the 95 % interval over sources."""
    found: dict[str, object] = {
        "name": name,
        "auc": [round(area(scores[:, c], generated, sources), 4) for c in range(scores.shape[1])],
    }
    if beside is not None:
        times = draws(generated, sources)
        more, less = (areas(s[:, 0], generated, sources, times) for s in (scores, beside))
        gain = area(scores[:, 0], generated, sources) - area(beside[:, 0], generated, sources)
        found["gain"] = interval(gain, more - less)
    return found


def interval(value: float, drawn: Weights) -> list[float]:
    """A value and its 95 % interval."""
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return [round(float(each), 4) for each in (value, low, high)]


def standardised(scores: Scores) -> Scores:
    """Logits in units of their spread."""
    found: Scores = scores / scores[:, :1].std()
    return found
