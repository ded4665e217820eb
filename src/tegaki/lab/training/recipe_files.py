"""Recipes as JSON: how a run's folder says what was trained, and how a user brings his own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tegaki.errors import TrainingError
from tegaki.lab.models.config import NetworkPlan, StartWeights, Teacher
from tegaki.lab.training.recipes import RECIPES, AugmentPolicy, Stage, TrainingRecipe, Warp
from tegaki.results.scoring_config import CropPolicy, DecodePolicy


def find_recipe(name_or_path: str) -> TrainingRecipe:
    """A recipe that ships, by name, or one from a JSON file.

    Raises:
        TrainingError: neither.
    """
    if name_or_path in RECIPES:
        return RECIPES[name_or_path]
    path = Path(name_or_path)
    if not path.is_file():
        raise TrainingError(
            f"{name_or_path} is neither a recipe ({', '.join(RECIPES)}) nor a file with one"
        )
    return read_recipe(path)


def read_recipe(path: Path) -> TrainingRecipe:
    """Read what ``json.dumps(recipe.plain())`` wrote.

    Raises:
        TrainingError: it cannot be read, lacks a key, or has one that a recipe does not know.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        recipe = _recipe(plain)
    except OSError as problem:
        raise TrainingError(f"{path} cannot be read: {problem.strerror}") from problem
    except (TypeError, ValueError, KeyError, AttributeError, TrainingError) as problem:
        raise TrainingError(f"{path} is not a recipe: {problem}") from problem
    said = {key: value for key, value in plain.items() if (key, value) != ("teacher", None)}
    said["views"] = {k: v for k, v in said["views"].items() if (k, v) != ("sizes", None)}
    if json.loads(json.dumps(recipe.plain())) != said:
        raise TrainingError(f"{path} leaves out what a recipe says; begin with a run's recipe.json")
    return recipe


def _recipe(plain: dict[str, Any]) -> TrainingRecipe:
    start, teacher = plain["start"], plain.get("teacher")
    return TrainingRecipe(
        **plain
        | {
            "network": NetworkPlan(**_tuples(plain["network"])),
            "stages": tuple(_stage(stage) for stage in plain["stages"]),
            "start": None if start is None else StartWeights(**start),
            "teacher": None if teacher is None else Teacher(**teacher),
            "decode": DecodePolicy(**_tuples(plain["decode"])),
            "views": CropPolicy(**_tuples(plain["views"])),
        }
    )


def _stage(plain: dict[str, Any]) -> Stage:
    found = plain["augmentation"]
    if found is not None:
        kind = Warp if "rotation" in found else AugmentPolicy
        found = kind(**_tuples(found))
    return Stage(**plain | {"augmentation": found})


def _tuples(plain: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
