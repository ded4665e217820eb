"""What moves a score, and nothing else: one frozen record and its hash.

Two rows with the same recipe hash and the same ``sha256`` have the same logits. The thresholds
that turn a probability into a verdict are *not* here: they can move without scoring anything
again (see :mod:`tegaki.verdict`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from tegaki.errors import BundleError


@dataclass(frozen=True, slots=True)
class DecodePolicy:
    """How bytes become an 8-bit RGB picture.

    ``version`` is raised whenever the code of :mod:`tegaki.imaging` would give other pixels for
    the same bytes. Version 1: first frame, EXIF orientation applied, transparency laid on
    ``background``, 16-bit samples cut to their high byte, colour profiles not applied. Version 2:
    converted to sRGB where the file says what its colours are; the first frame that shows
    something, as viewers show it; transparent colours compared in all their bits.
    """

    version: int = 2
    background: tuple[int, int, int] = (255, 255, 255)


CROP_NAMES = ("centre", "squashed", "first", "last", "upper-left", "lower-right", "middle")
"""Every view that can be named (:func:`tegaki.imaging.crops.crop_boxes` says what they are)."""


@dataclass(frozen=True, slots=True)
class CropPolicy:
    """How a picture becomes the squares that the network sees (:mod:`tegaki.imaging.crops`).

    ``max_aspect``: longer sides are cut away, centred, beyond this ratio. ``short_side``: larger
    pictures are shrunk to it (Lanczos), smaller ones are never enlarged. ``size``: side of a view
    in pixels; ``sizes``: one for each name, where they differ. ``min_side``: pictures below it are
    too small to judge.
    """

    names: tuple[str, ...] = ("centre", "squashed", "first", "last")
    size: int = 224
    short_side: int = 320
    max_aspect: float = 1.6
    min_side: int = 64
    sizes: tuple[int, ...] | None = None

    def size_of(self, name: str) -> int:
        """The side of a named view, in pixels."""
        return self.size if self.sizes is None else self.sizes[self.names.index(name)]


@dataclass(frozen=True, slots=True)
class ShrinkPolicy:
    """How JPEGs far larger than their views are decoded to fewer pixels.

    To half of their size, by the decoder's scaled DCT, where the short side keeps ``least_side``
    pixels.
    :class:`DecodePolicy` says what pixels a file stands for, which is what is learned from; this
    says where fewer of them do (measured: docs/speed.md). ``version`` is raised whenever
    :mod:`tegaki.imaging` would shrink in another way.
    """

    version: int = 1
    least_side: int = 2560


@dataclass(frozen=True, slots=True)
class TilePolicy:
    """How long pictures are judged, strips of comics for instance: by tiles along the long side.

    ``from_aspect``: of pictures with this ratio of sides and more; below it :class:`CropPolicy`
    alone says what is cut. ``aspect``: a tile's length, in short sides of the picture; ``step``:
    from tile to tile, at most, in tiles. ``most``: tiles judged. Blank ones are left out; of the
    others ``most`` are taken at even intervals, and the mean of their logits is the picture's.
    ``version`` is raised whenever :mod:`tegaki.imaging` would choose others.
    """

    version: int = 1
    from_aspect: float = 2.0
    aspect: float = 1.0
    step: float = 0.75
    most: int = 8


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The network: its bundle's id and the SHA-256 of the ONNX file."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: probability of *generated* = sigmoid(slope * logit + intercept).

    J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """Everything that moves a score. Without ``shrink`` every picture is decoded in full; without
    ``tiles`` only the middle of a long one is judged.

    ``base``: the frozen network whose features ``model`` is a head on; without it ``model`` sees
    the views itself.
    """

    decode: DecodePolicy
    views: CropPolicy
    model: ModelRef
    calibration: Calibration
    shrink: ShrinkPolicy | None = None
    base: ModelRef | None = None
    tiles: TilePolicy | None = None

    @property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return _hash_of(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :meth:`from_dict` reads back; what may be absent and is has no key."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        for name in ("shrink", "base", "tiles"):
            if plain[name] is None:
                del plain[name]
        if self.views.sizes is None:
            del plain["views"]["sizes"]
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> ScoringConfig:
        """Read :meth:`to_dict`'s data. Missing and unknown keys raise :class:`BundleError`."""
        try:
            decode = dict(plain["decode"])
            views = dict(plain["views"])
            decode["background"] = tuple(decode["background"])
            views["names"] = tuple(views["names"])
            if "sizes" in views:
                views["sizes"] = tuple(views["sizes"])
            config = cls(
                DecodePolicy(**decode),
                CropPolicy(**views),
                ModelRef(**plain["model"]),
                Calibration(**plain["calibration"]),
                ShrinkPolicy(**plain["shrink"]) if "shrink" in plain else None,
                ModelRef(**plain["base"]) if "base" in plain else None,
                TilePolicy(**plain["tiles"]) if "tiles" in plain else None,
            )
        except KeyError as problem:
            raise BundleError(f"the recipe cannot be read: it lacks {problem}") from problem
        except (TypeError, ValueError) as problem:
            raise BundleError(f"the recipe cannot be read: {problem}") from problem
        if config.to_dict() != plain:
            raise BundleError("the recipe holds keys that this version does not know")
        return config


@dataclass(frozen=True, slots=True)
class Cascade:
    """Two models, the second asked only where the first is not sure.

    ``slope``, ``intercept``: bring the first one's logits to the second one's scale; there it is
    not sure between ``low`` and ``high``. Both decode alike and cut their views from the same
    picture.
    """

    fast: ScoringConfig
    careful: ScoringConfig
    slope: float
    intercept: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if _shared(self.fast) != _shared(self.careful):
            raise BundleError("the two models of a cascade decode differently")
        if not (self.slope > 0 and self.low < self.high):
            raise BundleError("the limits of a cascade are not in order")

    def scaled(self, logit: float) -> float:
        """A logit of the first model on the second one's scale."""
        return self.slope * logit + self.intercept

    @property
    def model(self) -> ModelRef:
        """An id and a hash of both."""
        both = _hash_of(self.to_dict(), 64)
        return ModelRef(f"auto-{both[:8]}", both)

    @property
    def calibration(self) -> Calibration:
        return self.careful.calibration

    @property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return _hash_of(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :func:`scoring_config_from_dict` reads back."""
        recipes = {"fast": self.fast.to_dict(), "careful": self.careful.to_dict()}
        return recipes | {name: getattr(self, name) for name in _LIMITS}


def scoring_config_from_dict(plain: dict[str, Any]) -> ScoringConfig | Cascade:
    """What :meth:`ScoringConfig.to_dict` or :meth:`Cascade.to_dict` made.

    Raises:
        BundleError: it is neither.
    """
    if "careful" not in plain:
        return ScoringConfig.from_dict(plain)
    if plain.keys() != {"fast", "careful", *_LIMITS}:
        raise BundleError("the recipe of a cascade lacks keys or holds others")
    fast, careful = (ScoringConfig.from_dict(plain[name]) for name in ("fast", "careful"))
    return Cascade(fast, careful, **{name: float(plain[name]) for name in _LIMITS})


_LIMITS = ("slope", "intercept", "low", "high")


def _shared(config: ScoringConfig) -> tuple[object, ...]:
    views = config.views
    return (
        config.decode, config.shrink, config.tiles,
        views.short_side, views.max_aspect, views.min_side,
    )  # fmt: skip


def _hash_of(plain: dict[str, Any], digits: int = 16) -> str:
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:digits]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a probability becomes a verdict, and what that was measured on. Moves no score.

    ``likely generated`` from ``generated_from`` up, ``likely drawn`` up to ``drawn_up_to``, *not
    sure* between. ``false_generated``: at most this share of the human-drawn calibration pictures
    reaches ``generated_from``; ``false_drawn``: likewise of the generated ones and ``drawn_up_to``.
    ``humans`` and ``generated``: how many pictures of each that was measured on.
    """

    drawn_up_to: float
    generated_from: float
    false_drawn: float
    false_generated: float
    humans: int
    generated: int


@dataclass(frozen=True)
class ScoringContext:
    """What facts become a row by: the model and recipe that scored them, and the thresholds."""

    config: ScoringConfig | Cascade
    thresholds: Thresholds

    @property
    def model(self) -> str:
        """The bundle's id."""
        return self.config.model.id

    @cached_property
    def config_hash(self) -> str:
        """:attr:`ScoringConfig.hash`, computed once."""
        return self.config.hash
