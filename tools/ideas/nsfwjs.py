"""The MobileNetV2 of nsfwjs (npm, MIT), which tells drawings, photographs and adult content apart.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (CVPR 2018), width 1.4,
tuned on pictures of the web. The package carries ``mobilenet_v2_mid`` as scripts: the weights'
names and shapes beside a scale for each, and their levels of 8 bits in base64. Batch norms are
folded into the convolutions.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

CHANNELS = 1792
SIDE = 224
_STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
_SHARDS = ("group1-shard1of2", "group1-shard2of2")
_NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"
_ENTRY = re.compile(
    r'\{name:"([^"]+)",shape:\[([\d,]*)\],dtype:"float32",'
    rf'quantization:\{{min:{_NUMBER},scale:{_NUMBER},dtype:"uint8"\}}\}}'
)
_LEVELS = re.compile(r'exports="([A-Za-z0-9+/=]+)"')


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Weights of an unpacked package by the end of their names, float32 as TensorFlow has them."""
    model = folder / "dist" / "models" / "mobilenet_v2_mid"
    script = (model / "model.min.js").read_text(encoding="utf-8")
    levels = b""
    for shard in _SHARDS:
        found = _LEVELS.search((model / f"{shard}.min.js").read_text(encoding="utf-8"))
        assert found is not None, f"{shard} holds no weights"
        levels += base64.b64decode(found[1])
    weights, start = {}, 0
    for name, sizes, low, scale in _ENTRY.findall(script):
        shape = [int(size) for size in sizes.split(",") if size]
        end = start + int(np.prod(shape))
        values = np.frombuffer(levels[start:end], np.uint8).astype(np.float32)
        values = values * np.float32(scale) + np.float32(low)
        weights[name.rpartition("MobilenetV2/")[2]] = torch.from_numpy(values.reshape(shape))
        start = end
    assert start == len(levels), "the weights are not as long as their shapes say"
    return weights


class MobileNet:
    """The network up to the mean of its last feature map."""

    def __init__(self, folder: Path) -> None:
        self._weights = read_weights(folder)

    def __call__(self, picture: Image.Image) -> Tensor:
        """An RGB picture, squashed, to float32 ``(1792,)``."""
        pixels = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        x = torch.from_numpy(np.asarray(pixels, np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        with torch.inference_mode():
            return self._last(x).mean(dim=(2, 3))[0]

    def classes(self, picture: Image.Image) -> Tensor:
        """Chances of drawing, hentai, neutral, porn and sexy, ``(5,)``."""
        weight, bias = (
            self._weights[f"Func/StatefulPartitionedCall/input/_{n}"] for n in (262, 263)
        )
        return torch.softmax(self(picture) @ weight + bias, dim=0)

    def _last(self, x: Tensor) -> Tensor:
        x = self._conv(x, "Conv/Conv2D", 2).clamp(0, 6)
        for number, stride in enumerate(_STRIDES):
            name = f"expanded_conv_{number}" if number else "expanded_conv"
            inner = self._conv(x, f"{name}/expand/Conv2D").clamp(0, 6) if number else x
            inner = self._conv(inner, f"{name}/depthwise/depthwise", stride).clamp(0, 6)
            inner = self._conv(inner, f"{name}/project/Conv2D")
            x = x + inner if inner.shape == x.shape and number else inner
        return self._conv(x, "Conv_1/Conv2D").clamp(0, 6)

    def _conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias = (self._weights[f"{name}_{part}"] for part in ("weights", "bn_offset"))
        depthwise = name.endswith("depthwise")
        weight = weight.permute((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        if weight.shape[-1] == 3:  # TensorFlow pads at the right and below where it halves
            x = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        return functional.conv2d(x, weight, bias, stride, groups=x.shape[1] if depthwise else 1)
