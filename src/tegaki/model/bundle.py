"""A bundle: one folder with everything that a trained model needs to be used and judged.

model.onnx     a network: views to logits, float32 (n, 3, size, size) in [-1, 1] to (n,); or a head
               on the features of a frozen network, which then stands in ``BASES``
bundle.json    id, recipe, thresholds, and what it was trained on
figures.json   the figures of the card, with the hash of the data that they were measured on
card.md        the model card, written from the other files by a command

A cascade's folder has no network: its ``bundle.json`` names the two bundles beside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tegaki.errors import BundleError
from tegaki.results.scoring_config import (
    CROP_NAMES,
    Cascade,
    DecodePolicy,
    ScoringConfig,
    ScoringContext,
    ShrinkPolicy,
    Thresholds,
    TilePolicy,
)

_FOLDER = Path(__file__).parent / "shipped"
SHIPPED = {name: _FOLDER / name for name in ("fast", "careful", "auto")}
"""The bundles that come with the package, by name."""
DEFAULT = "careful"
_STEPS = ("fast", "careful")  # of a cascade: folders beside its own
BASES = _FOLDER / "bases"
"""Frozen networks that come with the package, each named by the id that recipes call it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What ``bundle.json`` says of one model, and where it stands."""

    folder: Path
    config: ScoringConfig
    thresholds: Thresholds
    training: dict[str, Any]

    @property
    def id(self) -> str:
        return self.config.model.id

    @property
    def context(self) -> ScoringContext:
        """What its scores become verdicts by."""
        return ScoringContext(self.config, self.thresholds)

    @property
    def onnx(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def steps(self) -> tuple[Bundle, ...]:
        """The models that score a picture, in turn."""
        return (self,)


@dataclass(frozen=True, slots=True)
class CascadeBundle:
    """Two bundles as one: ``careful`` is asked where ``fast`` is not sure."""

    folder: Path
    config: Cascade
    thresholds: Thresholds
    training: dict[str, Any]
    fast: Bundle
    careful: Bundle

    @property
    def id(self) -> str:
        return self.config.model.id

    @property
    def context(self) -> ScoringContext:
        """What its scores become verdicts by."""
        return ScoringContext(self.config, self.thresholds)

    @property
    def steps(self) -> tuple[Bundle, ...]:
        """The models that score a picture, in turn."""
        return self.fast, self.careful


def folder_of(model: str | Path | None) -> Path:
    """The folder of a bundle: one that ships, by its name, or any other by its path."""
    if model is None:
        return SHIPPED[DEFAULT]
    return SHIPPED.get(str(model)) or Path(model)


def load_bundle(model: str | Path | None = None) -> Bundle | CascadeBundle:
    """Read a bundle's description.

    Args:
        model: ``fast``, ``careful`` (the default) or ``auto``, which ship; or a folder.

    Raises:
        BundleError: something is missing or cannot be read.
    """
    folder = folder_of(model)
    plain = _read(folder)
    if not _is_cascade(plain):
        return _single(folder, plain)
    fast, careful = (load_single(folder.parent / name) for name in _STEPS)
    try:
        thresholds = _thresholds(plain)
        limits = {k: v for k, v in plain["recipe"].items() if k not in _STEPS}
        cascade = Cascade(fast.config, careful.config, **limits)
        if cascade.to_dict() != plain["recipe"]:
            said = " and ".join(plain["recipe"][name]["model"]["id"] for name in _STEPS)
            raise BundleError(
                f"{folder} was made for other models than those beside it: put {said} there again"
            )
        return CascadeBundle(folder, cascade, thresholds, plain["training"], fast, careful)
    except (KeyError, TypeError, ValueError) as problem:
        raise _unreadable(folder, problem) from problem


def load_single(model: str | Path | None = None) -> Bundle:
    """As :func:`load_bundle`, of one model.

    Raises:
        BundleError: also where it is a cascade.
    """
    folder = folder_of(model)
    plain = _read(folder)
    if _is_cascade(plain):
        raise BundleError(f"{folder} joins two models; name one of them")
    return _single(folder, plain)


def _single(folder: Path, plain: dict[str, Any]) -> Bundle:
    try:
        thresholds = _thresholds(plain)
        config = ScoringConfig.from_dict(plain["recipe"])
        _refuse_unknown(config)
        return Bundle(folder, config, thresholds, plain["training"])
    except (KeyError, TypeError, ValueError) as problem:
        raise _unreadable(folder, problem) from problem


def _is_cascade(plain: dict[str, Any]) -> bool:
    config = plain.get("recipe")
    return isinstance(config, dict) and "careful" in config


def _read(folder: Path) -> dict[str, Any]:
    try:
        plain = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        if not isinstance(plain, dict):
            raise ValueError("it holds no object")
        return plain
    except FileNotFoundError as problem:
        raise BundleError(_what_it_is(folder)) from problem
    except (OSError, ValueError) as problem:
        raise _unreadable(folder, problem) from problem


def _thresholds(plain: dict[str, Any]) -> Thresholds:
    thresholds = Thresholds(**plain["thresholds"])
    if not 0 <= thresholds.drawn_up_to < thresholds.generated_from <= 1:
        raise ValueError("the thresholds are not in order")
    return thresholds


def _unreadable(folder: Path, problem: Exception) -> BundleError:
    lacks = f"it lacks {problem}" if isinstance(problem, KeyError) else str(problem)
    return BundleError(f"{folder / 'bundle.json'} cannot be read: {lacks}")


def _what_it_is(folder: Path) -> str:
    """Of a folder without a ``bundle.json``: why, and where the bundle may be."""
    if not folder.exists():
        if len(folder.parts) > 1:
            return f"{folder} does not exist"
        return f"{folder} does not exist; the models that come with tegaki: {', '.join(SHIPPED)}"
    if (folder / "bundle" / "bundle.json").exists():
        return f"{folder} is a training run, not a model bundle; its bundle is {folder / 'bundle'}"
    if (folder / "recipe.json").exists():
        return (
            f"{folder} is a training run without a bundle: it is not finished, or its recipe makes "
            "none"
        )
    return f"{folder} is not a model bundle: it has no bundle.json"


def _refuse_unknown(config: ScoringConfig) -> None:
    """Values of another version would give other scores under this one's name."""
    if config.decode.version != DecodePolicy().version:
        raise ValueError(f"decoding version {config.decode.version} is not known here")
    if config.shrink and config.shrink.version != ShrinkPolicy().version:
        raise ValueError(f"shrinking version {config.shrink.version} is not known here")
    if config.tiles and config.tiles.version != TilePolicy().version:
        raise ValueError(f"tiling version {config.tiles.version} is not known here")
    views = config.views
    unknown = set(views.names) - set(CROP_NAMES)
    if unknown or not views.names:
        raise ValueError(f"unknown views: {', '.join(map(str, unknown)) or 'none named'}")
    if views.sizes is not None and len(views.sizes) != len(views.names):
        raise ValueError("the views have other sizes than names")


def save_bundle(bundle: Bundle | CascadeBundle) -> None:
    """Write ``bundle.json`` (the ONNX file must stand there already)."""
    plain = {
        "recipe": bundle.config.to_dict(),
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
    return _checked(bundle.onnx, bundle.config.model.sha256)


def read_base(bundle: Bundle) -> tuple[Path, bytes]:
    """Path and bytes of the frozen network that a bundle's head stands on, checked likewise.

    Raises:
        BundleError: as :func:`read_network`; or the bundle has none.
    """
    base = bundle.config.base
    if base is None:
        raise BundleError(f"{bundle.folder} stands on no frozen network")
    path = BASES / f"{base.id}.onnx"
    return path, _checked(path, base.sha256)


def _checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise BundleError(f"{path} cannot be read: {problem}") from problem
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BundleError(f"{path} is not the file that its bundle names; install it again")
    return data
