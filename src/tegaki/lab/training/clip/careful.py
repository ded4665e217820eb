"""From frozen features to the careful model: heads, calibration, bundle.

Calibration and thresholds come from predictions for sources that the head had not seen (each
source is scored by a head fitted without it), on the picture as it is and on re-encoded copies:
what users bring is from elsewhere, and has been through the web.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tegaki.lab.metrics.calibration import fit_platt, fit_thresholds
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.models.clip_onnx import LAYERS, POOLS, WIDTH
from tegaki.lab.models.config import CLIP, Teacher
from tegaki.lab.training.clip.features import FeatureStore, SampleInfo
from tegaki.lab.training.clip.heads import CrossFit, Features, Head, fit_outside
from tegaki.lab.training.recipes import AugmentPolicy
from tegaki.model import Bundle, save_bundle
from tegaki.results.scoring_config import (
    Calibration,
    CropPolicy,
    DecodePolicy,
    ModelRef,
    ScoringConfig,
    ShrinkPolicy,
    Thresholds,
    TilePolicy,
)

BASE = "clip-vit-b16-lower"
IDENTITY = Calibration(slope=1.0, intercept=0.0)
_OPSET, _IR = 18, 9


@dataclass(frozen=True, slots=True)
class CarefulPlan:
    """How the careful model is made.

    ``pools``: which features the heads see, ``(pool, layer)``. ``copies``: of each picture, the
    first as it is, the others after ``edits``. ``penalty``, ``outside_penalty``: of the two heads
    (:func:`heads.solve`). ``lost``: share of drawn and generated
    pictures, out of source, that may be taken for such.
    """

    teacher: Teacher = CLIP
    pools: tuple[tuple[str, int], ...] = (
        ("class", 5), ("class", 6), ("mean", 3), ("mean", 4), ("mean", 5), ("mean", 6),
        ("spread", 6),
    )  # fmt: skip
    size: int = 160
    copies: int = 3
    edits: AugmentPolicy = field(
        default_factory=lambda: AugmentPolicy(rescale=0.6, recompress=0.85, ground=0.5)
    )
    penalty: float = 1.0
    outside_penalty: float = 1.0
    lost: float = 0.01
    folds: int = 8

    @property
    def views(self) -> CropPolicy:
        return CropPolicy(names=("squashed",), size=self.size)

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """Where the heads' features stand in a row of a :class:`FeatureStore`."""
        starts = [
            (LAYERS.index(layer) * len(POOLS) + POOLS.index(pool)) * WIDTH
            for pool, layer in self.pools
        ]
        found: npt.NDArray[np.int64] = np.concatenate([s + np.arange(WIDTH) for s in starts])
        return found

    def plain(self) -> dict[str, Any]:
        """The plan as plain data, for JSON."""
        return asdict(self)


def _each(kinds: dict[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple((pool, int(layer)) for pool, layers in kinds.items() for layer in layers)


TRIED: dict[str, dict[str, Any]] = {
    "class 5-6, mean 3-6, spread 6": {},
    "the same, penalty x 3": {"penalty": 3.0},
    "the same, penalty / 3": {"penalty": 0.3},
    "class 5-6, mean 3-6": {"pools": _each({"class": "56", "mean": "3456"})},
    "mean 3-6": {"pools": _each({"mean": "3456"})},
    "class 6, mean 6": {"pools": _each({"class": "6", "mean": "6"})},
    "class 4-5, mean 2-5 (six blocks)": {"pools": _each({"class": "45", "mean": "2345"})},
    "class 3-4, mean 2-4 (five blocks)": {"pools": _each({"class": "34", "mean": "234"})},
}
"""What is compared by leave-sources-out; the first is what ships."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Heads in the store's columns, and what they were calibrated with."""

    head: Head
    outside: Head
    thresholds: Thresholds
    scores: Scores
    """Calibrated out-of-source logits float64 ``(n, copies)``."""
    outside_scores: Scores
    """Likewise of being outside the domain, above zero for outside; of pictures inside."""


def features_of(store: FeatureStore, plan: CarefulPlan) -> Features:
    """What the heads see of every picture: float32 ``(n, copies, features)``."""
    rows, columns = store.features(), plan.columns
    found = np.empty((*rows.shape[:2], len(columns)), np.float32)
    for number, row in enumerate(rows):  # one by one: the store may be larger than memory
        found[number] = row[:, columns]
    return found


def fit_heads(
    plan: CarefulPlan,
    features: Features,
    index: list[SampleInfo],
    outside: Features,
    progress: Callable[[int], None] = lambda _: None,
) -> Fitted:
    """Fit, cross-fit and calibrate.

    Args:
        features: of drawn and generated pictures, float32 ``(n, copies, features)``.
        index: what these are.
        outside: of pictures of other kinds, float32 ``(m, copies, features)``.
    """
    labels = np.array([one.generated for one in index])
    sources = [one.source for one in index]
    fits = CrossFit(features, labels, sources, plan.folds, progress)
    raw = fits.scores(plan.penalty)
    calibration, thresholds = calibrated(raw, labels, sources)
    head = fits.head(plan.penalty).scaled(calibration)
    kinds, far = fit_outside(
        features, sources, outside, plan.outside_penalty, plan.lost, plan.folds
    )
    return Fitted(head, kinds, thresholds, raw * calibration.slope + calibration.intercept, far)


def calibrated(
    logits: Scores, labels: Labels, sources: list[str]
) -> tuple[Calibration, Thresholds]:
    """Calibration and thresholds from raw logits float64 ``(n, copies)`` of pictures whose sources
    the model has not seen; the thresholds are of calibrated logits."""
    copies = logits.shape[1]
    every = np.repeat(labels, copies), np.repeat(sources, copies).tolist()
    calibration = fit_platt(logits.reshape(-1), every[0])
    scores = logits.reshape(-1) * calibration.slope + calibration.intercept
    thresholds = fit_thresholds(scores, *every, IDENTITY)
    counts = {"humans": int((~labels).sum()), "generated": int(labels.sum())}
    return calibration, replace(thresholds, **counts)


def head_onnx(plan: CarefulPlan, head: Head, outside: Head) -> bytes:
    """An ONNX file: ``features (1, all columns)`` to ``logit (1,)`` and ``outside ()``."""
    width = len(LAYERS) * len(POOLS) * WIDTH
    numbers: dict[str, npt.NDArray[np.generic]] = {}
    for name, one in (("logit", head), ("outside", outside)):
        weights = np.zeros((width, 1), np.float32)
        weights[plan.columns, 0] = one.weights
        numbers |= {f"{name}.weights": weights, f"{name}.bias": np.array([one.bias], np.float32)}
    numbers |= {"one": np.array([-1], np.int64), "none": np.zeros(0, np.int64)}
    nodes = []
    for name, shape in (("logit", "one"), ("outside", "none")):
        inputs = ["features", f"{name}.weights", f"{name}.bias"]
        nodes.append(helper.make_node("Gemm", inputs, [f"{name}.all"]))
        nodes.append(helper.make_node("Reshape", [f"{name}.all", shape], [name]))
    graph = helper.make_graph(
        nodes, "careful",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, width])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, [1]),
         helper.make_tensor_value_info("outside", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
    )
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def careful_bundle(
    plan: CarefulPlan, fitted: Fitted, base: bytes, facts: dict[str, Any], folder: Path
) -> Bundle:
    """Write the bundle into ``folder``.

    Args:
        facts: what it was trained on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = head_onnx(plan, fitted.head, fitted.outside)
    (folder / "model.onnx").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    recipe = ScoringConfig(
        DecodePolicy(),
        plan.views,
        ModelRef(f"careful-{sha256[:8]}", sha256),
        IDENTITY,
        ShrinkPolicy(),
        ModelRef(BASE, hashlib.sha256(base).hexdigest()),
        TilePolicy(),
    )
    training = {"runs": [{"recipe": {"name": "careful", **plan.plain()}}], **facts}
    bundle = Bundle(folder, recipe, fitted.thresholds, training)
    save_bundle(bundle)
    return bundle
