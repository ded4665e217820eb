"""Low-rank adapters on the last block, in place of a frozen one.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (ICLR 2022): beside a frozen weight
a product of two narrow ones learns, the second of them zero at first. They start beside the linear
head that the frozen features have (Kumar et al., "Fine-Tuning can Distort Pretrained Features and
Underperform Out-of-Distribution", ICLR 2022), and learn from the stored tokens before the block.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.models.clip_onnx import LAYERS, POOLS, WIDTH
from tegaki.lab.models.clip_tower import ClipTower, load_teacher
from tegaki.lab.training.clip.features import TOKENS
from tegaki.lab.training.clip.heads import Head, by_source, folds_of
from tools.ideas.data import PLAN, Floats, Half, Pictures, Progress, Rows, Setting
from tools.ideas.fits import BOTH, Axes, Parts, named, row

EACH = 2
"""Pictures of a source, at most."""
COPIES = 2
"""Of each picture: as it is, and edited."""
_BLOCK = TOKENS + 1
_HEADS = 12
_FEATURES = len(POOLS) * WIDTH
_SCALE = 3.0  # from least squares on labels -1 and 1 to logits
_HEAD_RATE = 1e-4
_SMOOTHED = 0.02  # of a label, so that logits stay finite
_PARTS = ("self_attn.q_proj", "self_attn.v_proj", "mlp.fc1", "mlp.fc2")


@dataclass(frozen=True)
class Course:
    """How the adapters are trained."""

    rank: int = 8
    rate: float = 1e-3
    epochs: int = 4
    batch: int = 32
    decay: float = 0.01

    @property
    def name(self) -> str:
        return f"adapters-{self.rank}-{self.rate:g}-{self.epochs}-{self.batch}"


TRIED = (Course(),)


class AdaptedBlock(nn.Module):
    """One block of CLIP's image tower with adapters: tokens float ``(n, tokens, 768)`` to the class
    token, the mean and the standard deviation of the patches' tokens, ``(n, 3 * 768)``."""

    def __init__(self, tower: ClipTower, number: int, rank: int) -> None:
        super().__init__()
        name = f"encoder.layers.{number}"
        linear = ("self_attn.k_proj", "self_attn.out_proj", *_PARTS)
        self._frozen: dict[str, tuple[Tensor, Tensor]] = {
            part: (tower.weight(f"{name}.{part}.weight"), tower.weight(f"{name}.{part}.bias"))
            for part in (*linear, "layer_norm1", "layer_norm2")
        }
        self.into, self.out = nn.ParameterDict(), nn.ParameterDict()
        for part in _PARTS:
            height, width = self._frozen[part][0].shape
            key = part.replace(".", "_")
            self.into[key] = nn.Parameter(torch.randn(rank, width) / width**0.5)
            self.out[key] = nn.Parameter(torch.zeros(height, rank))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._attention(self._norm(x, "layer_norm1"))
        inner = self._linear(self._norm(x, "layer_norm2"), "mlp.fc1")
        x = x + self._linear(inner * torch.sigmoid(1.702 * inner), "mlp.fc2")  # quick GELU
        patches = x[:, 1:]
        spread = patches.var(dim=1, correction=0).add(1e-6).sqrt()
        return torch.cat([x[:, 0], patches.mean(dim=1), spread], dim=1)

    def _attention(self, x: Tensor) -> Tensor:
        split = (len(x), -1, _HEADS, WIDTH // _HEADS)
        q, k, v = (
            self._linear(x, f"self_attn.{part}_proj").view(split).transpose(1, 2) for part in "qkv"
        )
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self._linear(seen, "self_attn.out_proj")

    def _linear(self, x: Tensor, part: str) -> Tensor:
        result = functional.linear(x, *self._frozen[part])
        key = part.replace(".", "_")
        if key in self.into:
            result = result + x @ self.into[key].T @ self.out[key].T
        return result

    def _norm(self, x: Tensor, part: str) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), *self._frozen[part], eps=1e-5)


class Split:
    """Few pictures of each source; two thirds of the sources teach, the others judge."""

    def __init__(self, pictures: Pictures) -> None:
        rows = pictures.at_most(EACH)
        self.labels, self.sources = pictures.generated[rows], pictures.sources[rows]
        self.taught = folds_of(self.sources.tolist(), self.labels, 3) != 0
        self.weights = by_source(self.sources[self.taught].tolist(), self.labels[self.taught])
        self.tokens = pictures.tokens[rows, :COPIES]
        start = LAYERS.index(_BLOCK) * len(POOLS) * WIDTH
        self.features = pictures.features[rows, :COPIES, start : start + _FEATURES]
        self.axes = Axes.of(self.features[self.taught], self.weights)
        self.head = self.fitted(self.axes(self.features))

    def fitted(self, values: Floats) -> Head:
        """The least-squares head of the sources that teach; values ``(all, copies, k)``."""
        fold = (~self.taught).astype(np.int64)
        parts = Parts(values, named(self.labels), self.labels, self.sources, fold)
        return parts.head(1, BOTH, PLAN.penalty)

    def judged(self, features: Half) -> Scores:
        """Logits ``(n, copies)`` of the sources that judge, by a least-squares head on these
        features float16 ``(all, copies, features)``."""
        values = Axes.of(features[self.taught], self.weights)(features)
        return applied(self.fitted(values), values[~self.taught])

    def start(self) -> nn.Linear:
        """The least-squares head as a layer on standardised features."""
        layer = nn.Linear(_FEATURES, 1)
        weight = self.axes.turn.astype(np.float64) @ self.head.weights
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(_SCALE * weight))
            layer.bias.fill_(_SCALE * self.head.bias)
        return layer

    def standard(self, features: Tensor) -> Tensor:
        """Features ``(n, features)`` in the units of the frozen ones."""
        return (features - torch.from_numpy(self.axes.mean)) / torch.from_numpy(self.axes.spread)


def applied(head: Head, values: Floats) -> Scores:
    """Logits ``(n, copies)`` of float32 ``(n, copies, components)``."""
    return head(values.reshape(-1, values.shape[2])).reshape(values.shape[:2])


def train(split: Split, block: AdaptedBlock | None, course: Course, setting: Setting) -> nn.Linear:
    """Train the head, and the block's adapters where one is given; kept after every epoch."""
    head = split.start()
    groups = [{"params": list(head.parameters()), "lr": _HEAD_RATE, "weight_decay": course.decay}]
    if block is not None:
        groups.append({"params": list(block.parameters()), "lr": course.rate, "weight_decay": 0.0})
    options = torch.optim.AdamW(groups)
    modules = nn.ModuleList([head] if block is None else [head, block])
    kept = setting.cache / f"{course.name}{'' if block else '-frozen'}.pt"
    first = 0
    if kept.exists():
        stored = torch.load(kept, weights_only=True)
        modules.load_state_dict(stored["modules"])
        options.load_state_dict(stored["options"])
        first = stored["epochs"]
    for epoch in range(first, course.epochs):
        torch.manual_seed(epoch)
        for group, rate in zip(options.param_groups, (_HEAD_RATE, course.rate), strict=False):
            group["lr"] = rate * (1 - epoch / course.epochs)
        _epoch(split, block, head, options, course, setting.progress)
        torch.save(
            {"modules": modules.state_dict(), "options": options.state_dict(), "epochs": epoch + 1},
            kept,
        )
    return head


def _epoch(
    split: Split, block: AdaptedBlock | None, head: nn.Linear, options: torch.optim.AdamW,
    course: Course, progress: Progress,
) -> None:  # fmt: skip
    mine = np.flatnonzero(split.taught)
    chances = torch.from_numpy(split.weights)
    steps = len(mine) // course.batch
    for step in range(steps):
        if step % 5 == 0:
            progress(course.name, step, steps)
        chosen = mine[torch.multinomial(chances, course.batch, replacement=True).numpy()]
        copies = torch.randint(COPIES, (course.batch,)).numpy()
        features = _features(split, block, chosen, copies)
        aims = torch.from_numpy(split.labels[chosen]).float() * (1 - 2 * _SMOOTHED) + _SMOOTHED
        logits = head(split.standard(features)).squeeze(1)
        options.zero_grad()
        functional.binary_cross_entropy_with_logits(logits, aims).backward()  # type: ignore[no-untyped-call]
        options.step()


def _features(split: Split, block: AdaptedBlock | None, rows: Rows, copies: Rows) -> Tensor:
    """Of some copies ``(n,)`` of some pictures ``(n,)``: float32 ``(n, features)``."""
    if block is None:
        return torch.from_numpy(split.features[rows, copies].astype(np.float32))
    found: Tensor = block(torch.from_numpy(split.tokens[rows, copies].astype(np.float32)))
    return found


def every_feature(split: Split, block: AdaptedBlock, progress: Progress) -> Half:
    """Of all copies of all pictures: float16 ``(all, copies, features)``."""
    found = np.empty(split.features.shape, np.float16)
    step = 16
    for copy in range(COPIES):
        for start in range(0, len(found), step):
            if start % 320 == 0:
                progress("adapted features", copy * len(found) + start, COPIES * len(found))
            rows = np.arange(start, min(start + step, len(found)))
            with torch.inference_mode():
                some = _features(split, block, rows, np.full(len(rows), copy))
            found[rows, copy] = some.numpy().astype(np.float16)
    return found


def measure(setting: Setting, tried: tuple[Course, ...] = TRIED) -> dict[str, Any]:
    """The rows of the table."""
    split = Split(setting.pictures)
    tower = load_teacher(PLAN.teacher, setting.teacher)
    mine = ~split.taught
    of = split.labels[mine], split.sources[mine]
    plain = split.judged(split.features)
    rows = [row("the frozen block, least squares", plain, *of)]
    for course in tried:
        torch.manual_seed(0)
        block = AdaptedBlock(tower, _BLOCK, course.rank)
        head = train(split, block, course, setting)
        features = every_feature(split, block, setting.progress)
        name = f"adapters, rate {course.rate:g}"
        rows.append(
            row(f"{name}, the head trained with them", _by(split, head, features), *of, plain)
        )
        rows.append(row(f"{name}, then least squares", split.judged(features), *of, plain))
    head = train(split, None, tried[0], setting)
    scores = _by(split, head, split.features)
    rows.insert(1, row("the frozen block, its head trained likewise", scores, *of, plain))
    return {
        "pictures": len(split.labels), "judged": int(mine.sum()),
        "sources": len(np.unique(split.sources)), "rows": rows,
        "courses": [asdict(course) for course in tried],
    }  # fmt: skip


def _by(split: Split, head: nn.Linear, features: Half) -> Scores:
    """Logits ``(n, copies)`` of the sources that judge by a trained head."""
    some = torch.from_numpy(features[~split.taught].astype(np.float32))
    with torch.inference_mode():
        found: Scores = head(split.standard(some)).squeeze(2).numpy().astype(np.float64)
    return found
