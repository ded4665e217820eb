"""Recipes with single fields changed, as ``tegaki lab train --set`` does."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeVar

from tegaki.errors import TrainingError
from tegaki.lab.training.recipes import TrainingRecipe

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Plain = TypeVar("Plain", bound="DataclassInstance")


def with_settings(recipe: TrainingRecipe, settings: dict[str, str]) -> TrainingRecipe:
    """A recipe with single fields changed, of itself or of all its stages.

    Values are JSON, or plain words. Only numbers, words and switches can be set.

    Raises:
        TrainingError: a field that a recipe does not have, or a value of the wrong kind.
    """
    for key, text in settings.items():
        value = _parsed(text)
        if key in _settable(recipe):
            recipe = _changed(recipe, key, value)
        elif key in _settable(recipe.stages[0]):
            stages = tuple(_changed(stage, key, value) for stage in recipe.stages)
            recipe = dataclasses.replace(recipe, stages=stages)
        else:
            known = ", ".join(sorted({*_settable(recipe), *_settable(recipe.stages[0])}))
            raise TrainingError(f"a recipe has no setting {key!r}; it has {known}")
    return recipe


def with_fields(record: Plain, settings: dict[str, str]) -> Plain:
    """A frozen record of plain fields with some of them changed; values as above.

    Raises:
        TrainingError: as above.
    """
    for key, text in settings.items():
        if key not in _settable(record):
            known = ", ".join(sorted(_settable(record)))
            raise TrainingError(f"the recipe has no setting {key!r}; it has {known}")
        record = _changed(record, key, _parsed(text))
    return record


def _changed(record: Plain, key: str, value: object) -> Plain:
    changes: dict[str, Any] = {key: _like(getattr(record, key), value)}
    return dataclasses.replace(record, **changes)


def _settable(record: DataclassInstance) -> set[str]:
    names = {f.name for f in dataclasses.fields(record)} - {"name"}
    return {n for n in names if isinstance(getattr(record, n), bool | int | float | str)}


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _like(old: object, new: object) -> object:
    """A whole number where a field holds a fraction."""
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        return float(new)
    return new
