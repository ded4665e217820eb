"""The audit of a model: how far its scores move with what is not drawing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import Detector, default_workers
from tegaki.errors import CorpusError, PictureError
from tegaki.imaging import OpenedPicture
from tegaki.lab.audit.dataset import (
    Counts,
    Progress,
    Unreadable,
    bytes_of,
    counts_of,
    labelled_by,
    unreadable,
)
from tegaki.lab.audit.predictability import DRAWS, Labelled, check_enough
from tegaki.lab.corpus import Item
from tegaki.lab.corpus.perturbations import PERTURBATIONS
from tegaki.lab.metrics.metrics import Labels, Scores, auc, bootstrap_by_source
from tegaki.results.result import Result, Verdict

STRIPPED = "metadata-stripped"
PERTURBATIONS_USED = (
    "bars", "square", "resize-0.5", "upsample-2", "jpeg-75", "webp-80", "flip",
)  # fmt: skip
LEANS = 0.05  # points of AUC: more is not lost by chance where the interval is clear of zero


@dataclass(frozen=True, slots=True)
class RobustnessResult:
    """What one condition does to the scores of the pictures that can be judged both ways.

    Attributes:
        pictures: how many they are.
        logit, probability: mean of absolute moves.
        human_logit, generated_logit: mean of signed moves; positive leans to *generated*.
        verdicts: share of verdicts that change, 0-1.
        auc_plain, auc: without the condition and with it.
        low, high: 95 % interval of the change of AUC, drawn by source.
        leans: the AUC falls by more than 0.05, surely; or, where nothing may move, anything does.
    """

    condition: str
    description: str
    pictures: int
    logit: float
    probability: float
    human_logit: float
    generated_logit: float
    verdicts: float
    auc_plain: float
    auc: float
    low: float
    high: float
    leans: bool


@dataclass(frozen=True, slots=True)
class ModelAudit:
    """How a model takes each condition. ``training_left_out``: pictures it may have learnt from."""

    model: str
    recipe: str
    counts: Counts
    training_left_out: int
    moves: tuple[RobustnessResult, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def gives_away(self) -> tuple[str, ...]:
        """Names of the conditions that the model leans on."""
        return tuple(move.condition for move in self.moves if move.leans)


@dataclass(frozen=True, slots=True)
class _Score:
    logit: float
    probability: float
    verdict: Verdict


_Scores = dict[str, _Score | None]
_PLAIN = "plain"


def not_trained_on(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items of other splits than ``train``, or all of them where there are no others."""
    return tuple(item for item in items if item.split != "train") or tuple(items)


def audit_model(
    detector: Detector, items: Sequence[Item], progress: Progress, *, left_out: int = 0
) -> ModelAudit:
    """Score every picture as it is and under each condition, and compare.

    Args:
        left_out: how many pictures were left out before, to be told in the result.

    Raises:
        CorpusError: too few pictures can be judged.
    """
    scored: list[tuple[Item, _Scores]] = []
    failed: list[Unreadable] = []
    outcomes = ordered_map(lambda item: _scores(detector, item), items, default_workers())
    for number, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, Unreadable):
            failed.append(outcome)
        else:
            scored.append((items[number - 1], outcome))
        progress("scoring", number, len(items))
    labelled = labelled_by(item for item, _ in scored)
    check_enough(labelled)
    rows = [scores for _, scores in scored]
    moves = tuple(
        _robustness(name, description, rows, labelled)
        for name, description in _descriptions().items()
    )
    return ModelAudit(
        detector.bundle.id,
        detector.bundle.config.hash,
        counts_of(labelled),
        left_out,
        moves,
        tuple(failed),
    )


def _descriptions() -> dict[str, str]:
    stripped = "the same pixels saved as PNG without metadata; nothing may move"
    return {STRIPPED: stripped} | {
        name: PERTURBATIONS[name].description for name in PERTURBATIONS_USED
    }


def _scores(detector: Detector, item: Item) -> _Scores | Unreadable:
    """Scores by condition; ``None`` where a changed picture is too small to judge."""
    recipe = detector.bundle.steps[0].config  # all steps decode alike
    try:
        data = bytes_of(item)
        opened = OpenedPicture(data)
        picture, _ = opened.decode(recipe.decode, detector.limits, recipe.views.min_side)
    except PictureError as problem:
        return unreadable(item, problem)
    plain = detector.inspect(data)
    if plain.error is not None:  # blank, say
        return Unreadable(item.id, plain.error.type, plain.error.message)
    files = {STRIPPED: _bare(picture, "PNG")}
    files |= {name: _bare(PERTURBATIONS[name](picture), "BMP") for name in PERTURBATIONS_USED}
    rows = {_PLAIN: plain} | {n: detector.inspect(file) for n, file in files.items()}
    return {name: _score(row) for name, row in rows.items()}


def _bare(picture: Image.Image, format: str) -> bytes:
    """A lossless file of the pixels alone, without what Pillow keeps beside them."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(buffer, format)
    return buffer.getvalue()


def _score(row: Result) -> _Score | None:
    if row.logit is None or row.probability is None:
        return None
    return _Score(row.logit, row.probability, row.verdict)


def _robustness(
    condition: str, description: str, rows: Sequence[_Scores], labelled: Labelled
) -> RobustnessResult:
    pairs = [(i, row[_PLAIN], row[condition]) for i, row in enumerate(rows)]
    both = [(i, a, b) for i, a, b in pairs if a is not None and b is not None]
    chosen = [i for i, _, _ in both]
    generated = labelled.generated[chosen]
    if len(np.unique(generated)) < 2:
        raise CorpusError(f"too few pictures can be judged under condition {condition!r}")
    sources = [labelled.sources[i] for i in chosen]
    plain = np.array([a.logit for _, a, _ in both])
    moved = np.array([b.logit for _, _, b in both])
    change = moved - plain
    chances = np.array([b.probability - a.probability for _, a, b in both])
    low, high = _auc_change(plain, moved, generated, sources)
    before, after = auc(plain, generated), auc(moved, generated)
    still = condition != STRIPPED
    return RobustnessResult(
        condition=condition,
        description=description,
        pictures=len(both),
        logit=_mean(np.abs(change)),
        probability=_mean(np.abs(chances)),
        human_logit=_mean(change[~generated]),
        generated_logit=_mean(change[generated]),
        verdicts=_mean(np.array([a.verdict != b.verdict for _, a, b in both])),
        auc_plain=before,
        auc=after,
        low=low,
        high=high,
        leans=(before - after > LEANS and high < 0) if still else bool(change.any()),
    )


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean())


def _auc_change(
    plain: Scores, moved: Scores, generated: Labels, sources: Sequence[str]
) -> tuple[float, float]:
    """95 % interval of AUC moved minus AUC plain, the same pictures in both."""

    def change(places: Scores, drawn: Labels) -> float:
        chosen = places.astype(np.intp)
        return auc(moved[chosen], drawn) - auc(plain[chosen], drawn)

    places = np.arange(len(generated), dtype=np.float64)
    return bootstrap_by_source(change, places, generated, sources, draws=DRAWS)
