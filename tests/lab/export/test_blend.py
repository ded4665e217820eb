"""A blend is the mean of its networks' logits, each divided by its spread on ``val``."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs tegaki[lab]")

from tegaki import Detector
from tegaki.errors import TrainingError
from tegaki.lab.corpus import (
    ShardSet,
    load_corpus,
)
from tegaki.lab.export.blend import blend
from tegaki.lab.export.bundle import build_bundle, val_scores
from tegaki.lab.export.card_metrics import measure_card
from tegaki.lab.export.model_card import card_text
from tegaki.lab.models.classifier import Classifier
from tegaki.model import load_single
from tegaki.results.scoring_config import CropPolicy
from tests.lab.tiny import little_shards, tiny


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return little_shards(tmp_path_factory.mktemp("blend"))


@pytest.fixture(scope="module")
def parts(shards: ShardSet, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Bundles of two networks as they were drawn."""
    folder = tmp_path_factory.mktemp("parts")
    for name in ("finetune", "finetune-lite0"):
        recipe = tiny(name)
        build_bundle(Classifier(recipe.network), recipe, shards, folder / name)
    return [folder / "finetune", folder / "finetune-lite0"]


def test_a_blend_is_the_mean_of_scaled_logits(
    parts: list[Path], shards: ShardSet, tmp_path: Path
) -> None:
    bundle = blend(parts, shards, tmp_path / "blend")
    each = [val_scores(Detector.load(part), shards)[0] for part in parts]
    found = val_scores(Detector.load(bundle.folder), shards)[0]
    assert np.allclose(found, np.mean([s / s.std() for s in each], axis=0), atol=1e-4)
    assert bundle.id.startswith("blend-")
    assert bundle.config.views == load_single(parts[0]).config.views
    names = [run["recipe"]["name"] for run in bundle.training["runs"]]
    assert names == ["finetune", "finetune-lite0"]


def test_the_card_names_every_network(parts: list[Path], shards: ShardSet, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tegaki", "lab", "ensemble", *map(str, parts), "--corpus",
         str(shards.folder), "--out", str(tmp_path / "blend")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    bundle = load_single(tmp_path / "blend")
    detector = Detector.load(bundle.folder, provenance=False)
    figures = measure_card(detector, load_corpus(shards.folder), lambda _: None)
    text = card_text(bundle, figures)
    for words in ("MobileNetV2", "EfficientNet-Lite0", "`finetune`", "`finetune-lite0`"):
        assert words in text


def test_what_does_not_fit_is_refused(parts: list[Path], shards: ShardSet, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="two bundles or more"):
        blend(parts[:1], shards, tmp_path / "blend")
    with pytest.raises(TrainingError, match="named twice"):
        blend([*parts, parts[0]], shards, tmp_path / "blend")
    recipe = replace(tiny("finetune"), views=CropPolicy(size=96))
    build_bundle(Classifier(recipe.network), recipe, shards, tmp_path / "other")
    with pytest.raises(TrainingError, match="of other views"):
        blend([parts[0], tmp_path / "other"], shards, tmp_path / "blend")
    with pytest.raises(TrainingError, match="of other data"):
        blend(parts, replace(shards, manifest_sha256="0" * 64), tmp_path / "blend")
