"""The public API: a detector that turns files into rows."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean as mean

from PIL import Image

from tegaki.concurrency.memory_gate import MemoryGate
from tegaki.concurrency.ordered_map import WithTimeout, ordered_calls
from tegaki.errors import EmptyFile, PictureError, TimedOut, UnreadableFile
from tegaki.imaging import (
    LARGE,
    Limits,
    OpenedPicture,
    PictureInfo,
    file_size,
    make_crops,
    read_file,
)
from tegaki.metadata import READER_VERSION, Provenance, c2pa_available, checked_anchors, examine
from tegaki.model import SHIPPED, Bundle, CascadeBundle, Output, load_bundle, open_session
from tegaki.results.result import CropScore, ErrorInfo, Measurement, Result
from tegaki.results.scoring_config import Cascade
from tegaki.verdict import result_of

_LARGE_FILE = 1 << 24  # bytes
_GATE_TIMEOUT = 0.2  # of the time limit: two turns may be waited for, and then comes the work

AnyPath = str | bytes | os.PathLike[str]


def default_workers() -> int:
    """Pictures worked on at a time unless told otherwise: one per usable core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Detector:
    """Tells whether pictures are likely drawn or likely generated.

    >>> detector = Detector.load()
    >>> result = detector.inspect("a.png")
    >>> result.verdict, result.probability
    ('drawn', 0.04)

    Files that cannot be judged are rows too (``result.error``): nothing here raises for a file.
    """

    def __init__(
        self,
        bundle: Bundle | CascadeBundle,
        limits: Limits,
        *,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> None:
        self.bundle = bundle
        self.limits = limits
        self.provenance = provenance
        self.trust_anchors = trust_anchors
        gate_timeout = _GATE_TIMEOUT * limits.max_seconds
        self.file_gate = MemoryGate(_LARGE_FILE, gate_timeout)
        """Taken for a file's size while it is read and measured. Large pictures have turns of
        their own, taken in a file's turn and never the other way round."""
        self._picture_gate = MemoryGate(LARGE, gate_timeout)
        self.steps = tuple(map(CascadeStep, bundle.steps))
        """The models that score a picture, each asked where those before it are not sure."""
        self.context = bundle.context

    @classmethod
    def load(
        cls,
        model: AnyPath | None = None,
        *,
        limits: Limits | None = None,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> Detector:
        """A ready detector.

        Args:
            model: ``"careful"`` (the default), ``"fast"``, ``"auto"`` (the careful one where the
                fast one is not sure), or the folder of another model bundle.
            limits: what to refuse; 100 million pixels, 128 MiB and, of many files, five minutes
                a file by default.
            provenance: read what files say of themselves; without it rows rest on pixels alone.
            trust_anchors: certificates (PEM) whose C2PA signatures count as proof; none by
                default, and then no C2PA manifest does.

        Raises:
            BundleError: the bundle is missing or damaged.
            AnchorsError: ``trust_anchors`` are no certificates.
            MissingExtra: they are, and the extra ``c2pa`` is not installed.
        """
        return cls(
            load_bundle(None if model is None else os.fsdecode(model)),
            limits or Limits(),
            provenance=provenance,
            trust_anchors=None if trust_anchors is None else checked_anchors(trust_anchors),
        )

    def __reduce__(self) -> tuple[Callable[..., Detector], tuple[object, ...]]:
        # Pickled, it is what it was loaded by: a shipped bundle is where the package is, another
        # one in a folder of the same name.
        names = {folder: name for name, folder in SHIPPED.items()}
        model = names.get(self.bundle.folder, str(self.bundle.folder))
        return _loaded, (model, self.limits, self.provenance, self.trust_anchors)

    def inspect(self, path: AnyPath) -> Result:
        """One file's row."""
        name = os.fsdecode(path)
        with self.file_gate.acquire(file_size(name)):
            try:
                data = read_file(name, self.limits.max_bytes)
            except PictureError as problem:
                return self.error_result(name, problem)
            except MemoryError:
                return self.error_result(name, UnreadableFile("not enough memory to read it"))
            return self.inspect_bytes(data, name)

    def inspect_bytes(self, data: bytes, name: str = "") -> Result:
        """The row of a file's content. ``name`` is the row's ``path``; nothing is read there."""
        return result_of(name, self.measure(data), self.context)

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        """What is known of a file's content: all that a row is derived from.

        Args:
            sha256: the content's hash, where the caller has it: 64 hex digits.
        """
        digest = sha256 or hashlib.sha256(data).hexdigest()
        opened: OpenedPicture | None = None
        try:
            if not data:
                raise EmptyFile("the file is empty")
            opened = OpenedPicture(data)
            return self._score(data, digest, opened)
        except PictureError as problem:
            picture_info, metadata = opened.info if opened else None, self._examine(data)
            return _measurement(
                (digest, len(data)), picture_info, metadata, error=_error_info(problem)
            )
        except MemoryError:
            picture_info = opened.info if opened else None
            short = _error_info(UnreadableFile("not enough memory to judge it"))
            return _measurement((None, None), picture_info, Provenance(), error=short)

    def inspect_many(
        self, paths: Iterable[AnyPath], *, workers: int | None = None
    ) -> Iterator[Result]:
        """Rows in the order of the paths, worked on side by side.

        Args:
            paths: may be endless; at most four per worker are in flight.
            workers: one per core by default. Rows do not depend on it.
        """
        if isinstance(paths, str | bytes | os.PathLike):
            raise TypeError("inspect_many takes several paths; for one there is inspect")
        seconds = self.limits.max_seconds

        def on_timeout(path: AnyPath) -> Result:
            return self.error_result(path, timeout_error(seconds))

        calls = (
            WithTimeout(partial(self.inspect, p), seconds, partial(on_timeout, p)) for p in paths
        )
        return ordered_calls(calls, workers or default_workers())

    def error_result(self, path: AnyPath, problem: PictureError) -> Result:
        """The row of a file whose content could not be read."""
        return result_of(os.fsdecode(path), failed_measurement(problem), self.context)

    @property
    def reader_version(self) -> str:
        """A hash of everything but the recipe that moves facts: how marks are read, and limits."""
        anchors = self.trust_anchors
        parts = [
            READER_VERSION,
            self.provenance,
            c2pa_available(),
            anchors,
            self.limits.max_pixels,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _examine(
        self, data: bytes, decoded: Image.Image | None = None, *, pixels: bool = False
    ) -> Provenance:
        """What a file says of itself. Pixels are looked into only where they can be decoded."""
        if not self.provenance:
            return Provenance()
        anchors = self.trust_anchors
        return examine(data, pixels=pixels, decoded=decoded, trust_anchors=anchors)

    def _score(self, data: bytes, digest: str, opened: OpenedPicture) -> Measurement:
        config = self.bundle.steps[0].config  # all steps decode alike
        with self._picture_gate.acquire(opened.pixels), opened:
            picture, facts = opened.decode_for_crops(
                config.decode, self.limits, config.views, config.shrink
            )
            metadata = self._examine(data, opened.stored, pixels=True)
        step, output = self.predict(picture)
        names = step.bundle.config.views.names
        if len(self.steps) > 1:
            names = tuple(f"{step.bundle.folder.name} {name}" for name in names)
        scores = tuple(map(CropScore, names, output.logits))
        return _measurement((digest, len(data)), facts, metadata, scores, outside=output.outside)

    def predict(self, picture: Image.Image) -> tuple[CascadeStep, Output]:
        """What an RGB picture's scores rest on: the step that is sure of it, or the last one."""
        config = self.bundle.config
        if isinstance(config, Cascade):
            first = self.steps[0].score(picture)
            first = replace(first, logits=tuple(map(config.scaled, first.logits)))
            inside = first.outside is None or first.outside <= 0
            if inside and not config.low < mean(first.logits) < config.high:
                return self.steps[0], first
        return self.steps[-1], self.steps[-1].score(picture)


class CascadeStep:
    """One model at work: its session, and what it has cost so far."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._session = open_session(bundle)
        self._lock = threading.Lock()
        self.pictures = 0
        self.seconds = 0.0

    def score(self, picture: Image.Image) -> Output:
        """The output for an RGB picture."""
        started = time.thread_time()
        views = make_crops(picture, self.bundle.config.views)
        output = self._session.run(views.unique, views.inverse)
        with self._lock:
            self.pictures += 1
            self.seconds += time.thread_time() - started
        return output


def _loaded(model: str, limits: Limits, provenance: bool, trust_anchors: str | None) -> Detector:
    return Detector.load(model, limits=limits, provenance=provenance, trust_anchors=trust_anchors)


def timeout_error(seconds: float) -> TimedOut:
    """What to say of a file that took longer than that."""
    return TimedOut(f"it took longer than {seconds:g} seconds; raise --max-seconds")


def failed_measurement(problem: PictureError) -> Measurement:
    """The facts of a file whose content could not be read."""
    return Measurement(None, None, error=_error_info(problem))


def _measurement(
    content: tuple[str, int] | tuple[None, None],
    picture: PictureInfo | None,
    metadata: Provenance,
    views: tuple[CropScore, ...] = (),
    error: ErrorInfo | None = None,
    outside: float | None = None,
) -> Measurement:
    digest, size = content
    return Measurement(
        sha256=digest,
        size_bytes=size,
        **({} if picture is None else asdict(picture)),
        views=views,
        claims=metadata.claims,
        remarks=metadata.remarks,
        error=error,
        outside=outside,
    )


def _error_info(problem: PictureError) -> ErrorInfo:
    return ErrorInfo(type(problem).__name__, str(problem))
