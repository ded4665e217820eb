"""Features of every training picture, computed once: what heads and students learn from.

A folder holds, for each picture that :class:`FeatureStore` was asked for, in the order in which
they were first asked for:

index.jsonl     one line a picture: id, label, source, family, style
features.f16    float16 ``(n, copies, layers * pools * width)`` of the whole picture, squashed
tokens.f16      float16 ``(n, copies, tokens, width)`` after block ``TOKENS``, class token first
pixels.u8       uint8 ``(n, copies, side, side, 3)``: the squashed copies themselves
store.json      of which frozen network, views and edits; another one's folder is refused

The first copy is the picture as it is, the others went through edits drawn from its id. A run that
was stopped goes on where it was: the index is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.errors import TrainingError
from tegaki.imaging import make_crops, normalise
from tegaki.lab.corpus import Sample
from tegaki.lab.models.clip_onnx import LAYERS, POOLS, WIDTH
from tegaki.lab.training.augment import augment
from tegaki.lab.training.recipes import AugmentPolicy
from tegaki.lab.training.stream import open_picture
from tegaki.model import BaseSession
from tegaki.results.scoring_config import CropPolicy

FORMAT = 1
SIDE = 256
"""Of the squashed copies that students learn from, in pixels."""
TOKENS = 5
_COLUMNS = len(LAYERS) * len(POOLS) * WIDTH
_PARTS = ("features", "tokens", "pixels")

Pixels = npt.NDArray[np.uint8]
Half = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """What is known of a picture whose features are kept."""

    id: str
    generated: bool
    source: str
    family: str


@dataclass(frozen=True, slots=True)
class _Extracted:
    info: SampleInfo
    features: Half
    tokens: Half
    pixels: Pixels


class FeatureStore:
    """Features of one frozen network in a folder; see the module's head.

    Args:
        views: how the network sees pictures; the whole, squashed, is the only view.
        edits: what the copies after the first go through.

    Raises:
        TrainingError: the folder holds those of another network, views or edits.
    """

    def __init__(
        self, folder: Path, base: bytes, views: CropPolicy, edits: AugmentPolicy, copies: int
    ) -> None:
        if views.names != ("squashed",):
            raise TrainingError("features are kept of whole pictures, squashed")
        self.folder, self.views, self.edits, self.copies = folder, views, edits, copies
        self._base = base
        self._tokens = (views.size // 16) ** 2 + 1
        said = {
            "format": FORMAT, "base": hashlib.sha256(base).hexdigest(), "views": asdict(views),
            "edits": asdict(edits), "copies": copies,
        }  # fmt: skip
        text = json.dumps(said, sort_keys=True)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "store.json"
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise TrainingError(f"{folder} holds features of another model or recipe; remove it")
        path.write_text(text, encoding="utf-8")

    def add(
        self,
        samples: Iterable[Sample],
        workers: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Compute what is lacking of these pictures.

        Args:
            progress: called with how many of them have been seen.
        """
        known = {one.id for one in self.index()}
        session = BaseSession(self._base, self.folder)

        def look(sample: Sample) -> _Extracted | None:
            return None if sample.id in known else self._extract(sample, session)

        sizes = self._row_bytes()
        with (
            self._cut_to("features", sizes, len(known)).open("ab") as features,
            self._cut_to("tokens", sizes, len(known)).open("ab") as tokens,
            self._cut_to("pixels", sizes, len(known)).open("ab") as pixels,
            (self.folder / "index.jsonl").open("a", encoding="utf-8") as index,
            closing(ordered_map(look, samples, workers)) as found,
        ):
            for number, one in enumerate(found, 1):
                if one is not None:
                    features.write(one.features.tobytes())
                    tokens.write(one.tokens.tobytes())
                    pixels.write(one.pixels.tobytes())
                    for stream in (features, tokens, pixels):
                        stream.flush()
                    index.write(json.dumps(asdict(one.info)) + "\n")
                    index.flush()
                progress(number)

    def index(self) -> list[SampleInfo]:
        """The pictures, in the order of the rows."""
        path = self.folder / "index.jsonl"
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines()
        return [SampleInfo(**json.loads(line)) for line in lines]

    def features(self) -> Half:
        """float16 ``(n, copies, layers * pools * width)``, mapped into memory."""
        return self._mapped("features", np.float16, (self.copies, _COLUMNS))

    def tokens(self) -> Half:
        """float16 ``(n, copies, tokens, width)``, mapped into memory."""
        return self._mapped("tokens", np.float16, (self.copies, self._tokens, WIDTH))

    def pixels(self) -> Pixels:
        """uint8 ``(n, copies, side, side, 3)``, mapped into memory."""
        return self._mapped("pixels", np.uint8, (self.copies, SIDE, SIDE, 3))

    def _extract(self, sample: Sample, session: BaseSession) -> _Extracted:
        copies = list(copies_of(sample, self.views, self.edits, self.copies))
        runs = [
            session.run(make_crops(copy, self.views).unique[0], ["features", f"tokens_{TOKENS}"])
            for copy in copies
        ]
        features = np.stack([run[0].reshape(-1) for run in runs]).astype(np.float16)
        tokens = np.concatenate([run[1] for run in runs]).astype(np.float16)
        side = (SIDE, SIDE)
        pixels = np.stack([np.asarray(c.resize(side, Image.Resampling.BICUBIC)) for c in copies])
        described = SampleInfo(sample.id, sample.generated, sample.source, sample.family)
        return _Extracted(described, features, tokens, pixels)

    def _row_bytes(self) -> dict[str, int]:
        counts = {
            "features": 2 * _COLUMNS, "tokens": 2 * self._tokens * WIDTH, "pixels": 3 * SIDE * SIDE,
        }  # fmt: skip
        return {name: count * self.copies for name, count in counts.items()}

    def _cut_to(self, part: str, sizes: dict[str, int], rows: int) -> Path:
        """A part's file, without what was written of a picture that is not in the index."""
        path = self._path(part)
        path.touch()
        with path.open("r+b") as stream:
            stream.truncate(rows * sizes[part])
        return path

    def _path(self, part: str) -> Path:
        return self.folder / f"{part}.{'u8' if part == 'pixels' else 'f16'}"

    def _mapped(self, part: str, kind: type, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        rows = len(self.index())
        return np.memmap(self._path(part), kind, "r", shape=(rows, *shape))


def copies_of(
    sample: Sample, views: CropPolicy, edits: AugmentPolicy, copies: int
) -> Iterator[Image.Image]:
    """A picture as it is, then as edits drawn from its id make it."""
    picture = normalise(open_picture(sample.data), views)
    yield picture
    for number in range(1, copies):
        seed = hashlib.sha256(f"{sample.id} {number}".encode()).digest()
        rng = np.random.default_rng(np.frombuffer(seed, np.uint32))
        yield normalise(augment(picture, edits, rng), views)
