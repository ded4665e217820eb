"""What a student learns from: crops of stored copies, with the teacher's tokens cut to match.

The teacher's tokens after one middle block are standardised and reduced to their main components,
once; a crop of the picture goes with the same part of the tokens' grid, so that a student sees new
crops in every epoch and the teacher never runs again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.training.clip.features import FeatureStore, SampleInfo

_SAMPLE = 400  # pictures that the components are found on
_CHUNK = 64

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """``views`` float32 ``(n, 3, size, size)`` in [-1, 1]; ``labels`` and ``logits`` (the
    teacher's) float32 ``(n,)``; ``targets`` float32 ``(n, components, cells, cells)``."""

    views: Tensor
    labels: Tensor
    logits: Tensor
    targets: Tensor


class DistillationBatches:
    """Training pictures of a :class:`FeatureStore`.

    Args:
        rows: which pictures of the store.
        logits: the teacher's for every row and copy, float ``(n, copies)``.
        components: of the tokens that are kept.
    """

    def __init__(
        self,
        store: FeatureStore,
        rows: npt.NDArray[np.int64],
        logits: Scores,
        *,
        components: int,
        size: int,
        cells: int,
        area: tuple[float, float],
    ) -> None:
        self._pixels, self._rows, self._size = store.pixels(), rows, size
        self._cells, self._area = cells, area
        index = store.index()
        self.info: list[SampleInfo] = [index[row] for row in rows]
        self.labels = np.array([one.generated for one in self.info])
        self._logits = logits.astype(np.float32)
        self._targets = _reduced(store.tokens(), rows, components)
        self._chances = _chances(self.info)

    def batches(self, count: int, batch: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches drawn at random: labels alike, a source by the root of its size."""
        for _ in range(count):
            drawn = rng.choice(len(self._rows), batch, p=self._chances)
            yield self._batch(drawn, rng)

    def _batch(self, drawn: npt.NDArray[np.int64], rng: np.random.Generator) -> Batch:
        copies = rng.integers(self._targets.shape[1], size=len(drawn))
        boxes = np.stack([_box(self._area, rng) for _ in drawn])
        grids = _grids(boxes, self._size)
        stored = np.stack(
            [self._pixels[self._rows[i], c] for i, c in zip(drawn, copies, strict=True)]
        )
        pixels = torch.from_numpy(stored).permute(0, 3, 1, 2).float()
        views = functional.grid_sample(pixels, grids, "bilinear", "border", align_corners=False)
        tokens = torch.from_numpy(self._targets[drawn, copies].astype(np.float32))
        fine = functional.grid_sample(
            tokens, _grids(boxes, 2 * self._cells), "bilinear", "border", align_corners=False
        )
        return Batch(
            views / 127.5 - 1,
            torch.from_numpy(self.labels[drawn].astype(np.float32)),
            torch.from_numpy(self._logits[drawn, copies]),
            functional.avg_pool2d(fine, 2),
        )


def _reduced(
    tokens: npt.NDArray[np.float16], rows: npt.NDArray[np.int64], components: int
) -> npt.NDArray[np.float16]:
    """float16 ``(n, copies, components, grid, grid)``, of variance 1 over all components."""
    side = math.isqrt(tokens.shape[2] - 1)
    width = tokens.shape[3]
    sample = np.concatenate(
        [tokens[row, 0, 1:].astype(np.float32) for row in rows[:: max(1, len(rows) // _SAMPLE)]]
    )
    mean, spread = sample.mean(axis=0), sample.std(axis=0) + 1e-6
    standard = (sample - mean) / spread
    values, vectors = np.linalg.eigh(standard.T @ standard / len(standard))
    basis = vectors[:, ::-1][:, :components]
    unit = np.sqrt(values[::-1][:components].mean())
    found = np.zeros((len(rows), tokens.shape[1], components, side, side), np.float16)
    for start in range(0, len(rows), _CHUNK):
        some = tokens[rows[start : start + _CHUNK], :, 1:].astype(np.float32)
        kept = ((some - mean) / spread).reshape(-1, width) @ basis / unit
        shaped = kept.reshape(*some.shape[:2], side, side, components)
        found[start : start + _CHUNK] = shaped.transpose(0, 1, 4, 2, 3)
    return found


def _chances(described: list[SampleInfo]) -> Scores:
    keys = [(one.generated, one.source) for one in described]
    counts: dict[tuple[bool, str], int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    roots = dict.fromkeys((False, True), 0.0)
    for (label, _), count in counts.items():
        roots[label] += count**0.5
    found = np.array([0.5 / roots[label] / counts[label, source] ** 0.5 for label, source in keys])
    chances: Scores = found / found.sum()
    return chances


def _box(area: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Left, upper, width, height as shares of the picture; a negative width is mirrored."""
    if rng.random() < 0.25:
        left, upper, width, height = 0.0, 0.0, 1.0, 1.0
    else:
        share, stretch = rng.uniform(*area), math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = (min(1.0, math.sqrt(share * s)) for s in (stretch, 1 / stretch))
        left, upper = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    if rng.random() < 0.5:
        left, width = left + width, -width
    return np.array((left, upper, width, height), np.float32)


def _grids(boxes: Floats, side: int) -> Tensor:
    """Sampling points ``(n, side, side, 2)`` of boxes, in grid_sample's coordinates."""
    steps = (np.arange(side, dtype=np.float32) + 0.5) / side
    across = boxes[:, :1] + boxes[:, 2:3] * steps
    down = boxes[:, 1:2] + boxes[:, 3:] * steps
    x = np.broadcast_to(across[:, None, :], (len(boxes), side, side))
    y = np.broadcast_to(down[:, :, None], (len(boxes), side, side))
    return torch.from_numpy(np.stack([x, y], axis=-1) * 2 - 1)
