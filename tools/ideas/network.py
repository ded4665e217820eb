"""A small network in place of the linear head.

Fully connected layers with ReLU and dropout on the main components, trained by AdamW (Loshchilov
and Hutter, ICLR 2019) on draws in which labels, and within a label sources, come up alike; the
weights of the second half of training are averaged (Izmailov et al., "Averaging Weights Leads to
Wider Optima and Better Generalization", UAI 2018).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.training.clip.heads import by_source
from tools.ideas.data import PLAN, Floats, Progress, Rows
from tools.ideas.fits import Names, area, least_squares, row, standardised

_BATCH = 256
_SMOOTHED = 0.02  # of a label, so that logits stay finite


@dataclass(frozen=True)
class Shape:
    """How the network is built and trained."""

    components: int = 384
    hidden: tuple[int, ...] = (64,)
    dropout: float = 0.3
    decay: float = 0.1
    steps: int = 800
    rate: float = 1e-3

    def __str__(self) -> str:
        sizes = "-".join(map(str, (self.components, *self.hidden)))
        return f"{sizes}, dropout {self.dropout:g}, weight decay {self.decay:g}, {self.steps} steps"


TRIED = (
    Shape(hidden=(32,)),
    Shape(),
    Shape(dropout=0.6),
    Shape(decay=1.0),
    Shape(dropout=0.6, decay=1.0),
    Shape(hidden=(256,), dropout=0.6),
    Shape(hidden=(256, 32), dropout=0.5),
    Shape(components=1024, dropout=0.5),
    Shape(components=1024, dropout=0.5, decay=1.0),
    Shape(components=1024, hidden=(256,), dropout=0.6, decay=1.0),
    Shape(components=1024, dropout=0.5, steps=300),
    Shape(components=1024, dropout=0.5, decay=1.0, steps=2000),
)


def fitted(values: Floats, weights: Scores, labels: Labels, shape: Shape) -> nn.Module:
    """The network after training on float32 ``(n, copies, components)``."""
    torch.manual_seed(0)
    network = _layers(values.shape[2], shape)
    averaged = AveragedModel(network)
    options = torch.optim.AdamW(network.parameters(), shape.rate, weight_decay=shape.decay)
    plan = torch.optim.lr_scheduler.OneCycleLR(options, shape.rate, shape.steps, pct_start=0.1)
    rows = torch.from_numpy(values)
    aims = torch.from_numpy(labels).float() * (1 - 2 * _SMOOTHED) + _SMOOTHED
    chances = torch.from_numpy(weights)
    network.train()
    for step in range(shape.steps):
        chosen = torch.multinomial(chances, _BATCH, replacement=True)
        copies = torch.randint(values.shape[1], (_BATCH,))
        logits = network(rows[chosen, copies]).squeeze(1)
        options.zero_grad()
        functional.binary_cross_entropy_with_logits(logits, aims[chosen]).backward()  # type: ignore[no-untyped-call]
        options.step()
        plan.step()
        if step >= shape.steps // 2:
            averaged.update_parameters(network)
    return averaged.module.eval()


def out_of_source(
    values: Floats, labels: Labels, sources: Names, fold: Rows, shape: Shape
) -> Scores:
    """Logits of every copy by networks that saw no picture of its source: ``(n, copies)``."""
    some = np.ascontiguousarray(values[:, :, : shape.components])
    found = np.zeros(values.shape[:2])
    for number in np.unique(fold):
        rest, mine = fold != number, fold == number
        weights = by_source(sources[rest].tolist(), labels[rest])
        network = fitted(some[rest], weights, labels[rest], shape)
        with torch.inference_mode():
            found[mine] = network(torch.from_numpy(some[mine])).squeeze(2).numpy()
    return found


def chosen_elsewhere(
    tried: list[Scores], labels: Labels, sources: Names
) -> tuple[Scores, list[int]]:
    """The scores of each half of the sources by what is best on the other half, and what that is:
    choosing the best of many on the pictures that it is judged on would flatter it."""
    names = np.random.default_rng(0).permutation(np.unique(sources))
    first = np.isin(sources, names[: len(names) // 2])
    found, chosen = np.zeros_like(tried[0]), []
    for mine in (first, ~first):
        known = [area(s[~mine, 0], labels[~mine], sources[~mine]) for s in tried]
        chosen.append(int(np.argmax(known)))
        # Networks have logits of their own scale, and both halves are judged together.
        found[mine] = standardised(tried[chosen[-1]])[mine]
    return found, chosen


def measure(
    values: Floats, variances: Floats, labels: Labels, sources: Names, fold: Rows, kept: Path,
    progress: Progress, tried: tuple[Shape, ...] = TRIED,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of the table.

    Args:
        values: float32 ``(n, copies, components)``; ``variances`` of the components.
        kept: a folder for the scores of these pictures.
    """
    kept.mkdir(parents=True, exist_ok=True)
    linear = least_squares(values, labels, sources, fold)
    inputs = values / np.sqrt(variances + PLAN.penalty)
    rows: list[dict[str, Any]] = [row("least squares", linear, labels, sources)]
    found = []
    for number, shape in enumerate(tried):
        progress("network", number, len(tried))
        path = kept / f"{shape}.npy"
        if not path.exists():
            np.save(path, out_of_source(inputs, labels, sources, fold, shape))
        found.append(np.load(path))
        rows.append({**row(str(shape), found[-1], labels, sources, linear), "shape": asdict(shape)})
    best, chosen = chosen_elsewhere(found, labels, sources)
    name = "for each half of the sources what is best on the other half"
    rows.append({**row(name, best, labels, sources, linear), "chosen": chosen})
    both = standardised(best) + standardised(linear)
    rows.append(row("the same and least squares, averaged", both, labels, sources, linear))
    return rows


def _layers(width: int, shape: Shape) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in shape.hidden:
        layers += [nn.Dropout(shape.dropout), nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers, nn.Dropout(shape.dropout), nn.Linear(width, 1))
