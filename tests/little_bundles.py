"""Bundles whose answers a test can foresee: a network that looks at mean colours alone."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tegaki.model import SHIPPED, Bundle, CascadeBundle, load_single, save_bundle
from tegaki.results.scoring_config import Cascade, ModelRef

SIZE = 64
STEEP = 4.0  # logit of white; that of black is its negative


def colour(red: int, green: int, blue: int) -> Image.Image:
    """A picture of one colour but for a corner, so that it counts as no blank one."""
    picture = Image.new("RGB", (100, 120), (red, green, blue))
    picture.paste((128, 128, 128) if red < 60 else (0, 0, 0), (0, 0, 10, 10))
    return picture


def grey(level: int) -> Image.Image:
    return colour(level, level, level)


def write_fast(folder: Path, *, outside: bool = True) -> Bundle:
    """A bundle: the brighter, the more generated; red pictures are outside the domain."""
    onnx = pytest.importorskip("onnx", reason="needs tegaki[lab]")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    weights = {"logit": [STEEP / 3] * 3, "outside": [1.0, 0.0, -1.0]}
    if not outside:
        del weights["outside"]
    nodes = [helper.make_node("ReduceMean", ["views"], ["means"], axes=[2, 3], keepdims=0)]
    numbers = []
    for name, weight in weights.items():
        numbers.append(helper.make_tensor(f"{name}.weights", floats, [3], weight))
        nodes.append(helper.make_node("MatMul", ["means", f"{name}.weights"], [f"{name}.sum"]))
        nodes.append(helper.make_node("Sub", [f"{name}.sum", f"{name}.margin"], [name]))
        margin = 0.5 if name == "outside" else 0.0
        numbers.append(helper.make_tensor(f"{name}.margin", floats, [1], [margin]))
    graph = helper.make_graph(
        nodes,
        "little",
        [helper.make_tensor_value_info("views", floats, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(name, floats, ["n"]) for name in weights],
        numbers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return _written(folder, model.SerializeToString())


def _written(folder: Path, network: bytes) -> Bundle:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(network)
    careful = load_single("careful")
    sha256 = hashlib.sha256(network).hexdigest()
    recipe = replace(
        careful.config,
        views=replace(careful.config.views, names=("squashed",), size=SIZE, sizes=None),
        model=ModelRef(f"little-{sha256[:8]}", sha256),
        base=None,
    )
    bundle = Bundle(folder, recipe, careful.thresholds, {})
    save_bundle(bundle)
    return bundle


def write_cascade(
    folder: Path, *, slope: float = 2.0, intercept: float = 0.5, low: float = -3.0,
    high: float = 4.0, outside: bool = True,
) -> CascadeBundle:  # fmt: skip
    """``folder/auto``, beside it the little network as ``fast`` and the shipped ``careful``."""
    fast = write_fast(folder / "fast", outside=outside)
    shutil.copytree(SHIPPED["careful"], folder / "careful")
    careful = load_single(folder / "careful")
    cascade = Cascade(fast.config, careful.config, slope, intercept, low, high)
    (folder / "auto").mkdir()
    auto = CascadeBundle(folder / "auto", cascade, careful.thresholds, {}, fast, careful)
    save_bundle(auto)
    return auto
