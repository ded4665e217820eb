"""From a picture to what is measured of it: the pipeline behind the detector and every scan."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from math import ceil, sqrt
from statistics import fmean as mean
from typing import Protocol

from PIL import Image

from tegaki.concurrency.memory_gate import MemoryGate
from tegaki.errors import EmptyFile, PictureError, TimedOut, UnreadableFile
from tegaki.formats import Structure
from tegaki.imaging import (
    LARGE,
    HeldPicture,
    Limits,
    OpenedPicture,
    Part,
    PictureInfo,
    is_long,
    judged_share,
    make_crops,
)
from tegaki.metadata import READER_VERSION, Provenance, c2pa_available, checked_anchors, examine
from tegaki.model import (
    SHIPPED,
    Bundle,
    CascadeBundle,
    Output,
    joined,
    load_bundle,
    open_session,
)
from tegaki.results.result import CropScore, ErrorInfo, Measurement
from tegaki.results.scoring_config import Cascade, ScoringContext

NO_FILE = "Judged by its pixels alone: without the file there is no hash and no metadata."
"""The remark on pixels that came without a file."""

_LARGE_FILE = 1 << 24  # bytes
_GATE_TIMEOUT = 0.2  # of the time limit: two gates may be waited for, and then comes the work
_THUMBNAIL = 128  # pixels, of the long side
_THUMBNAIL_QUALITY = 75


class Scorer(Protocol):
    """What a scan needs to know of whoever measures pictures. Safe to call from several threads;
    can be pickled where a scan runs on a cluster."""

    @property
    def limits(self) -> Limits:
        """What is refused."""

    @property
    def context(self) -> ScoringContext:
        """What its measurements become verdicts by."""

    @property
    def reader_version(self) -> str:
        """A hash of all that moves measurements beside the scoring config: 16 characters."""

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        """What is known of a file's content: all that a result is derived from. Never raises for
        what the content is.

        Args:
            sha256: the content's hash, where the caller has it: 64 hex digits.
        """


class PictureScorer:
    """The scorer of a model bundle.

    Args:
        provenance: read what files say of themselves.
        trust_anchors: certificates (PEM) whose C2PA signatures count as proof.

    Raises:
        BundleError: a network is missing or damaged.
        AnchorsError, MissingLibrary: see :meth:`tegaki.Detector.load`.
    """

    def __init__(
        self,
        bundle: Bundle | CascadeBundle,
        limits: Limits,
        *,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> None:
        self.bundle, self.limits = bundle, limits
        self.provenance = provenance
        self.trust_anchors = None if trust_anchors is None else checked_anchors(trust_anchors)
        self._picture_gate = MemoryGate(LARGE, _GATE_TIMEOUT * limits.max_seconds)
        self.steps = tuple(map(CascadeStep, bundle.steps))
        """The models that score a picture, each asked where those before it are not sure."""
        self.context = bundle.context

    @classmethod
    def load(
        cls, model: str | None, limits: Limits, provenance: bool, trust_anchors: str | None
    ) -> PictureScorer:
        """The scorer of a bundle that ships, by its name, or of any other, by its folder."""
        bundle = load_bundle(model)
        return cls(bundle, limits, provenance=provenance, trust_anchors=trust_anchors)

    @property
    def loaded_by(self) -> tuple[str, Limits, bool, str | None]:
        """The arguments of :meth:`load`: a shipped bundle is where the package is, another one in
        a folder of the same name."""
        names = {folder: name for name, folder in SHIPPED.items()}
        model = names.get(self.bundle.folder, str(self.bundle.folder))
        return model, self.limits, self.provenance, self.trust_anchors

    def __reduce__(self) -> tuple[Callable[..., PictureScorer], tuple[object, ...]]:
        return PictureScorer.load, self.loaded_by

    @property
    def reader_version(self) -> str:
        """A hash of how marks are read, and of limits: see :class:`Scorer`."""
        anchors = self.trust_anchors
        limit = self.limits.max_pixels
        parts = [READER_VERSION, self.provenance, c2pa_available(), anchors, limit]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        """See :meth:`Scorer.measure`."""
        return self._measured(data, sha256)[0]

    def measure_and_show(self, content: bytes | HeldPicture) -> tuple[Measurement, bytes | None]:
        """The measurement of a file's content or of pixels, and a small JPEG of what was judged."""
        measurement, parts = self._measured(content)
        return measurement, _thumbnail(parts) if parts else None

    def predict(self, *parts: Image.Image) -> tuple[CascadeStep, Output]:
        """What a picture's scores rest on: the step that is sure of it, or the last one.

        Args:
            parts: in mode ``RGB``, what the picture is judged by; one is enough for most.
        """
        config = self.bundle.config
        if isinstance(config, Cascade):
            first = self.steps[0].score(*parts)
            first = replace(first, logits=tuple(map(config.scaled, first.logits)))
            inside = first.outside is None or first.outside <= 0
            if inside and not config.low < mean(first.logits) < config.high:
                return self.steps[0], first
        return self.steps[-1], self.steps[-1].score(*parts)

    def _measured(
        self, content: bytes | HeldPicture, sha256: str | None = None
    ) -> tuple[Measurement, tuple[Part, ...]]:
        data = content if isinstance(content, bytes) else None
        known = Measurement(None, None, remarks=(NO_FILE,))
        if data is not None:
            known = Measurement(sha256 or hashlib.sha256(data).hexdigest(), len(data))
        opened: OpenedPicture | HeldPicture | None = None
        try:
            opened = _opened(content) if isinstance(content, bytes) else content
            return self._score(known, data, opened)
        except PictureError as problem:
            picture_info = opened.info if opened else None
            file = opened.file if isinstance(opened, OpenedPicture) else None
            metadata = self._examine(data, file=file)
            return _measurement(known, picture_info, metadata, error=error_info(problem)), ()
        except MemoryError:
            picture_info = opened.info if opened else None
            short = error_info(UnreadableFile("not enough memory to judge it"))
            nothing = Measurement(None, None, remarks=known.remarks)
            return _measurement(nothing, picture_info, Provenance(), error=short), ()

    def _examine(
        self,
        data: bytes | None,
        decoded: Image.Image | None = None,
        *,
        pixels: bool = False,
        file: Structure | None = None,
    ) -> Provenance:
        """What a file says of itself. Pixels are looked into only where they can be decoded."""
        if data is None or not self.provenance:
            return Provenance()
        anchors = self.trust_anchors
        return examine(data, pixels=pixels, decoded=decoded, trust_anchors=anchors, file=file)

    def _score(
        self, known: Measurement, data: bytes | None, opened: OpenedPicture | HeldPicture
    ) -> tuple[Measurement, tuple[Part, ...]]:
        config = self.bundle.steps[0].config  # all steps decode alike
        with self._picture_gate.acquire(opened.pixels), opened:
            parts, info = opened.decode_for_crops(
                config.decode, self.limits, config.views, config.shrink, config.tiles
            )
            metadata = Provenance()
            if isinstance(opened, OpenedPicture):
                metadata = self._examine(data, opened.stored, pixels=True, file=opened.file)
        step, output = self.predict(*(part.picture for part in parts))
        size = info.width, info.height
        scores = self._scores(step, output, parts if is_long(*size, config.tiles) else ())
        area = judged_share(parts, *size)
        measurement = _measurement(known, info, metadata, scores, outside=output.outside, area=area)
        return measurement, parts

    def _scores(
        self, step: CascadeStep, output: Output, tiles: Sequence[Part]
    ) -> tuple[CropScore, ...]:
        names = step.bundle.config.views.names
        if len(self.steps) > 1:
            names = tuple(f"{step.bundle.folder.name} {name}" for name in names)
        if not tiles:
            return tuple(map(CropScore, names, output.logits))
        named = [(name, tile.box) for tile in tiles for name in names]
        return tuple(
            CropScore(name, logit, box)
            for (name, box), logit in zip(named, output.logits, strict=True)
        )


class CascadeStep:
    """One model at work: its session, and what it has cost so far."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._session = open_session(bundle)
        self._lock = threading.Lock()
        self.pictures = 0
        self.seconds = 0.0

    def score(self, *parts: Image.Image) -> Output:
        """The output for all parts of one picture, in mode ``RGB``."""
        started = time.thread_time()
        views = [make_crops(part, self.bundle.config.views) for part in parts]
        output = joined([self._session.run(each.unique, each.inverse) for each in views])
        with self._lock:
            self.pictures += 1
            self.seconds += time.thread_time() - started
        return output


def file_gate(limits: Limits) -> MemoryGate:
    """Taken for a file's size while it is read and measured. Large pictures have a gate of
    their own, entered within a file's and never the other way round."""
    return MemoryGate(_LARGE_FILE, _GATE_TIMEOUT * limits.max_seconds)


def timeout_error(seconds: float) -> TimedOut:
    """What to say of a file that took longer than that."""
    return TimedOut(f"it took longer than {seconds:g} seconds")


def failed_measurement(problem: PictureError) -> Measurement:
    """The measurement of a file whose content could not be read."""
    return Measurement(None, None, error=error_info(problem))


def error_info(problem: PictureError) -> ErrorInfo:
    """An error as a result holds it."""
    return ErrorInfo(type(problem).__name__, str(problem))


def _opened(data: bytes) -> OpenedPicture:
    if not data:
        raise EmptyFile("the file is empty")
    return OpenedPicture(data)


def _measurement(
    known: Measurement,
    picture: PictureInfo | None,
    metadata: Provenance,
    views: tuple[CropScore, ...] = (),
    error: ErrorInfo | None = None,
    outside: float | None = None,
    area: float | None = None,
) -> Measurement:
    shape = {} if picture is None else asdict(picture) | {"format": picture.format or None}
    return replace(
        known,
        **shape,
        views=views,
        claims=metadata.claims,
        remarks=known.remarks + metadata.remarks,
        error=error,
        outside=outside,
        judged_area=area,
    )


def _thumbnail(parts: Sequence[Part]) -> bytes:
    """Of what was judged; the tiles of a long picture in a square, row by row."""
    columns = ceil(sqrt(len(parts)))
    width, height = parts[0].picture.size
    small = Image.new("RGB", (columns * width, ceil(len(parts) / columns) * height), "white")
    for index, part in enumerate(parts):
        small.paste(part.picture, (index % columns * width, index // columns * height))
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_THUMBNAIL_QUALITY)
    return stream.getvalue()
