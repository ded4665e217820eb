"""Features are kept once, whatever stops a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tegaki.lab.models.clip_onnx import LAYERS, POOLS, WIDTH
from tegaki.lab.training.clip.features import SIDE, FeatureStore, copies_of
from tests.lab.tiny import little_shards
from tests.lab.training.clip.made import PER_LABEL, PLAN, base, samples, tiny_store


def test_what_is_kept(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    count = 2 * PER_LABEL["train"]
    assert store.features().shape == (count, 2, len(LAYERS) * len(POOLS) * WIDTH)
    assert store.tokens().shape == (count, 2, 8 * 8 + 1, WIDTH)
    assert store.pixels().shape == (count, 2, SIDE, SIDE, 3)
    assert {one.generated for one in store.index()} == {True, False}
    assert np.isfinite(store.features().astype(np.float32)).all()


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """Killed in the middle of a picture, the files hold more than the index says."""
    whole = tiny_store(tmp_path / "whole")
    shards = little_shards(tmp_path / "again", PER_LABEL)
    folder = tmp_path / "again" / "features"
    first = FeatureStore(folder, base(), PLAN.views, PLAN.edits, PLAN.copies)
    few = [sample for number, sample in enumerate(samples(shards)) if number < 5]
    first.add(few, workers=1)
    with (folder / "features.f16").open("ab") as stream:
        stream.write(b"half a row")
    with (folder / "tokens.f16").open("ab") as stream:
        stream.write(bytes(1000))
    second = FeatureStore(folder, base(), PLAN.views, PLAN.edits, PLAN.copies)
    second.add(samples(shards), workers=2)
    assert [one.id for one in second.index()] == [one.id for one in whole.index()]
    assert np.array_equal(second.features(), whole.features())
    assert np.array_equal(second.tokens(), whole.tokens())
    assert np.array_equal(second.pixels(), whole.pixels())


def test_copies_are_the_same_every_time(tmp_path: Path) -> None:
    sample = next(iter(samples(little_shards(tmp_path, PER_LABEL))))
    one, two = (list(copies_of(sample, PLAN.views, PLAN.edits, 3)) for _ in range(2))
    assert [np.asarray(copy).tobytes() for copy in one] == [
        np.asarray(copy).tobytes() for copy in two
    ]
    assert len({np.asarray(copy).tobytes() for copy in one}) == 3
