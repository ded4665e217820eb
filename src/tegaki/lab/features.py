"""Cached features of a frozen backbone: what is trained on top of it never needs pixels again.

``SPLIT.f32`` holds float32 ``(n, views, channels)``, the backbone's means of every picture and view
in the order of the shards; ``SPLIT.json`` says whose they are, and of which backbone and shards.
Reading is sequential, ``CHUNK`` pictures at a time: features never stand in memory as a whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tegaki.errors import TrainingError
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.frozen import FrozenLayers
from tegaki.lab.letterbox import named_views
from tegaki.lab.network import Classifier
from tegaki.lab.stream import opened
from tegaki.ordered import ordered_map

CHUNK = 8192
Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one picture whose features are kept."""

    id: str
    generated: bool
    source: str
    family: str


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """The features of one split for the named views."""

    path: Path
    views: tuple[str, ...]
    channels: int
    facts: tuple[Facts, ...]

    @property
    def chunks(self) -> int:
        return -(-len(self.facts) // CHUNK)

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

    @property
    def generated(self) -> npt.NDArray[np.bool_]:
        return np.array([facts.generated for facts in self.facts])


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
            "backbone": digest(network), "corpus": shards.manifest_sha256, "size": size,
        }  # fmt: skip

    def split(self, split: str, views: tuple[str, ...]) -> FeatureFile:
        """The features of a split for the named views, or for more where more are kept.

        Raises:
            TrainingError: features are kept, but those of another backbone, corpus or view.
        """
        path, note = self.folder / f"{split}.f32", self.folder / f"{split}.json"
        if not note.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = self._compute(split, views, path)
            kept = {**self._of, "views": views, "facts": [asdict(f) for f in made]}
            partial = note.with_suffix(".partial")
            partial.write_text(json.dumps(kept), encoding="utf-8")
            os.replace(partial, note)
        plain = json.loads(note.read_text(encoding="utf-8"))
        same = all(plain[name] == value for name, value in self._of.items())
        if not same or not set(views) <= set(plain["views"]):
            raise TrainingError(
                f"{self.folder} holds features of another backbone, corpus or view; remove it"
            )
        facts = tuple(Facts(**f) for f in plain["facts"])
        return FeatureFile(path, tuple(plain["views"]), self.network.channels, facts)

    def _compute(self, split: str, views: tuple[str, ...], path: Path) -> list[Facts]:
        if self._layers is None:
            self._layers = FrozenLayers(self.network, len(self.network.features), self.size)
        layers = self._layers

        def look(sample: Sample) -> tuple[Sample, Features]:
            made = named_views(opened(sample.data), self.size, sample.id, views)
            return sample, np.stack([layers(view).mean(axis=(1, 2)) for view in made])

        facts: list[Facts] = []
        with path.open("wb") as stream:
            for sample, means in ordered_map(look, self.shards.stream(split), self.workers):
                stream.write(means.astype(np.float32).tobytes())
                facts.append(Facts(sample.id, sample.generated, sample.source, sample.family))
        return facts
