"""Training recipes: frozen records that fix a training run, by name.

The defaults are what the seed's notebooks *ran*; where its paper says something else, that can be
chosen (``RECIPES`` has the variants, :mod:`tegaki.lab.training.overrides` changes single fields).
``finetune``, ``student`` and their like are ours: they alone look at squares and may ship, since
bars give the label away.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tegaki.errors import TrainingError
from tegaki.lab.models.config import (
    CLIP,
    IMAGENET_160,
    LITE0,
    NetworkPlan,
    StartWeights,
    Teacher,
    Trained,
    check_fields,
)
from tegaki.results.scoring_config import CropPolicy, DecodePolicy

CORPUS_DECODE = DecodePolicy(version=1)
"""How the corpus' pictures were decoded when it was made. They are learnt from as they lie there,
without profiles; a later version decodes them to the same pixels."""


@dataclass(frozen=True, slots=True)
class AugmentPolicy:
    """Chances (0-1) and ranges of what a training picture goes through, whatever its label.

    The order is that of the web: another ground for what stands on white, then filters, resizing
    and re-encoding of the whole picture, then the square that the network sees.
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
    ground: float = 0.0
    squash: float = 0.20
    area_range: tuple[float, float] = (0.35, 1.0)
    flip: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Warp:
    """Keras' ImageDataGenerator as the seed called it, on the letterboxed picture.

    ``rotation`` in degrees either way, ``shift`` as a share of the side, ``shear`` in degrees,
    ``zoom`` and ``brightness`` as factors 1 - x to 1 + x, ``channels`` in levels of 255.
    """

    rotation: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    zoom: float = 0.0
    flip: float = 0.5
    brightness: float = 0.0
    channels: float = 0.0
    fill: Literal["nearest", "reflect"] = "nearest"

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Stage:
    """One phase of a run: what learns, from what, for how long.

    ``patience``: epochs without a better ``val`` accuracy before it stops and goes back to the
    best (Keras' EarlyStopping; 0: runs to the end and keeps the last epoch). ``plateau``: epochs
    without a lower ``val`` loss before the rate is halved (Keras' ReduceLROnPlateau; 0: never).
    ``schedule``: ``one-cycle`` is Smith and Topin, "Super-Convergence", 2018.
    """

    epochs: int
    batch: int
    optimizer: Literal["adam", "adamw", "rmsprop"]
    learning_rate: float
    trained: Trained
    augmentation: Warp | AugmentPolicy | None = None
    patience: int = 0
    plateau: int = 0
    schedule: Literal["constant", "one-cycle"] = "constant"
    warmup: float = 0.15
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    averaging: float = 0.0
    """How much of the running average of the weights each step keeps; 0: the last step's weights.
    Izmailov et al., "Averaging Weights Leads to Wider Optima", UAI 2018."""
    clip: float = 0.0
    """Largest norm of the gradient; 0: no limit."""

    def __post_init__(self) -> None:
        check_fields(self)
        if not (self.epochs and self.batch and self.learning_rate):
            raise TrainingError("epochs, batch and learning_rate must be above zero")


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """One training run.

    ``start``: weights of the backbone, or ``None``: from scratch. ``backbone_from``: the recipe
    whose trained backbone this one begins with. ``look``: ``letterbox`` is the seed's view with
    black bars, ``squares`` ours. ``draws``: ``once`` takes every picture once an epoch;
    ``by-source`` takes as many, half of each label, sources by the square root of their size, so
    that one large repository does not become "the look of a person". ``micro_batch``: pictures
    that pass the network together; gradients are summed to the stage's batch, batch norms see
    micro-batches; 0: the whole batch, as the seed. ``tta``: the views at test time
    (:data:`tegaki.lab.training.letterbox.TTA`). ``teacher``: see :class:`Teacher`.
    ``validate_in_place``: the seed's bug, for those who want to see it: ``val`` is scaled once
    more in every later stage.
    """

    name: str
    network: NetworkPlan
    stages: tuple[Stage, ...]
    start: StartWeights | None = None
    backbone_from: str | None = None
    look: Literal["letterbox", "squares"] = "letterbox"
    draws: Literal["once", "by-source"] = "once"
    tta: Literal["none", "flip", "paper3", "baseline6"] = "none"
    micro_batch: int = 0
    precision: Literal["bf16", "fp32"] = "fp32"
    validate_in_place: bool = False
    seed: int = 42
    decode: DecodePolicy = CORPUS_DECODE
    views: CropPolicy = field(default_factory=CropPolicy)
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        fitting = AugmentPolicy if self.look == "squares" else (Warp, type(None))
        if not self.stages or not all(isinstance(s.augmentation, fitting) for s in self.stages):
            raise TrainingError("squares go with edits, a letterbox with a warp or nothing")
        if self.network.backbone != "mobilenetv2" and any(
            stage.trained.startswith("last-30") for stage in self.stages
        ):
            raise TrainingError("the last 30 layers are those of MobileNetV2")
        if self.teacher and not (
            self.look == "squares" and all(s.trained == "all" for s in self.stages)
        ):
            raise TrainingError("a teacher goes with squares, and with all layers learning")

    @property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()[:16]

    def plain(self) -> dict[str, Any]:
        """The recipe as plain data, for JSON.

        What is absent has no key: so were recipes written before there was such a thing, and
        their hashes stay.
        """
        record = asdict(self)
        if self.teacher is None:
            del record["teacher"]
        if self.views.sizes is None:
            del record["views"]["sizes"]
        for stage in record["stages"]:
            if stage["augmentation"] and stage["augmentation"].get("ground") == 0:
                del stage["augmentation"]["ground"]
        return record

    @property
    def frozen(self) -> bool:
        """Whether every stage sees the same features: backbone fixed, nothing augmented."""
        return all(s.trained == "head" and s.augmentation is None for s in self.stages)


_KERAS = 0.001
_PAPER_HEAD: dict[str, Any] = {"hidden": (256, 128, 64), "dropout": (0.3, 0.4, 0.2)}
_BASELINE = NetworkPlan("mobilenetv2", False, (512, 256, 128), (0.3, 0.4, 0.5), _KERAS)
_ENHANCED = NetworkPlan("mobilenetv2", True, **_PAPER_HEAD, norm_momentum=_KERAS)
_TUNED = dataclasses.replace(_ENHANCED, norm_momentum=0.1)
_STAGE_1 = Stage(
    epochs=10, batch=32, optimizer="adam", learning_rate=1e-3, trained="head-but-first",
    augmentation=Warp(rotation=10, shift=0.10),
)  # fmt: skip
_STAGE_2 = Stage(
    epochs=25, batch=64, optimizer="adam", learning_rate=5e-5, trained="last-30",
    augmentation=Warp(
        rotation=20, shift=0.15, shear=0.15, zoom=0.2, brightness=0.2, channels=0.1, fill="reflect"
    ),
    patience=8, plateau=3,
)  # fmt: skip
_ON_FROZEN = Stage(
    epochs=15, batch=64, optimizer="adam", learning_rate=0.0009999, trained="head",
    patience=5, plateau=3,
)  # fmt: skip
# Published: RMSprop, 100 epochs, one stage. Not published: rate (Keras' default here), batch, which
# layers learn (all here), early stop (the seed's own patience for a single stage here).
_KUSUMA = Stage(
    epochs=100, batch=32, optimizer="rmsprop", learning_rate=1e-3, trained="all",
    patience=5,
)  # fmt: skip
_FINETUNE = Stage(
    epochs=20, batch=64, optimizer="adamw", learning_rate=1e-3, trained="all",
    augmentation=AugmentPolicy(), schedule="one-cycle", weight_decay=0.02, label_smoothing=0.05,
    averaging=0.995, clip=5.0,
)  # fmt: skip


def _on_frozen(name: str, network: NetworkPlan) -> TrainingRecipe:
    return TrainingRecipe(name, network, (_ON_FROZEN,), backbone_from="baseline", tta="flip")


def _kusuma(
    name: str, plan: NetworkPlan, start: StartWeights | None, precision: Literal["bf16", "fp32"]
) -> TrainingRecipe:
    # All layers learn: whole batches would take gigabytes more.
    return TrainingRecipe(name, plan, (_KUSUMA,), start, micro_batch=16, precision=precision)


def _finetune(name: str, plan: NetworkPlan, start: StartWeights) -> TrainingRecipe:
    """All layers, squares, the same edits for both labels: the start line of this project."""
    return TrainingRecipe(
        name, plan, (_FINETUNE,), start, look="squares", draws="by-source", micro_batch=16,
        precision="bf16", views=CropPolicy(names=("squashed", "upper-left", "lower-right")),
    )  # fmt: skip


def _student(name: str, plan: NetworkPlan, start: StartWeights) -> TrainingRecipe:
    """As ``finetune``, with a teacher, for longer: a matter of minutes on a GPU, of hours on a
    CPU. Whole batches, since embeddings are compared within one."""
    return dataclasses.replace(
        _finetune(name, plan, start),
        stages=(dataclasses.replace(_FINETUNE, epochs=34),),
        micro_batch=0,
        teacher=CLIP,
    )


_TWO_STAGES = (
    dataclasses.replace(_STAGE_1, trained="head"),
    dataclasses.replace(_STAGE_2, trained="last-30-of-backbone"),
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        TrainingRecipe("baseline", _BASELINE, (_STAGE_1, _STAGE_2), IMAGENET_160, tta="baseline6"),
        _on_frozen("enhanced", _ENHANCED),
        # As the paper describes it: two stages from ImageNet weights, three views.
        TrainingRecipe("enhanced-paper", _ENHANCED, _TWO_STAGES, IMAGENET_160, tta="paper3"),
        _on_frozen("no-attention", dataclasses.replace(_ENHANCED, attention=False)),
        _on_frozen("no-head", dataclasses.replace(_ENHANCED, hidden=(), dropout=())),
        # Each in the precision that a CPU trains it faster in: 16 against 14 pictures a second and
        # core for MobileNetV2, 17 against 24 for MobileNetV3 (hard swish is slow in bfloat16).
        _kusuma(
            "kusuma-v2", NetworkPlan("mobilenetv2", False, (), (), _KERAS), IMAGENET_160, "bf16"
        ),
        # No start weights of MobileNetV3 are at hand: from scratch, which the original was not;
        # batch norms that start from nothing need statistics that follow.
        _kusuma("kusuma-v3", NetworkPlan("mobilenetv3-large", False, (), (), 0.01), None, "fp32"),
        _finetune("finetune", _TUNED, IMAGENET_160),
        # Single precision: PyTorch's 5x5 depthwise layers are slower on a CPU in bfloat16; so few
        # pictures at a time because single precision takes the double of its memory.
        dataclasses.replace(
            _finetune(
                "finetune-lite0", dataclasses.replace(_TUNED, backbone="efficientnet-lite0"), LITE0
            ),
            micro_batch=8,
            precision="fp32",
        ),
        _student("student", _TUNED, IMAGENET_160),
        _student(
            "student-lite0", dataclasses.replace(_TUNED, backbone="efficientnet-lite0"), LITE0
        ),
    )
}

FAST_RECIPES = ("fast", "fast-attention", "fast-mobilenetv2", "fast-mobilenetv2-attention")
"""Recipes of students of the careful model (:mod:`tegaki.lab.training.clip.student`)."""
