"""Whatever can be evaluated, as one thing: a picture and its id in, a log odds out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tegaki.detector import Detector
from tegaki.errors import BundleError, MissingExtra, TrainingError
from tegaki.lab.corpus import AS_MADE
from tegaki.model import folder_of


@dataclass(frozen=True, slots=True)
class Predictor:
    """``score``: an RGB picture and its id to the log odds of *generated*; threads may share it.

    ``info`` say what was scored with, in a report; ``split``: what it was trained on
    (:func:`tegaki.lab.corpus.splits.split_name`).
    """

    score: Callable[[Image.Image, str], float]
    info: dict[str, Any]
    split: str


def load_predictor(model: Path | None) -> Predictor:
    """A bundle, a finished run of ``tegaki lab train``, or by default the careful model.

    Raises:
        BundleError, TrainingError: the folder is neither, or does not exist.
    """
    folder = folder_of(model)
    if not folder.exists():
        raise BundleError(f"{folder} does not exist")
    if (folder / "bundle.json").exists():
        return bundle_predictor(folder)
    if (folder / "bundle" / "bundle.json").exists():
        return bundle_predictor(folder / "bundle")
    if (folder / "network.pt").exists():
        return run_predictor(folder)
    raise BundleError(f"{folder} holds neither a model bundle nor a finished run")


def bundle_predictor(folder: Path) -> Predictor:
    """A bundle, as users run it: the mean logit of its views, not calibrated."""
    detector = Detector.load(folder, provenance=False)
    bundle = detector.bundle

    def score(picture: Image.Image, _: str) -> float:
        return float(np.mean(detector.scorer.predict(picture)[1].logits))

    info = {"id": bundle.id, "sha256": bundle.config.model.sha256, "recipe": bundle.config.hash}
    return Predictor(score, info, bundle.training.get("split", AS_MADE))


def run_predictor(folder: Path) -> Predictor:
    """A run of a recipe that looks at letterboxed pictures: the mean probability of its views."""
    try:
        import torch

        from tegaki.lab.metrics.predictions import log_odds
        from tegaki.lab.models.classifier import Classifier
        from tegaki.lab.models.frozen import FrozenLayers
        from tegaki.lab.training.checkpoint import load_checkpoint
        from tegaki.lab.training.letterbox import TTA, named_views
        from tegaki.lab.training.recipe_files import read_recipe
    except ImportError as problem:
        raise MissingExtra("evaluating a run", "lab") from problem

    recipe = read_recipe(folder / "recipe.json")
    if recipe.look != "letterbox":
        raise TrainingError(f"a training run that is not finished: {folder} has no bundle")
    state = load_checkpoint(folder / "network.pt")
    network = Classifier(recipe.network)
    network.load_state_dict(state["network"])
    network.eval()
    layers = FrozenLayers(network, len(network.features), recipe.views.size)
    names = TTA[recipe.tta]

    def score(picture: Image.Image, id: str) -> float:
        views = named_views(picture, recipe.views.size, id, names)
        means = np.stack([layers(view).mean(axis=(1, 2)) for view in views])
        with torch.inference_mode():
            chances = torch.sigmoid(network.classify(torch.from_numpy(means)).double()).numpy()
        return float(log_odds(np.array([chances.mean()]))[0])

    info = {"id": recipe.name, "recipe": recipe.hash, "tta": recipe.tta}
    return Predictor(score, info, state["split"])
