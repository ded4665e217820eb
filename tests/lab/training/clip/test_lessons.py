"""A crop of a picture and the teacher's tokens for it are of the same part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tegaki.lab.training.clip.features import SIDE, FeatureStore, SampleInfo
from tegaki.lab.training.clip.lessons import DistillationBatches, _box, _grids
from tests.lab.training.clip.made import tiny_store

GRID = 10


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("store"))


def lessons(store: FeatureStore, **changes: object) -> DistillationBatches:
    rows = np.arange(len(store.index()))
    logits = np.arange(rows.size * store.copies, dtype=np.float64).reshape(rows.size, store.copies)
    settings = {"components": 8, "size": 64, "cells": 2, "area": (0.4, 1.0)} | changes
    return DistillationBatches(store, rows, logits, **settings)  # type: ignore[arg-type]


def test_shapes_and_ranges(store: FeatureStore) -> None:
    batch = next(lessons(store).batches(1, 6, np.random.default_rng(0)))
    assert batch.views.shape == (6, 3, 64, 64)
    assert batch.views.min() >= -1 - 1e-5
    assert batch.views.max() <= 1 + 1e-5
    assert batch.targets.shape == (6, 8, 2, 2)
    assert set(batch.labels.tolist()) <= {0.0, 1.0}


def test_the_same_seed_draws_the_same(store: FeatureStore) -> None:
    made = lessons(store)
    one, two = (next(made.batches(1, 4, np.random.default_rng(7))) for _ in range(2))
    assert torch.equal(one.views, two.views)
    assert torch.equal(one.targets, two.targets)


def test_labels_and_logits_go_with_the_picture(store: FeatureStore) -> None:
    made = lessons(store)
    batch = next(made.batches(1, 32, np.random.default_rng(3)))
    rows = (batch.logits.numpy() // store.copies).astype(int)
    assert [bool(x) for x in batch.labels] == [made.info[row].generated for row in rows]


@pytest.mark.parametrize("seed", range(8))
def test_views_and_targets_see_the_same_part(seed: int) -> None:
    """Two maps of the same plane, one fine, one coarse, sampled by one box, agree, mirrored too."""
    box = _box((0.4, 1.0), np.random.default_rng(seed))[None]

    def plane(side: int) -> torch.Tensor:
        steps = (torch.arange(side) + 0.5) / side
        return torch.stack(torch.meshgrid(steps, steps, indexing="ij"))[None]

    fine, coarse = (
        torch.nn.functional.grid_sample(
            plane(side), _grids(box, 4), "bilinear", "border", align_corners=False
        )
        for side in (SIDE, GRID)
    )
    assert torch.allclose(fine, coarse, atol=0.5 / GRID)
    left, upper, width, height = (float(x) for x in box[0])
    assert fine[0, 1, 0, 0] == pytest.approx(left + width / 8, abs=0.5 / GRID)
    assert fine[0, 0, -1, 0] == pytest.approx(upper + height * 7 / 8, abs=0.5 / GRID)


def test_sources_weigh_by_the_root_of_their_size() -> None:
    from tegaki.lab.training.clip.lessons import _chances

    described = [SampleInfo(str(k), False, "large", "") for k in range(9)]
    described += [SampleInfo("s", False, "small", ""), SampleInfo("g", True, "made", "x")]
    chances = _chances(described)
    assert chances[:9].sum() == pytest.approx(3 * chances[9])
    assert chances[10] == pytest.approx(0.5)


def test_a_store_of_another_recipe_is_refused(store: FeatureStore, tmp_path: Path) -> None:
    from tegaki.errors import TrainingError
    from tests.lab.training.clip.made import PLAN, base

    with pytest.raises(TrainingError, match="another model or recipe"):
        FeatureStore(store.folder, base(), PLAN.views, PLAN.edits, PLAN.copies + 1)
