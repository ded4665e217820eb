"""A small run of both models: real frozen layers, a few painted pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.training.clip.careful import BASE, CarefulPlan
from tegaki.lab.training.clip.features import FeatureStore
from tegaki.lab.training.clip.runs import TrainingData
from tegaki.model import BASES
from tests.conftest import painting
from tests.lab.tiny import little_shards

PLAN = CarefulPlan(pools=(("mean", 6),), size=128, copies=2, folds=2)
PER_LABEL = {"train": 6, "val": 4, "test_seen": 2, "test_unseen": 2}


def base() -> bytes:
    """The frozen layers that ship."""
    return (BASES / f"{BASE}.onnx").read_bytes()


def little_data(folder: Path) -> TrainingData:
    """Shards of the little corpus, and pictures to play those outside the domain."""
    shards = little_shards(folder, PER_LABEL)
    (folder / "outside").mkdir()
    with (folder / "outside" / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "category", "source", "split"))
        for number in range(4):
            name = f"{number}.jpg"
            painting(96, 96, seed=900 + number).convert("L").convert("RGB").save(
                folder / "outside" / name
            )
            writer.writerow((name, "noise", "made", "train" if number < 3 else "test"))
    return TrainingData(shards, folder / "outside", workers=1)


def samples(shards: ShardSet) -> Iterator[Sample]:
    """All pictures of train."""
    return shards.stream("train")


def tiny_store(folder: Path) -> FeatureStore:
    """Features of the little corpus' training pictures."""
    store = FeatureStore(folder / "features", base(), PLAN.views, PLAN.edits, PLAN.copies)
    store.add(samples(little_shards(folder, PER_LABEL)), workers=1)
    return store
