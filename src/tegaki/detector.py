"""The public API: a detector that turns pictures into results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from tegaki.concurrency.ordered_map import Call, WithTimeout, ordered_calls
from tegaki.errors import InputError, PictureError, UnreadableFile
from tegaki.imaging import (
    Limits,
    Picture,
    bytes_to_read,
    is_one_picture,
    name_of,
    read_picture,
)
from tegaki.model import Bundle, CascadeBundle, load_bundle
from tegaki.results.result import Result
from tegaki.results.scoring_config import ScoringContext
from tegaki.scoring import PictureScorer, failed_measurement, file_gate, timeout_error
from tegaki.verdict import result_of


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

    A file or picture that cannot be judged gets a result too (``result.error``); only what is no
    picture in any form, a number or a closed file say, raises :class:`tegaki.InputError`.

    **Threads and processes.** Any number of threads may use one detector at a time; results do not
    depend on it. What is handed in must not be changed until its result is there. A detector can be
    pickled: it is loaded again where it is unpickled, from the same bundle. So it can be handed to
    processes that are spawned. It also works in a forked process, if no call was under way in
    another thread at the time of the fork.
    """

    def __init__(
        self,
        bundle: Bundle | CascadeBundle,
        limits: Limits,
        *,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> None:
        self.scorer = PictureScorer(
            bundle, limits, provenance=provenance, trust_anchors=trust_anchors
        )
        """What scans are made with: it measures contents and knows nothing of names."""
        self._file_gate = file_gate(limits)

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
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
            provenance: read what files say of themselves; without it results rest on pixels alone.
            trust_anchors: certificates (PEM) whose C2PA signatures count as proof; none by
                default, and then no C2PA manifest does.

        Raises:
            BundleError: the bundle is missing or damaged.
            AnchorsError: ``trust_anchors`` are no certificates.
            MissingLibrary: they are, and c2pa-python is not installed.
        """
        return cls(
            load_bundle(None if model is None else os.fsdecode(model)),
            limits or Limits(),
            provenance=provenance,
            trust_anchors=trust_anchors,
        )

    def __reduce__(self) -> tuple[Callable[..., Detector], tuple[object, ...]]:
        return _loaded, self.scorer.loaded_by

    def __repr__(self) -> str:
        reads = "pixels and metadata" if self.scorer.provenance else "pixels"
        context = self.context
        return f"<tegaki.Detector {context.model}, config {context.config_hash}: {reads}>"

    @property
    def bundle(self) -> Bundle | CascadeBundle:
        """The model: its id, scoring config, thresholds and folder."""
        return self.scorer.bundle

    @property
    def context(self) -> ScoringContext:
        """What its scores become verdicts by: the scoring config and the thresholds."""
        return self.scorer.context

    @property
    def limits(self) -> Limits:
        """What it refuses."""
        return self.scorer.limits

    def inspect(self, picture: Picture, name: str | None = None) -> Result:
        """One picture's result.

        Args:
            picture: a path (``str`` or a path object); a file's content (``bytes``,
                ``bytearray``, ``memoryview``); a binary file, read from where it stands to its end
                and left open; a Pillow picture of any mode, which stands for the frame that it is
                at; or a NumPy array, uint8, of height x width, height x width x 3 (RGB) or
                height x width x 4 (RGBA, not premultiplied). The same pixels have the same logits
                in every form. Pillow's pictures and arrays have no ``sha256`` and no claims, and
                ``reasons`` say so.
            name: the result's ``path``; by default the path, or the name of the file that is open.
                Nothing is read there.

        Raises:
            InputError: it is none of these, an array of another dtype or shape, or is closed.
        """
        shown = name_of(picture) if name is None else name
        with self._file_gate.acquire(bytes_to_read(picture)):
            try:
                content = read_picture(picture, self.limits.max_bytes)
            except PictureError as problem:
                return self._error_result(shown, problem)
            except MemoryError:
                return self._error_result(shown, UnreadableFile("not enough memory to read it"))
            measurement, thumbnail = self.scorer.measure_and_show(content)
        return replace(result_of(shown, measurement, self.context), thumbnail=thumbnail)

    def inspect_many(
        self, pictures: Iterable[Picture], *, workers: int | None = None
    ) -> Iterator[Result]:
        """Results in the order of the pictures, worked on side by side.

        Args:
            pictures: as :meth:`inspect` takes them, in any mix. May be endless; at most four per
                worker are in flight.
            workers: one per core by default. Results do not depend on it.

        Raises:
            InputError: at its turn, for what :meth:`inspect` raises it for; the results before it
                have been given.
        """
        if is_one_picture(pictures):
            raise InputError("inspect_many takes several pictures; for one there is inspect")
        seconds = self.limits.max_seconds

        def on_timeout(name: str) -> Result:
            return self._error_result(name, timeout_error(seconds))

        def call(picture: Picture) -> Call[Result]:
            try:
                name = name_of(picture)
            except InputError:  # raised at its turn
                return partial(self.inspect, picture)
            return WithTimeout(
                partial(self.inspect, picture, name), seconds, partial(on_timeout, name)
            )

        return ordered_calls(map(call, pictures), workers or default_workers())

    def _error_result(self, name: str, problem: PictureError) -> Result:
        return result_of(name, failed_measurement(problem), self.context)


def _loaded(model: str, limits: Limits, provenance: bool, trust_anchors: str | None) -> Detector:
    return Detector.load(model, limits=limits, provenance=provenance, trust_anchors=trust_anchors)
