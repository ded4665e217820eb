"""The lower blocks of CLIP's image tower as an ONNX file with weights of 7 bits.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021; the
tower is a vision transformer (Dosovitskiy et al., ICLR 2021) of patches of 16 pixels, width 768, 12
heads. Middle blocks tell generated pictures from drawn ones far better than the embedding that
the tower ends with (docs/lab.md).

Inputs:
    views   float32 ``(1, 3, side, side)`` in [-1, 1]; side is 16 times one of ``GRIDS``
    rows    int64 ``(1 + grid * grid,)``: which rows of the table of positions are this grid's

Outputs, of the residual stream after each of ``LAYERS``:
    features   float32 ``(1, layers, 3, 768)``: the class token; mean and standard deviation of the
               patches' tokens
    tokens_N   float32 ``(1, 1 + grid * grid, 768)``: all tokens after block N, class token first

Matrix products are of unsigned 8-bit activations, scaled anew for each product, and signed weights
of at most 63: processors without VNNI add two such products in 16 bits, and 2 * 255 * 63 = 32,130
fits where 2 * 255 * 127 does not: none saturates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

from tegaki.lab.models.clip_tower import MEAN, STD, ClipTower, load_teacher
from tegaki.lab.models.config import Teacher

BLOCKS = 7
LAYERS = (2, 3, 4, 5, 6)
POOLS = ("class", "mean", "spread")
WIDTH = 768
PATCH = 16
GRIDS = (8, 9, 10, 11, 12)
LEVELS = 63
_HEADS = 12
_EPSILON = 1e-5
_OPSET, _IR = 18, 9

Floats = npt.NDArray[np.float32]


def base_onnx(plan: Teacher, path: Path | None) -> bytes:
    """The ONNX file, from the teacher's file; the same bytes every time.

    Raises:
        TrainingError: no file is given, or it is another one.
    """
    model = _Graph(load_teacher(plan, path)).model()
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def quantised(weight: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Levels of at most ``LEVELS`` either way, and a scale for each output: of ``(in, out)``."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / np.float32(LEVELS)
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def position_table(positions: Floats) -> Floats:
    """Positions of every grid of ``GRIDS``, one below the other, the class token's first.

    Args:
        positions: float32 ``(197, 768)``, of the grid of 14 that CLIP was trained on.
    """
    square = torch.from_numpy(positions[1:]).reshape(14, 14, WIDTH).permute(2, 0, 1)[None]
    parts = []
    for grid in GRIDS:
        fitted = functional.interpolate(square, (grid, grid), mode="bicubic", antialias=True)
        parts += [positions[:1], fitted[0].permute(1, 2, 0).reshape(-1, WIDTH).numpy()]
    return np.concatenate(parts)


class _Graph:
    """Nodes and numbers as they are written; names of tensors come back from every step."""

    def __init__(self, tower: ClipTower) -> None:
        self._tower = tower
        self._nodes: list[onnx.NodeProto] = []
        self._numbers: dict[str, npt.NDArray[np.generic]] = {}

    def model(self) -> onnx.ModelProto:
        x = self._embedded()
        layers = {}
        for number in range(BLOCKS):
            x = self._block(x, number)
            layers[number] = x
        outputs = [self._features([layers[n] for n in LAYERS])]
        for number in LAYERS:
            self._step("Identity", [layers[number]], f"tokens_{number}")
            shape: list[int | str] = [1, "tokens", WIDTH]
            outputs.append(_value(f"tokens_{number}", TensorProto.FLOAT, shape))
        graph = helper.make_graph(
            self._nodes, "clip-vit-b16-lower",
            [_value("views", TensorProto.FLOAT, [1, 3, "side", "side"]),
             _value("rows", TensorProto.INT64, ["tokens"])],
            outputs, [numpy_helper.from_array(v, k) for k, v in self._numbers.items()],
        )  # fmt: skip
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
        )
        helper.set_model_props(model, {"patch": str(PATCH), "grids": ",".join(map(str, GRIDS))})
        onnx.checker.check_model(model)
        return model

    def _embedded(self) -> str:
        # (x / 2 + 0.5 - mean) / spread is linear: it goes into the convolution's weights.
        weight = self._of("embeddings.patch_embedding.weight")
        factor = (0.5 / np.array(STD, np.float32)).reshape(1, 3, 1, 1)
        shift = ((0.5 - np.array(MEAN, np.float32)) / np.array(STD, np.float32)).reshape(1, 3, 1, 1)
        bias = (weight * shift).sum(axis=(1, 2, 3)).astype(np.float32)
        inputs = ["views", self._number("patch", weight * factor), self._number("patch.bias", bias)]
        x = self._step("Conv", inputs, strides=[PATCH, PATCH])
        x = self._step("Reshape", [x, self._shape(1, WIDTH, -1)])
        x = self._step("Transpose", [x], perm=[0, 2, 1])
        first = self._of("embeddings.class_embedding").reshape(1, 1, WIDTH)
        x = self._step("Concat", [self._number("class", first), x], axis=1)
        table = position_table(self._of("embeddings.position_embedding.weight"))
        rows = self._step("Gather", [self._number("positions", table), "rows"], axis=0)
        return self._norm(self._step("Add", [x, rows]), "pre_layrnorm")

    def _block(self, x: str, number: int) -> str:
        name = f"encoder.layers.{number}"
        x = self._step("Add", [x, self._attention(self._norm(x, f"{name}.layer_norm1"), name)])
        inner = self._linear(self._norm(x, f"{name}.layer_norm2"), [f"{name}.mlp.fc1"])
        slope = self._number("gelu", np.float32(1.702))  # CLIP's quick GELU
        gate = self._step("Sigmoid", [self._step("Mul", [inner, slope])])
        inner = self._step("Mul", [inner, gate])
        return self._step("Add", [x, self._linear(inner, [f"{name}.mlp.fc2"])])

    def _attention(self, x: str, name: str) -> str:
        parts = [f"{name}.self_attn.{part}_proj" for part in "qkv"]
        joined = self._linear(x, parts, (WIDTH // _HEADS) ** -0.5)
        split = [f"{joined}.{part}" for part in "qkv"]
        self._nodes.append(helper.make_node("Split", [joined], split, axis=2, num_outputs=3))
        heads = self._shape(1, -1, _HEADS, WIDTH // _HEADS)
        q, k, v = (
            self._step("Transpose", [self._step("Reshape", [part, heads])], perm=perm)
            for part, perm in zip(split, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        weights = self._step("Softmax", [self._step("MatMul", [q, k])], axis=-1)
        seen = self._step("Transpose", [self._step("MatMul", [weights, v])], perm=[0, 2, 1, 3])
        seen = self._step("Reshape", [seen, self._shape(1, -1, WIDTH)])
        return self._linear(seen, [f"{name}.self_attn.out_proj"])

    def _linear(self, x: str, names: list[str], first_times: float = 1.0) -> str:
        """Layers side by side as one product; the first one's result times a factor."""
        factors = [first_times, *[1.0] * (len(names) - 1)]
        weights = [
            self._of(f"{n}.weight").T * np.float32(f) for n, f in zip(names, factors, strict=True)
        ]
        biases = [
            self._of(f"{n}.bias") * np.float32(f) for n, f in zip(names, factors, strict=True)
        ]
        levels, scale = quantised(np.concatenate(weights, axis=1))
        name = names[0]
        taken = [f"{name}.{part}" for part in ("levels", "scale", "zero")]
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [x], taken))
        product = self._step("MatMulInteger", [taken[0], self._number(name, levels), taken[2]])
        product = self._step("Cast", [product], to=TensorProto.FLOAT)
        scales = self._step("Mul", [taken[1], self._number(f"{name}.scales", scale)])
        product = self._step("Mul", [product, scales])
        return self._step("Add", [product, self._number(f"{name}.bias", np.concatenate(biases))])

    def _features(self, layers: list[str]) -> onnx.ValueInfoProto:
        zero, one, end = (self._shape(n) for n in (0, 1, 2**31 - 1))
        pooled = []
        for x in layers:
            patches = self._step("Slice", [x, one, end, one])
            mean = self._step("ReduceMean", [patches, one], keepdims=1)
            away = self._step("Sub", [patches, mean])
            square = self._step("ReduceMean", [self._step("Mul", [away, away]), one], keepdims=1)
            first = self._step("Slice", [x, zero, one, one])
            three = self._step("Concat", [first, mean, self._step("Sqrt", [square])], axis=1)
            pooled.append(self._step("Reshape", [three, self._shape(1, 1, len(POOLS), WIDTH)]))
        self._step("Concat", pooled, "features", axis=1)
        return _value("features", TensorProto.FLOAT, [1, len(LAYERS), len(POOLS), WIDTH])

    def _norm(self, x: str, name: str) -> str:
        gain, bias = (
            self._number(f"{name}.{p}", self._of(f"{name}.{p}")) for p in ("weight", "bias")
        )
        return self._step("LayerNormalization", [x, gain, bias], axis=-1, epsilon=_EPSILON)

    def _of(self, name: str) -> Floats:
        found: Floats = self._tower.weight(name).numpy().astype(np.float32)
        return found

    def _number(self, name: str, value: npt.NDArray[np.generic] | np.generic) -> str:
        self._numbers[name] = np.ascontiguousarray(value)
        return name

    def _shape(self, *sizes: int) -> str:
        return self._number("shape" + "_".join(map(str, sizes)), np.array(sizes, np.int64))

    def _step(self, kind: str, inputs: list[str], output: str = "", **settings: Any) -> str:
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **settings))
        return output


def _value(name: str, kind: int, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
