"""What the ideas are measured on: frozen features of a run, and the pictures that they are of.

A run's feature store is read and never written to; whatever an idea computes beside it is kept in a
folder of its own, so that a stopped measurement goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.imaging import make_crops, normalise
from tegaki.lab.corpus import Item, Sample, load_corpus
from tegaki.lab.metrics.metrics import Labels
from tegaki.lab.models.clip_onnx import LAYERS, PATCH, POOLS, WIDTH
from tegaki.lab.training.clip.careful import CarefulPlan
from tegaki.lab.training.clip.features import copies_of
from tegaki.lab.training.recipes import AugmentPolicy
from tegaki.lab.training.stream import open_picture
from tegaki.model import BaseSession
from tegaki.results.scoring_config import CropPolicy

Half = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much of it is done."""

PLAN = CarefulPlan()
SPLITS = ("train", "val")
_COLUMNS = len(LAYERS) * len(POOLS) * WIDTH
_SAID = 50  # pictures between two words on progress


@dataclass(frozen=True)
class Pictures:
    """Pictures of a store: ``generated`` bool ``(n,)``, ``sources`` and ``families`` str ``(n,)``;
    ``features`` float16 ``(n, copies, columns)`` and ``tokens`` float16 ``(n, copies, tokens,
    width)`` mapped into memory. The first copy is the picture as it is; the others are edited."""

    ids: list[str]
    generated: Labels
    sources: npt.NDArray[np.str_]
    families: npt.NDArray[np.str_]
    features: Half
    tokens: Half

    def at_most(self, each: int, mask: Labels | None = None) -> Rows:
        """Rows of at most so many pictures of a source and label, those with the lowest ids."""
        found, taken = [], Counter[tuple[str, bool]]()
        for row in sorted(range(len(self.ids)), key=self.ids.__getitem__):
            key = str(self.sources[row]), bool(self.generated[row])
            if (mask is None or mask[row]) and taken[key] < each:
                taken[key] += 1
                found.append(row)
        return np.array(sorted(found), np.int64)

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """Where these pictures stand."""
        place = {name: row for row, name in enumerate(self.ids)}
        return np.array([place[name] for name in ids], np.int64)


@dataclass(frozen=True)
class Setting:
    """All that an idea may use.

    ``run``: a run of the careful model, of which only ``features`` and ``base.onnx`` are read;
    ``corpora``: folders with a manifest, of which only train and val are read; ``weights``: where
    the tiny autoencoder stands; ``teacher``: the ONNX file of CLIP's image tower; ``nsfwjs``: the
    unpacked npm package; ``cache``: where computed numbers are kept.
    """

    run: Path
    corpora: tuple[Path, ...]
    weights: Path
    teacher: Path
    nsfwjs: Path
    cache: Path
    progress: Progress

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures of the run's store."""
        return read_store(self.run / "features")

    @cached_property
    def items(self) -> dict[str, Item]:
        """The pictures of train and val in the corpora, by id."""
        items = [item for folder in self.corpora for item in load_corpus(folder).items]
        return {item.id: item for item in items if item.split in SPLITS}

    @cached_property
    def edits(self) -> AugmentPolicy:
        """What the edited copies of the run's store went through."""
        said = json.loads((self.run / "features" / "store.json").read_text(encoding="utf-8"))
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in said["edits"].items()
        }
        return AugmentPolicy(**fields)

    @cached_property
    def base(self) -> BaseSession:
        """The run's frozen network."""
        path = self.run / "base.onnx"
        return BaseSession(path.read_bytes(), path)

    def picture(self, name: str) -> Image.Image:
        """A picture as views are cut from it."""
        return normalise(open_picture(self.items[name].read()), PLAN.views)

    def features(self, picture: Image.Image, views: CropPolicy = PLAN.views) -> Half:
        """What heads see of one view: float16 ``(features,)``."""
        view = make_crops(picture, views).unique[0]
        found: Half = self.base.features(view)[PLAN.columns].astype(np.float16)
        return found

    def copies(self, name: str, data: bytes, edits: AugmentPolicy, first: int = 0) -> Half:
        """What heads see of a file and of edited copies of it, from the ``first`` copy on: float16
        ``(copies - first, features)``; ``name`` decides what the edits are."""
        sample = Sample(name, data, False, "", "")
        copies = list(copies_of(sample, PLAN.views, edits, PLAN.copies))
        return np.stack([self.features(copy) for copy in copies[first:]])

    def kept(
        self,
        what: str,
        ids: Sequence[str],
        shape: tuple[int, ...],
        compute: Callable[[str], npt.NDArray[np.floating]],
    ) -> Half:
        """``compute`` of every id, float16 ``(n, *shape)``, from the cache where it is there."""
        base = hashlib.sha256((self.run / "base.onnx").read_bytes()).hexdigest()[:8]
        path = self.cache / f"{what}-{base}.f16"
        listed = path.with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        known = listed.read_text(encoding="utf-8").split() if listed.exists() else []
        path.touch()
        with path.open("r+b") as values, listed.open("a", encoding="utf-8") as names:
            size = 2 * int(np.prod(shape))
            values.truncate(len(known) * size)  # the list of ids is written last
            values.seek(0, 2)
            there = set(known)
            lacking = [name for name in ids if name not in there]
            for number, name in enumerate(lacking):
                if number % _SAID == 0:
                    self.progress(what, number, len(lacking))
                values.write(compute(name).astype(np.float16).tobytes())
                values.flush()
                names.write(name + "\n")
                names.flush()
                known.append(name)
        place = {name: row for row, name in enumerate(known)}
        stored = np.fromfile(path, np.float16).reshape(-1, *shape)
        found: Half = stored[[place[name] for name in ids]]
        return found


def read_store(folder: Path) -> Pictures:
    """The pictures of a folder that :mod:`tegaki.lab.training.clip.features` describes, of one that
    is still being filled too."""
    lines = (folder / "index.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    index = [json.loads(line) for line in lines if line.endswith("\n")]
    said = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    copies, tokens = said["copies"], (said["views"]["size"] // PATCH) ** 2 + 1

    def mapped(part: str, *shape: int) -> Half:
        return np.memmap(
            folder / f"{part}.f16", np.float16, "r", shape=(len(index), copies, *shape)
        )

    return Pictures(
        [one["id"] for one in index],
        np.array([one["generated"] for one in index]),
        np.array([one["source"] for one in index]),
        np.array([one["family"] for one in index]),
        mapped("features", _COLUMNS),
        mapped("tokens", tokens, WIDTH),
    )
