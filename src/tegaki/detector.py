"""The public API: a detector that turns files into rows."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean as mean

from PIL import Image

from tegaki.concurrency.memory_gate import Turns
from tegaki.concurrency.ordered_map import Timed, ordered_calls
from tegaki.errors import EmptyFile, PictureError, TimedOut, UnreadableFile
from tegaki.imaging import (
    LARGE,
    Limits,
    OpenedPicture,
    Part,
    PictureFacts,
    file_size,
    is_long,
    judged_share,
    make_views,
    read_file,
)
from tegaki.metadata import READER, Provenance, c2pa_available, checked_anchors, examine
from tegaki.model import (
    SHIPPED,
    Bundle,
    CascadeBundle,
    Output,
    joined,
    load_bundle,
    open_session,
)
from tegaki.results.result import Facts, Row, RowError, ViewScore
from tegaki.results.scoring_config import Cascade
from tegaki.verdict import row_of

_LARGE_FILE = 1 << 24  # bytes
_PATIENCE = 0.2  # of the time limit: two turns may be waited for, and then comes the work

AnyPath = str | bytes | os.PathLike[str]


def default_workers() -> int:
    """Pictures worked on at a time unless told otherwise: one per usable core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Detector:
    """Tells whether pictures are likely drawn or likely generated.

    >>> detector = Detector.load()
    >>> row = detector.inspect("a.png")
    >>> row.verdict, row.probability
    ('drawn', 0.04)

    Files that cannot be judged are rows too (``row.error``): nothing here raises for a file.
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
        patience = _PATIENCE * limits.max_seconds
        self.files = Turns(_LARGE_FILE, patience)
        """Taken for a file's size while it is read and measured. Large pictures have turns of
        their own, taken in a file's turn and never the other way round."""
        self._pictures = Turns(LARGE, patience)
        self.steps = tuple(map(Step, bundle.steps))
        """The models that score a picture, each asked where those before it are not sure."""
        self.basis = bundle.basis

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

    def inspect(self, path: AnyPath) -> Row:
        """One file's row."""
        name = os.fsdecode(path)
        with self.files.of(file_size(name)):
            try:
                data = read_file(name, self.limits.max_bytes)
            except PictureError as problem:
                return self.error_row(name, problem)
            except MemoryError:
                return self.error_row(name, UnreadableFile("not enough memory to read it"))
            return self.inspect_bytes(data, name)

    def inspect_bytes(self, data: bytes, name: str = "") -> Row:
        """The row of a file's content. ``name`` is the row's ``path``; nothing is read there."""
        return row_of(name, self.measure(data), self.basis)

    def measure(self, data: bytes, sha256: str | None = None) -> Facts:
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
            known, said = opened.facts if opened else None, self._examine(data)
            return _facts((digest, len(data)), known, said, error=_told(problem))
        except MemoryError:
            known = opened.facts if opened else None
            short = _told(UnreadableFile("not enough memory to judge it"))
            return _facts((None, None), known, Provenance(), error=short)

    def inspect_many(
        self, paths: Iterable[AnyPath], *, workers: int | None = None
    ) -> Iterator[Row]:
        """Rows in the order of the paths, worked on side by side.

        Args:
            paths: may be endless; at most four per worker are in flight.
            workers: one per core by default. Rows do not depend on it.
        """
        if isinstance(paths, str | bytes | os.PathLike):
            raise TypeError("inspect_many takes several paths; for one there is inspect")
        seconds = self.limits.max_seconds

        def late(path: AnyPath) -> Row:
            return self.error_row(path, too_late(seconds))

        calls = (Timed(partial(self.inspect, p), seconds, partial(late, p)) for p in paths)
        return ordered_calls(calls, workers or default_workers())

    def error_row(self, path: AnyPath, problem: PictureError) -> Row:
        """The row of a file whose content could not be read."""
        return row_of(os.fsdecode(path), unread(problem), self.basis)

    @property
    def reading(self) -> str:
        """A hash of everything but the recipe that moves facts: how marks are read, and limits."""
        anchors = self.trust_anchors
        said = [READER, self.provenance, c2pa_available(), anchors, self.limits.max_pixels]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def _examine(
        self, data: bytes, decoded: Image.Image | None = None, *, pixels: bool = False
    ) -> Provenance:
        """What a file says of itself. Pixels are looked into only where they can be decoded."""
        if not self.provenance:
            return Provenance()
        anchors = self.trust_anchors
        return examine(data, pixels=pixels, decoded=decoded, trust_anchors=anchors)

    def _score(self, data: bytes, digest: str, opened: OpenedPicture) -> Facts:
        recipe = self.bundle.steps[0].recipe  # all steps decode alike
        with self._pictures.of(opened.pixels), opened:
            parts, facts = opened.decode_for_views(
                recipe.decode, self.limits, recipe.views, recipe.shrink, recipe.tiles
            )
            said = self._examine(data, opened.stored, pixels=True)
        step, output = self.ask(*(part.picture for part in parts))
        size = facts.width, facts.height
        scores = self._scores(step, output, parts if is_long(*size, recipe.tiles) else ())
        area = judged_share(parts, *size)
        return _facts((digest, len(data)), facts, said, scores, outside=output.outside, area=area)

    def _scores(self, step: Step, output: Output, tiles: Sequence[Part]) -> tuple[ViewScore, ...]:
        names = step.bundle.recipe.views.names
        if len(self.steps) > 1:
            names = tuple(f"{step.bundle.folder.name} {name}" for name in names)
        if not tiles:
            return tuple(map(ViewScore, names, output.logits))
        named = [(name, tile.box) for tile in tiles for name in names]
        return tuple(
            ViewScore(name, logit, box)
            for (name, box), logit in zip(named, output.logits, strict=True)
        )

    def ask(self, *parts: Image.Image) -> tuple[Step, Output]:
        """What a picture's scores rest on: the step that is sure of it, or the last one.

        Args:
            parts: in mode ``RGB``, what the picture is judged by; one is enough for most.
        """
        recipe = self.bundle.recipe
        if isinstance(recipe, Cascade):
            first = self.steps[0].score(*parts)
            first = replace(first, logits=tuple(map(recipe.scaled, first.logits)))
            inside = first.outside is None or first.outside <= 0
            if inside and not recipe.low < mean(first.logits) < recipe.high:
                return self.steps[0], first
        return self.steps[-1], self.steps[-1].score(*parts)


class Step:
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
        views = [make_views(part, self.bundle.recipe.views) for part in parts]
        output = joined([self._session.run(each.distinct, each.which) for each in views])
        with self._lock:
            self.pictures += 1
            self.seconds += time.thread_time() - started
        return output


def _loaded(model: str, limits: Limits, provenance: bool, trust_anchors: str | None) -> Detector:
    return Detector.load(model, limits=limits, provenance=provenance, trust_anchors=trust_anchors)


def too_late(seconds: float) -> TimedOut:
    """What to say of a file that took longer than that."""
    return TimedOut(f"it took longer than {seconds:g} seconds; raise --max-seconds")


def unread(problem: PictureError) -> Facts:
    """The facts of a file whose content could not be read."""
    return Facts(None, None, error=_told(problem))


def _facts(
    content: tuple[str, int] | tuple[None, None],
    picture: PictureFacts | None,
    said: Provenance,
    views: tuple[ViewScore, ...] = (),
    error: RowError | None = None,
    outside: float | None = None,
    area: float | None = None,
) -> Facts:
    digest, size = content
    return Facts(
        sha256=digest,
        size_bytes=size,
        **({} if picture is None else asdict(picture)),
        views=views,
        claims=said.claims,
        remarks=said.remarks,
        error=error,
        outside=outside,
        judged_area=area,
    )


def _told(problem: PictureError) -> RowError:
    return RowError(type(problem).__name__, str(problem))
