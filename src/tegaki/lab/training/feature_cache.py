"""Cached features of a frozen backbone: what is trained on top of it never needs pixels again.

SPLIT.f32      float32 ``(n, views, channels)``: the backbone's means of every picture and view, in
               the order of the shards
SPLIT.labels   one byte a picture, 1 = generated
SPLIT.facts    one line of JSON a picture: whose features these are
SPLIT.json     how many there are, and of which backbone, shards and views; written last

Reading is sequential, ``CHUNK`` pictures at a time, and facts are read only where they are asked
for: memory does not grow with the number of pictures.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.errors import TrainingError
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.frozen import FrozenLayers
from tegaki.lab.training.letterbox import named_views
from tegaki.lab.training.stream import open_picture

FORMAT = 2
CHUNK = 8192
Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """What is known of one picture whose features are kept."""

    id: str
    generated: bool
    source: str
    family: str


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """The features of one split for the named views. ``size``: pictures."""

    path: Path
    views: tuple[str, ...]
    channels: int
    size: int

    @property
    def chunks(self) -> int:
        return -(-self.size // CHUNK)

    def rows(self, view: str, order: Iterable[int] | None = None) -> Iterator[Features]:
        """Chunks float32 ``(up to CHUNK, channels)`` of one view, one after the other."""
        index, row = self.views.index(view), len(self.views) * self.channels
        with self.path.open("rb") as stream:
            for chunk in range(self.chunks) if order is None else order:
                stream.seek(4 * row * CHUNK * chunk)
                read = np.fromfile(stream, np.float32, row * CHUNK)
                yield read.reshape(-1, len(self.views), self.channels)[:, index]

    def all_rows(self, view: str) -> Features:
        """All features of one view, ``(n, channels)``."""
        return np.concatenate(list(self.rows(view)))

    def labels(self, chunk: int) -> Labels:
        """Which pictures of a chunk are generated: bool ``(up to CHUNK,)``."""
        read = np.fromfile(self._labels, np.uint8, CHUNK, offset=CHUNK * chunk)
        return read.astype(np.bool_)

    @property
    def generated(self) -> Labels:
        """Which pictures are generated: bool ``(n,)``."""
        return np.fromfile(self._labels, np.uint8).astype(np.bool_)

    @property
    def samples(self) -> tuple[SampleInfo, ...]:
        """What is known of every picture, read from the disk each time."""
        with self._samples_path.open(encoding="utf-8") as stream:
            return tuple(SampleInfo(**json.loads(line)) for line in stream)

    def is_whole(self) -> bool:
        """Whether the files hold as many pictures as they should."""
        try:
            sizes = [path.stat().st_size for path in (self.path, self._labels, self._samples_path)]
        except FileNotFoundError:
            return False
        row = 4 * len(self.views) * self.channels
        return sizes[:2] == [self.size * row, self.size] and sizes[2] > 0

    @property
    def _labels(self) -> Path:
        return self.path.with_suffix(".labels")

    @property
    def _samples_path(self) -> Path:
        return self.path.with_suffix(".facts")


def digest(network: Classifier) -> str:
    """SHA-256 of a backbone's numbers: what its features depend on."""
    found = hashlib.sha256()
    for name, value in sorted(network.features.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            found.update(name.encode())
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


class FeatureCache:
    """The features of one network on one set of shards, computed once and kept in ``folder``."""

    def __init__(
        self, network: Classifier, shards: ShardSet, folder: Path, size: int, workers: int = 2
    ) -> None:
        self.network, self.shards, self.folder = network, shards, folder
        self.size, self.workers = size, workers
        self._layers: FrozenLayers | None = None
        self._of = {
            "format": FORMAT, "backbone": digest(network), "corpus": shards.manifest_sha256,
            "size": size,
        }  # fmt: skip

    def split(self, split: str, views: tuple[str, ...]) -> FeatureFile:
        """The features of a split for the named views, or for more where more are kept.

        What an older version kept, or what is not whole, is computed anew.

        Raises:
            TrainingError: features are kept, but those of another backbone, corpus or view.
        """
        path, note = self.folder / f"{split}.f32", self.folder / f"{split}.json"
        kept = _read_note(note)
        if kept is not None:
            self._refuse_others(kept, views)
            if not self._file(path, kept).is_whole():
                kept = None
        if kept is None:
            note.unlink(missing_ok=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            kept = {**self._of, "views": views, "pictures": self._compute(split, views, path)}
            partial = note.with_suffix(".partial")
            partial.write_text(json.dumps(kept), encoding="utf-8")
            os.replace(partial, note)
        return self._file(path, kept)

    def _refuse_others(self, note: dict[str, Any], views: tuple[str, ...]) -> None:
        same = all(note[name] == value for name, value in self._of.items())
        if not same or not set(views) <= set(note["views"]):
            raise TrainingError(
                f"{self.folder} holds features of another backbone, corpus or view; remove it"
            )

    def _file(self, path: Path, note: dict[str, Any]) -> FeatureFile:
        return FeatureFile(path, tuple(note["views"]), self.network.channels, note["pictures"])

    def _compute(self, split: str, views: tuple[str, ...], path: Path) -> int:
        """Write the features, labels and facts of a split; returns the number of pictures."""
        if self._layers is None:
            self._layers = FrozenLayers(self.network, len(self.network.features), self.size)
        layers = self._layers

        def transform(sample: Sample) -> tuple[Sample, Features]:
            made = named_views(open_picture(sample.data), self.size, sample.id, views)
            return sample, np.stack([layers(view).mean(axis=(1, 2)) for view in made])

        pictures = 0
        with (
            path.open("wb") as stream,
            path.with_suffix(".labels").open("wb") as labels,
            path.with_suffix(".facts").open("w", encoding="utf-8") as lines,
        ):
            for sample, means in ordered_map(transform, self.shards.stream(split), self.workers):
                stream.write(means.astype(np.float32).tobytes())
                labels.write(bytes([sample.generated]))
                facts = SampleInfo(sample.id, sample.generated, sample.source, sample.family)
                lines.write(json.dumps(asdict(facts)) + "\n")
                pictures += 1
        return pictures


def _read_note(path: Path) -> dict[str, Any] | None:
    """What ``SPLIT.json`` says; ``None`` where there is none of this format."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    known = isinstance(plain, dict) and plain.get("format") == FORMAT
    return plain if known else None
