"""What a run begins with: whether it can be trained at all, and from which weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import Tensor

from tegaki.errors import TrainingError
from tegaki.lab.corpus import LABELS, ShardSet
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.config import StartWeights
from tegaki.lab.training.checkpoint import load_checkpoint
from tegaki.lab.training.distributed import World
from tegaki.lab.training.recipes import TrainingRecipe


def check_trainable(recipe: TrainingRecipe, shards: ShardSet, world: World) -> None:
    """Refuse what cannot be trained, before anything is read.

    Raises:
        TrainingError: a label is missing, or the processes or batches do not fit.
    """
    for split in ("train", "val"):
        if len(shards.counts.get(split, {})) < len(LABELS):
            raise TrainingError(f"split {split} of {shards.folder} lacks pictures of one label")
    if world.size > 1 and recipe.frozen:
        raise TrainingError(f"recipe {recipe.name!r} takes minutes: run it in one process")
    for stage in recipe.stages:
        if stage.batch % world.size:
            raise TrainingError(f"{world.size} processes cannot share batches of {stage.batch}")
        if recipe.draws == "by-source" and shards.size("train") < stage.batch:
            raise TrainingError(
                f"{shards.size('train')} training pictures are fewer than one batch of "
                f"{stage.batch}"
            )


def load_start_weights(
    network: Classifier,
    recipe: TrainingRecipe,
    shards: ShardSet,
    weights: Path | None,
    backbone: Path | None,
) -> None:
    """Give a network the weights that its recipe begins with.

    Args:
        weights: the file that ``recipe.start`` names.
        backbone: the folder of a finished run of ``recipe.backbone_from``.

    Raises:
        TrainingError: they are missing, or other ones.
    """
    if recipe.backbone_from is not None:
        if backbone is None:
            raise TrainingError(
                f"recipe {recipe.name!r} begins with the backbone of a {recipe.backbone_from!r} run"
            )
        network.features.load_state_dict(_backbone_of(backbone, recipe.backbone_from, shards))
        return
    if recipe.start is None:
        return
    network.load_backbone(verified_weights(recipe.start, weights, recipe.name))


def verified_weights(start: StartWeights, weights: Path | None, recipe: str) -> Path:
    """The file of start weights, if it is the one that the recipe of this name means.

    Raises:
        TrainingError: it is missing, or another one.
    """
    if weights is None:
        raise TrainingError(
            f"recipe {recipe!r} starts from weights ({start.origin}), and none are given"
        )
    try:
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as problem:
        raise TrainingError(f"{weights} cannot be read: {problem.strerror}") from problem
    if found != start.sha256:
        raise TrainingError(f"{weights} is not the file that the recipe names (SHA-256 differs)")
    return weights


def _backbone_of(run: Path, name: str, shards: ShardSet) -> dict[str, Tensor]:
    """The backbone of a finished run of the recipe ``name`` on the same shards: one trained on
    another split has seen pictures that this run is tested on."""
    if not run.exists():
        raise TrainingError(f"{run} does not exist")
    state = load_checkpoint(run / "network.pt")
    if state["name"] != name or state["corpus"] != shards.manifest_sha256:
        raise TrainingError(f"{run} is not a {name!r} run on these shards")
    prefix = "features."
    found = state["network"].items()
    return {k.removeprefix(prefix): v for k, v in found if k.startswith(prefix)}
