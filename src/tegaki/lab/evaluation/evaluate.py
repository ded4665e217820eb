"""A model under a protocol: predictions for every test and condition, then a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.errors import CorpusError, PictureError
from tegaki.imaging import Limits, OpenedPicture
from tegaki.lab.corpus import Item
from tegaki.lab.corpus.perturbations import PERTURBATIONS
from tegaki.lab.corpus.protocols import Protocol
from tegaki.lab.corpus.splits import split_name
from tegaki.lab.evaluation.predictors import Predictor
from tegaki.lab.metrics.intervals import FPRS
from tegaki.lab.metrics.predictions import LARGEST, EvaluatedSample, Predictions
from tegaki.results.scoring_config import DecodePolicy

SYSTEM = "model"
"""The column of the one system that an evaluation scores."""

FEWEST = 20
"""Pictures of a label, below which one picture moves a share by more than five points."""


def evaluate(
    predictor: Predictor,
    items: Sequence[Item],
    protocol: Protocol,
    *,
    workers: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Predictions:
    """Score ``val`` (for calibration) and every test, plain and under each condition.

    Args:
        items: in the splits of the protocol (:func:`tegaki.lab.corpus.splits.assign`).
        progress: called with the number of pictures scored.

    Raises:
        CorpusError: a picture cannot be read, a test is empty, or a condition is not known.
    """
    tasks = list(_tasks(items, protocol))

    def score(task: tuple[EvaluatedSample, Item, str]) -> float:
        _, item, condition = task
        picture = _opened(item)
        if condition:
            picture = PERTURBATIONS[condition](picture)
        return float(np.clip(predictor.score(picture, item.id), -LARGEST, LARGEST))

    scores: list[float] = []
    for value in ordered_map(score, tasks, workers):
        scores.append(value)
        progress(len(scores))
    return Predictions(tuple(task[0] for task in tasks), {SYSTEM: np.array(scores)})


def check_split(predictor: Predictor, protocol: Protocol, family: str | None) -> None:
    """Raise :class:`CorpusError` where a model may have been trained on what it is tested on."""
    needed = split_name(protocol, family)
    if predictor.split != needed:
        raise CorpusError(
            f"the model was trained on the split {predictor.split!r}, and the protocol tests on "
            f"{needed!r}: pictures that it may have learnt from"
        )


def count_tasks(items: Sequence[Item], protocol: Protocol) -> int:
    """How many pictures :func:`evaluate` scores."""
    return sum(1 for _ in _tasks(items, protocol))


def too_few(items: Sequence[Item], protocol: Protocol) -> list[str]:
    """What the tests of a protocol have too few pictures for, a sentence a split."""
    said = []
    for split in dict.fromkeys(protocol.tests):
        labels = [item.generated for item in items if item.split == split]
        made, human = sum(labels), len(labels) - sum(labels)
        if min(human, made) < FEWEST:
            said.append(
                f"{split} has {human} human and {made} generated pictures: its figures mean little"
            )
            continue
        # Below that not one human picture may pass, and chance decides where the line falls.
        rates = [rate for rate in FPRS.values() if human * rate < 1]
        if rates:
            limits = _listed([f"{100 * rate:g} %" for rate in rates])
            needed = _listed([f"{round(1 / rate):,}" for rate in rates])
            said.append(
                f"{split} has {human} human pictures: TPR at {limits} FPR means little "
                f"(needs {needed})"
            )
    return said


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _tasks(
    items: Sequence[Item], protocol: Protocol
) -> Iterator[tuple[EvaluatedSample, Item, str]]:
    unknown = sorted(set(protocol.conditions) - set(PERTURBATIONS))
    if unknown:
        raise CorpusError(
            f"protocol {protocol.name} names unknown conditions: {', '.join(unknown)}"
        )
    yield from _split(items, "val", "val", "")
    for split in protocol.tests:
        yield from _split(items, split, split, "")
        for condition in protocol.conditions:
            yield from _split(items, split, f"{split} {condition}", condition)


def _split(
    items: Sequence[Item], split: str, test: str, condition: str
) -> Iterator[tuple[EvaluatedSample, Item, str]]:
    chosen = [item for item in items if item.split == split]
    if {item.generated for item in chosen} != {True, False}:
        raise CorpusError(f"split {split!r} of the corpus lacks pictures of one label or both")
    for i in chosen:
        yield EvaluatedSample(test, i.id, i.generated, i.source, i.family, i.style), i, condition


def _opened(item: Item) -> Image.Image:
    """The picture as users' pictures are decoded."""
    try:
        return OpenedPicture(item.read()).decode(DecodePolicy(), Limits(), min_side=1)[0]
    except PictureError as problem:
        raise CorpusError(f"picture {item.id} cannot be read: {problem}") from problem
