"""Cached features: what is kept, what is refused, and memory that does not grow."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from tegaki.errors import TrainingError  # noqa: E402
from tegaki.lab.corpus import ShardSet  # noqa: E402
from tegaki.lab.models.classifier import Classifier  # noqa: E402
from tegaki.lab.training import feature_cache  # noqa: E402
from tegaki.lab.training.data import FeatureInputs  # noqa: E402
from tegaki.lab.training.distributed import single_process  # noqa: E402
from tegaki.lab.training.feature_cache import FeatureCache, FeatureFile  # noqa: E402
from tests.lab.tiny import little_shards, one_thread, tiny  # noqa: E402, F401

pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE = tiny("enhanced")


class Columns:
    """In place of a backbone, which takes seconds to compile: the left column's mean."""

    def __init__(self, network: Classifier, count: int, size: int) -> None:
        self.channels = network.channels

    def __call__(self, view: np.ndarray) -> np.ndarray:
        return np.full((self.channels, 1, 1), view[:, :, :8].mean())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_cache, "FrozenLayers", Columns)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return little_shards(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def network() -> Classifier:
    return Classifier(RECIPE.network)


def test_what_is_kept_is_what_the_shards_hold(
    shards: ShardSet, network: Classifier, tmp_path: Path
) -> None:
    file = FeatureCache(network, shards, tmp_path, 64).split("val", ("plain", "flipped"))
    samples = list(shards.stream("val"))
    assert file.size == len(samples) == 16
    assert [(f.id, f.generated, f.source, f.family) for f in file.samples] == [
        (s.id, s.generated, s.source, s.family) for s in samples
    ]
    assert file.generated.tolist() == [s.generated for s in samples]
    plain, flipped = (file.all_rows(view) for view in ("plain", "flipped"))
    assert plain.shape == flipped.shape == (16, 1280)
    assert not np.array_equal(plain, flipped)


def test_batches_keep_features_and_labels_together(
    shards: ShardSet, network: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several chunks, whatever their order; and no fact is read."""
    monkeypatch.setattr(feature_cache, "CHUNK", 5)
    inputs = FeatureInputs(network, shards, RECIPE, tmp_path, 2, single_process())
    label_of = {
        row.tobytes(): generated
        for row, generated in zip(
            inputs.train.all_rows("plain"), inputs.train.generated, strict=True
        )
    }
    for path in tmp_path.glob("*.facts"):
        path.unlink()
    seen = [
        (row.tobytes(), bool(label))
        for batch, labels in inputs.batches(0, 0, 0)
        for row, label in zip(batch.numpy(), labels, strict=True)
    ]
    assert len(seen) == len(label_of) == 32
    assert all(label_of[row] == label for row, label in seen)
    assert inputs.validate(network, 0)[1].sum() == 8


def test_memory_does_not_grow_with_the_set(tmp_path: Path) -> None:
    """Twenty times the pictures, the same peak."""

    def peak(pictures: int) -> int:
        path = tmp_path / f"{pictures}.f32"
        np.zeros((pictures, 1, 4), np.float32).tofile(path)
        np.zeros(pictures, np.uint8).tofile(path.with_suffix(".labels"))
        file = FeatureFile(path, ("plain",), 4, pictures)
        tracemalloc.start()
        for chunk, rows in enumerate(file.rows("plain")):
            assert len(rows) == len(file.labels(chunk))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40 * feature_cache.CHUNK) < 1.2 * peak(2 * feature_cache.CHUNK)


def test_features_of_another_backbone_are_refused(shards: ShardSet, tmp_path: Path) -> None:
    first, second = (Classifier(tiny("enhanced").network) for _ in range(2))
    FeatureCache(first, shards, tmp_path, 64).split("val", ("plain",))
    again = FeatureCache(first, shards, tmp_path, 64).split("val", ("plain",))
    assert again.all_rows("plain").shape == (16, 1280)
    for other in (
        FeatureCache(second, shards, tmp_path, 64),
        FeatureCache(first, shards, tmp_path, 96),
    ):
        with pytest.raises(TrainingError, match="another backbone, corpus or view"):
            other.split("val", ("plain",))
    with pytest.raises(TrainingError, match="another backbone, corpus or view"):
        FeatureCache(first, shards, tmp_path, 64).split("val", ("plain", "flipped"))


def test_an_older_cache_is_computed_anew(
    shards: ShardSet, network: Classifier, tmp_path: Path
) -> None:
    """All facts stood in the note once, under no format."""
    first = FeatureCache(network, shards, tmp_path, 64).split("val", ("plain",)).all_rows("plain")
    note = tmp_path / "val.json"
    plain = json.loads(note.read_text())
    older = {name: plain[name] for name in ("backbone", "corpus", "size", "views")}
    note.write_text(json.dumps(older | {"facts": []}))
    for path in (tmp_path / "val.labels", tmp_path / "val.facts"):
        path.unlink()
    again = FeatureCache(network, shards, tmp_path, 64).split("val", ("plain",))
    assert np.array_equal(again.all_rows("plain"), first)
    assert len(again.samples) == 16
    assert json.loads(note.read_text()) == plain


@pytest.mark.parametrize("name", ["val.f32", "val.labels", "val.facts", "val.json"])
def test_half_a_cache_is_computed_anew(
    shards: ShardSet, network: Classifier, tmp_path: Path, name: str
) -> None:
    FeatureCache(network, shards, tmp_path, 64).split("val", ("plain",))
    path = tmp_path / name
    path.write_bytes(b"" if name == "val.facts" else path.read_bytes()[:10])
    again = FeatureCache(network, shards, tmp_path, 64).split("val", ("plain",))
    assert again.all_rows("plain").shape == (16, 1280)
    assert len(again.generated) == len(again.samples) == 16
