"""A bundle: one folder with everything that a trained model needs to be used and judged.

model.onnx     views to logits: float32 (n, 3, size, size) in [-1, 1] to (n,)
bundle.json    id, recipe, thresholds, and what it was trained on
figures.json   the figures of the card, with the hash of the data that they were measured on
card.md        the model card, written from the other files by a command
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tegaki.errors import BundleError
from tegaki.recipe import VIEW_NAMES, Basis, DecodePolicy, Recipe, ShrinkPolicy, Thresholds

SHIPPED = Path(__file__).parent / "shipped"
"""The bundle that comes with the package."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What ``bundle.json`` says, and where it stands."""

    folder: Path
    recipe: Recipe
    thresholds: Thresholds
    training: dict[str, Any]

    @property
    def id(self) -> str:
        return self.recipe.model.id

    @property
    def basis(self) -> Basis:
        """What its scores become verdicts by."""
        return Basis(self.recipe, self.thresholds)

    @property
    def onnx(self) -> Path:
        return self.folder / "model.onnx"


def load_bundle(folder: Path | None = None) -> Bundle:
    """Read a bundle's description; the shipped one by default.

    Raises:
        BundleError: something is missing or cannot be read.
    """
    folder = folder or SHIPPED
    path = folder / "bundle.json"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        thresholds = Thresholds(**plain["thresholds"])
        recipe = Recipe.from_dict(plain["recipe"])
        _refuse_unknown(recipe, thresholds)
        return Bundle(folder, recipe, thresholds, plain["training"])
    except FileNotFoundError as problem:
        raise BundleError(_what_it_is(folder)) from problem
    except KeyError as problem:
        raise BundleError(f"{path} cannot be read: it lacks {problem}") from problem
    except (OSError, ValueError, TypeError) as problem:
        raise BundleError(f"{path} cannot be read: {problem}") from problem


def _what_it_is(folder: Path) -> str:
    """Of a folder without a ``bundle.json``: why, and where the bundle may be."""
    if not folder.exists():
        return f"{folder} does not exist"
    if (folder / "bundle" / "bundle.json").exists():
        return f"{folder} is a training run, not a model bundle; its bundle is {folder / 'bundle'}"
    if (folder / "recipe.json").exists():
        return (
            f"{folder} is a training run without a bundle: it is not finished, or its recipe makes "
            "none (such a run is for tegaki evaluate)"
        )
    return f"{folder} is not a model bundle: it has no bundle.json"


def _refuse_unknown(recipe: Recipe, thresholds: Thresholds) -> None:
    """Values of another version would give other scores under this one's name."""
    if recipe.decode.version != DecodePolicy().version:
        raise ValueError(f"decoding version {recipe.decode.version} is not known here")
    if recipe.shrink and recipe.shrink.version != ShrinkPolicy().version:
        raise ValueError(f"shrinking version {recipe.shrink.version} is not known here")
    unknown = set(recipe.views.names) - set(VIEW_NAMES)
    if unknown or not recipe.views.names:
        raise ValueError(f"unknown views: {', '.join(map(str, unknown)) or 'none named'}")
    if not 0 <= thresholds.drawn_up_to < thresholds.generated_from <= 1:
        raise ValueError("the thresholds are not in order")


def save_bundle(bundle: Bundle) -> None:
    """Write ``bundle.json`` (the ONNX file must stand there already)."""
    plain = {
        "recipe": bundle.recipe.to_dict(),
        "thresholds": asdict(bundle.thresholds),
        "training": bundle.training,
    }
    text = json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    (bundle.folder / "bundle.json").write_text(text, encoding="utf-8")


def read_network(bundle: Bundle) -> bytes:
    """The ONNX file's bytes, checked against the recipe's SHA-256.

    Raises:
        BundleError: the file is missing, or is not the one that the recipe names.
    """
    try:
        data = bundle.onnx.read_bytes()
    except OSError as problem:
        raise BundleError(f"{bundle.onnx} cannot be read: {problem}") from problem
    if hashlib.sha256(data).hexdigest() != bundle.recipe.model.sha256:
        raise BundleError(f"{bundle.onnx} is not the file that its bundle names; install it again")
    return data
