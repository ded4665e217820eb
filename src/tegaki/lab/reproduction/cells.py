"""Runs one cell of the ablation; what is finished is never computed again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tegaki.lab.corpus import Item, ShardSet, load_corpus, load_shards
from tegaki.lab.evaluation.report import read_report, write_report
from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.metrics.predictions import EvaluatedSample, Predictions, join
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.reproduction.ensemble import (
    DESCRIBED,
    Probabilities,
    best_share,
    ensemble_as_coded,
    ensemble_as_described,
)
from tegaki.lab.reproduction.plan import Cell, recipes_of
from tegaki.lab.reproduction.systems import chances, with_views
from tegaki.lab.training.feature_cache import FeatureCache, FeatureFile
from tegaki.lab.training.letterbox import TTA, VIEWS
from tegaki.lab.training.recipes import TrainingRecipe
from tegaki.lab.training.trainer import Trainer
from tegaki.utils.packed import FilePath

LogLine = Callable[[str], None]


def is_finished(cell: Cell, folder: FilePath) -> bool:
    """Whether a cell's report is there, and of the recipes as they are now."""
    path = folder / "report.json"
    if not path.exists():
        return False
    now = {name: recipe.hash for name, recipe in recipes_of(cell).items()}
    same: bool = read_report(path)["recipes"] == now
    return same


def run_cell(
    cell: Cell,
    shards: Path,
    test: str,
    folder: Path,
    weights: Path,
    workers: int,
    log_line: LogLine,
) -> None:
    """Train what a cell needs and write its predictions and report into ``folder``.

    Args:
        shards: the shards of the cell's protocol.
        test: the split that is tested on.

    Raises:
        TrainingError: the folder holds unfinished runs of other recipes.
    """
    if is_finished(cell, folder):
        return
    if (folder / "report.json").exists():  # of recipes that have changed since
        shutil.rmtree(folder)
    run = _Run(cell, load_shards(shards), test, folder, weights, workers, log_line)
    parts = run.alone() if cell.recipe else run.table()
    facts = {
        "protocol": cell.protocol,
        "seed": cell.seed,
        "test": test,
        "manifest_sha256": run.shards.manifest_sha256,
        "recipes": {name: recipe.hash for name, recipe in recipes_of(cell).items()},
        "ensemble_share": run.share,
    }
    write_report(folder, parts, facts)


class _Run:
    """One cell while it runs."""

    def __init__(
        self,
        cell: Cell,
        shards: ShardSet,
        test: str,
        folder: Path,
        weights: Path,
        workers: int,
        log_line: LogLine,
    ) -> None:
        self.cell, self.shards, self.test, self.folder = cell, shards, test, folder
        self.weights, self.workers, self.log_line = weights, workers, log_line
        self.items = {item.id: item for item in load_corpus(shards.folder).items}
        self.recipes = recipes_of(cell)
        self.share: float | None = None

    def table(self) -> Predictions:
        """The baseline and all that is trained on its features."""
        recipe = self.recipes["baseline"]
        baseline = self.train(recipe)
        cache = self.cache(baseline, recipe)
        files = {split: cache.split(split, VIEWS) for split in ("val", self.test)}
        cache.split("train", ("plain",))
        networks = {
            name: self.train(recipe) for name, recipe in self.recipes.items() if recipe.frozen
        }
        models = {
            split: {name: chances(net, file) for name, net in networks.items()}
            | {"baseline": chances(baseline, file)}
            for split, file in files.items()
        }
        val = models["val"]
        share = best_share(val["enhanced"], val["baseline"], files["val"].generated)
        self.share = share
        return join(
            [self.predictions(split, files[split], _systems(models[split], share))
             for split in files]
        )  # fmt: skip

    def alone(self) -> Predictions:
        """One recipe of its own."""
        recipe = self.recipes[self.cell.recipe]
        network = self.train(recipe)
        cache = self.cache(network, recipe)
        parts = []
        for split in ("val", self.test):
            file = cache.split(split, TTA[recipe.tta])
            scores = with_views("", chances(network, file), [recipe.tta])
            parts.append(self.predictions(split, file, {recipe.name: next(iter(scores.values()))}))
        return join(parts)

    def train(self, recipe: TrainingRecipe) -> Classifier:
        trainer = Trainer(
            recipe,
            self.shards,
            self.folder / recipe.name,
            weights=self.weights,
            backbone=self.folder / "baseline",
            features=self.folder / "features",
            workers=self.workers,
        )
        return trainer.run(
            log_line=lambda line: self.log_line(f"{self.cell.name} {recipe.name} {line}")
        )

    def cache(self, network: Classifier, recipe: TrainingRecipe) -> FeatureCache:
        folder = self.folder / "features"
        return FeatureCache(network, self.shards, folder, recipe.views.size, self.workers)

    def predictions(self, split: str, file: FeatureFile, scores: dict[str, Scores]) -> Predictions:
        name = "val" if split == "val" else "test"
        return Predictions(tuple(_judged(name, self.items[f.id]) for f in file.samples), scores)


def _systems(models: dict[str, Probabilities], share: float) -> dict[str, Scores]:
    baseline, enhanced = models["baseline"], models["enhanced"]
    systems = with_views("baseline", baseline, list(TTA))
    systems |= with_views("enhanced", enhanced, list(TTA))
    for name in ("no-attention", "no-head"):
        systems |= with_views(name, models[name], ["none", "flip"])
    systems |= ensemble_as_coded(enhanced, baseline)
    systems[DESCRIBED] = ensemble_as_described(enhanced, baseline, share)
    for name, model in models.items():
        if name.startswith("rate-"):
            systems |= with_views(name, model, ["flip"])
    return systems


def _judged(test: str, item: Item) -> EvaluatedSample:
    return EvaluatedSample(test, item.id, item.generated, item.source, item.family, item.style)
