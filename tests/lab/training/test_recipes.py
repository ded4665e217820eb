"""Recipes: defaults are what the seed ran, settings are checked, files are read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki.errors import TrainingError
from tegaki.lab.training.clip.student import FAST
from tegaki.lab.training.overrides import with_fields, with_settings
from tegaki.lab.training.recipe_files import find_recipe, read_recipe
from tegaki.lab.training.recipes import RECIPES, AugmentPolicy, Warp
from tegaki.utils.packed import FilePath, children, open_folder
from tests.conftest import ROOT

RUNS = children(open_folder(ROOT / "docs" / "runs"))
RECIPES_OF_RUNS = [run / "recipe.json" for run in RUNS if (run / "recipe.json").exists()]


def test_every_recipe_of_the_plan_is_there() -> None:
    assert set(RECIPES) == {
        "baseline", "enhanced", "enhanced-paper", "no-attention", "no-head", "kusuma-v2",
        "kusuma-v3", "finetune", "finetune-lite0", "student", "student-lite0",
    }  # fmt: skip


def test_the_defaults_are_what_the_seeds_notebooks_ran() -> None:
    first, second = RECIPES["baseline"].stages
    assert (first.epochs, first.batch, first.learning_rate, first.patience) == (10, 32, 1e-3, 0)
    assert first.augmentation == Warp(rotation=10, shift=0.1, flip=0.5, fill="nearest")
    assert (second.epochs, second.batch, second.learning_rate) == (25, 64, 5e-5)
    assert (second.patience, second.plateau, second.trained) == (8, 3, "last-30")
    (only,) = RECIPES["enhanced"].stages
    assert (only.epochs, only.batch, only.learning_rate) == (15, 64, 0.0009999)
    assert (only.patience, only.plateau, only.augmentation) == (5, 3, None)
    assert RECIPES["enhanced"].tta == "flip"
    assert not any(recipe.validate_in_place for recipe in RECIPES.values())


def test_only_ours_looks_at_squares() -> None:
    squares = {r.name: r for r in RECIPES.values() if r.look == "squares"}
    assert set(squares) == {"finetune", "finetune-lite0", "student", "student-lite0"}
    assert all(isinstance(r.stages[0].augmentation, AugmentPolicy) for r in squares.values())


def test_settings_change_a_recipe_or_all_its_stages() -> None:
    changed = with_settings(
        RECIPES["baseline"], {"learning_rate": "2e-3", "validate_in_place": "true", "tta": "flip"}
    )
    assert [stage.learning_rate for stage in changed.stages] == [2e-3, 2e-3]
    assert changed.validate_in_place
    assert changed.tta == "flip"
    assert changed.hash != RECIPES["baseline"].hash
    assert with_settings(RECIPES["baseline"], {"clip": "1"}).stages[0].clip == 1.0


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("epoch", "3", "has no setting 'epoch'; it has averaging, batch"),
        ("epochs", "many", "takes a whole number, not 'many'"),
        ("epochs", "-1", "epochs cannot be -1"),
        ("tta", "twelve", "tta is none or flip or paper3 or baseline6"),
        ("validate_in_place", "1", "takes true or false, not 1"),
        ("name", "mine", "has no setting 'name'"),
        ("stages", "[]", "has no setting 'stages'"),
    ],
)
def test_wrong_settings_are_refused(key: str, value: str, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        with_settings(RECIPES["baseline"], {key: value})


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_back_from_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPES[name].plain(), indent=1))
    assert read_recipe(path) == RECIPES[name] == find_recipe(str(path)) == find_recipe(name)


def test_sizes_of_views_are_read_back_and_are_not_named_where_there_are_none(
    tmp_path: Path,
) -> None:
    """So the hashes of older recipes stay (test_distillation.py says which they are)."""
    recipe = RECIPES["finetune"]
    assert "sizes" not in recipe.plain()["views"]
    sized = replace(recipe, views=replace(recipe.views, sizes=(160,) * len(recipe.views.names)))
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(sized.plain()))
    assert read_recipe(path) == sized
    assert sized.hash != recipe.hash


@pytest.mark.parametrize(
    "path",
    [p for p in RECIPES_OF_RUNS if "stages" in json.loads(p.read_text())],
    ids=lambda path: path.parent.name,
)
def test_recipes_of_committed_runs_are_read(path: FilePath, tmp_path: Path) -> None:
    """All but those of the first two, which were not made of stages."""
    copy = tmp_path / "recipe.json"
    copy.write_bytes(path.read_bytes())
    recipe = read_recipe(copy)
    assert json.loads(json.dumps(recipe.plain())) == {
        key: value for key, value in json.loads(path.read_text()).items() if value is not None
    } | {key: None for key in ("start", "backbone_from") if recipe.plain()[key] is None}


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"stages": [{"epochs": 1}]},
        {"network": {"backbone": "mobilenetv2"}},
        {"stages": 3},
        {"look": "square"},
        {"look": "squares"},
        {"precision": "fp16"},
        {"micro_batch": -1},
        {"seed": "many"},
    ],
)
def test_unknown_and_missing_keys_raise(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPES["enhanced"].plain() | change))
    with pytest.raises(TrainingError, match="is not a recipe"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("optimizer", "sgd"), ("trained", "last-20"), ("schedule", "cosine"), ("batch", 0),
     ("epochs", 0), ("learning_rate", 0), ("epochs", True)],
)  # fmt: skip
def test_values_that_are_not_known_raise(key: str, value: object, tmp_path: Path) -> None:
    plain = json.loads(json.dumps(RECIPES["enhanced"].plain()))
    plain["stages"][0][key] = value
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(plain))
    with pytest.raises(TrainingError, match=key):
        read_recipe(path)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    plain = RECIPES["enhanced"].plain()
    del plain["seed"]
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(plain))
    with pytest.raises(TrainingError, match="leaves out what a recipe says"):
        read_recipe(path)
    with pytest.raises(TrainingError, match="neither a recipe"):
        find_recipe("nobody")


def test_a_student_s_plan_is_changed_too() -> None:
    changed = with_fields(FAST["fast"], {"steps": "300", "learning_rate": "1"})
    assert (changed.steps, changed.learning_rate) == (300, 1.0)
    assert replace(changed, steps=2400, learning_rate=1e-3) == FAST["fast"]
    with pytest.raises(TrainingError, match=r"no setting 'stepps'; it has .*steps"):
        with_fields(FAST["fast"], {"stepps": "300"})
    with pytest.raises(TrainingError, match="steps takes a whole number"):
        with_fields(FAST["fast"], {"steps": "many"})
