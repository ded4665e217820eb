"""MobileNetV3-Large without its classifier (Howard et al., "Searching for MobileNetV3", ICCV 2019,
table 1). No start weights of it are at hand: it is trained from scratch here."""

from __future__ import annotations

from torch import Tensor, nn

# Kernel, expanded channels, output channels, squeeze-and-excite, hard swish, stride (table 1).
BLOCKS = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)


def _conv_norm_activation(
    inp: int, out: int, kernel: int, activation: nn.Module | None, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv = nn.Conv2d(inp, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(out, eps=1e-3)
    return [conv, norm] if activation is None else [conv, norm, activation]


class SqueezeExcite(nn.Module):
    """Channel weights in [0, 1] by a hard sigmoid, inside a block; a quarter in steps of 8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = (channels // 4 + 4) // 8 * 8
        inner += 8 if inner < 0.9 * (channels // 4) else 0  # never over 10 % less than a quarter
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, inner, 1), nn.ReLU(),
            nn.Conv2d(inner, channels, 1), nn.Hardsigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.weigh(x)
        return x * weights


class Block(nn.Module):
    """Widen, filter per channel, weigh channels, narrow; added to the input where shapes allow."""

    def __init__(
        self, inp: int, kernel: int, wide: int, out: int, squeeze: bool, swish: bool, stride: int
    ) -> None:
        super().__init__()
        activation: type[nn.Module] = nn.Hardswish if swish else nn.ReLU
        layers = _conv_norm_activation(inp, wide, 1, activation()) if wide != inp else []
        layers += _conv_norm_activation(wide, wide, kernel, activation(), stride, groups=wide)
        layers += [SqueezeExcite(wide)] if squeeze else []
        layers += _conv_norm_activation(wide, out, 1, None)
        self.body = nn.Sequential(*layers)
        self.skip = stride == 1 and inp == out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.skip else y


def backbone_v3() -> nn.Sequential:
    """(n, 3, h, w) to (n, 960, h/32, w/32)."""
    layers = _conv_norm_activation(3, 16, 3, nn.Hardswish(), stride=2)
    channels = 16
    for kernel, wide, out, squeeze, swish, stride in BLOCKS:
        layers.append(Block(channels, kernel, wide, out, squeeze, swish, stride))
        channels = out
    layers += _conv_norm_activation(channels, 960, 1, nn.Hardswish())
    for layer in (m for top in layers for m in top.modules()):
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
