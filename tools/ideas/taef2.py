"""A tiny autoencoder of FLUX.2's latents (madebyollin/taesd, MIT): pictures to latents and back.

What comes back is the picture in the eye's judgement, and bears what a generator's decoder leaves.
Sides are multiples of 8; values from 0 to 1; the latents have 32 channels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

_WIDTH, _LATENT = 64, 32
_STEP = 8  # pixels to a latent


class _Block(nn.Module):
    """Three convolutions beside their input; ``pooled``: the input gains normalised channels
    before."""

    def __init__(self, pooled: bool = False) -> None:
        super().__init__()
        inner, wide = [nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1) for _ in range(3)], 4 * _WIDTH
        self.conv = nn.Sequential(inner[0], nn.ReLU(), inner[1], nn.ReLU(), inner[2])
        self.pool = nn.Sequential(
            nn.Conv2d(_WIDTH, wide, 1, bias=False), nn.GroupNorm(4, wide), nn.ReLU(),
            nn.Conv2d(wide, _WIDTH, 1, bias=False),
        ) if pooled else None  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class _Squash(nn.Module):
    """Latents kept within -3 and 3."""

    def forward(self, x: Tensor) -> Tensor:
        return 3 * torch.tanh(x / 3)


def encoder() -> nn.Sequential:
    """Pictures float ``(n, 3, height, width)`` to latents ``(n, 32, height / 8, width / 8)``."""
    layers: list[nn.Module] = [nn.Conv2d(3, _WIDTH, 3, padding=1), _Block()]
    for pooled in (False, False, True):
        layers.append(nn.Conv2d(_WIDTH, _WIDTH, 3, stride=2, padding=1, bias=False))
        layers += [_Block(pooled) for _ in range(3)]
    return nn.Sequential(*layers, nn.Conv2d(_WIDTH, _LATENT, 3, padding=1))


def decoder() -> nn.Sequential:
    """The way back."""
    layers: list[nn.Module] = [_Squash(), nn.Conv2d(_LATENT, _WIDTH, 3, padding=1), nn.ReLU()]
    for pooled in (True, False, False):
        layers += [_Block(pooled) for _ in range(3)]
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, bias=False)]
    return nn.Sequential(*layers, _Block(), nn.Conv2d(_WIDTH, 3, 3, padding=1))


class Autoencoder:
    """The autoencoder whose two files stand in a folder."""

    def __init__(self, folder: Path) -> None:
        self._parts = []
        for name, part in (("encoder", encoder()), ("decoder", decoder())):
            weights = torch.load(folder / f"taef2_{name}.pth", weights_only=True)
            part.load_state_dict({key: value.float() for key, value in weights.items()})
            self._parts.append(part.eval().to(memory_format=torch.channels_last))  # type: ignore[call-overload]

    def __call__(self, picture: Image.Image) -> Image.Image:
        """An RGB picture there and back; what is beyond a multiple of 8 pixels is cut away."""
        width, height = (side - side % _STEP for side in picture.size)
        pixels = np.asarray(picture.crop((0, 0, width, height)), np.float32) / 255
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None]  # channels last, as it lies in memory
        with torch.inference_mode():
            for part in self._parts:
                x = part(x)
        back = (x[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
        return Image.fromarray(np.ascontiguousarray(back.numpy()))
