"""The public API: a detector that turns files into rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tegaki.errors import EmptyFile, PictureError, UnreadableFile
from tegaki.model import Bundle, Session, load_bundle
from tegaki.ordered import ordered_map
from tegaki.pictures import Limits, OpenedPicture, PictureFacts, make_views, read_file, refuse_blank
from tegaki.provenance import Provenance, checked_anchors, examine
from tegaki.row import Row, RowError, Verdict, ViewScore
from tegaki.text import readable
from tegaki.verdict import decide, explain, probability_of, sentences

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
        bundle: Bundle,
        limits: Limits,
        *,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> None:
        self.bundle = bundle
        self.limits = limits
        self.provenance = provenance
        self.trust_anchors = trust_anchors
        self._session = Session(bundle)
        self._recipe_hash = bundle.recipe.hash

    @classmethod
    def load(
        cls,
        bundle: AnyPath | None = None,
        *,
        limits: Limits | None = None,
        provenance: bool = True,
        trust_anchors: str | None = None,
    ) -> Detector:
        """A ready detector.

        Args:
            bundle: folder of a model bundle; the shipped one by default.
            limits: what to refuse; 100 million pixels and 128 MiB a file by default.
            provenance: read what files say of themselves; without it rows rest on pixels alone.
            trust_anchors: certificates (PEM) whose C2PA signatures count as proof; none by
                default, and then no C2PA manifest does.

        Raises:
            BundleError: the bundle is missing or damaged.
            AnchorsError: ``trust_anchors`` are no certificates.
        """
        folder = None if bundle is None else Path(os.fsdecode(bundle))
        return cls(
            load_bundle(folder),
            limits or Limits(),
            provenance=provenance,
            trust_anchors=None if trust_anchors is None else checked_anchors(trust_anchors),
        )

    def inspect(self, path: AnyPath) -> Row:
        """One file's row."""
        name = os.fsdecode(path)
        try:
            data = read_file(name, self.limits.max_bytes)
        except PictureError as problem:
            return self.error_row(name, problem)
        except MemoryError:
            return self.error_row(name, UnreadableFile("not enough memory to read it"))
        return self.inspect_bytes(data, name)

    def inspect_bytes(self, data: bytes, name: str = "") -> Row:
        """The row of a file's content. ``name`` is the row's ``path``; nothing is read there."""
        opened: OpenedPicture | None = None
        try:
            if not data:
                raise EmptyFile("the file is empty")
            opened = OpenedPicture(data)
            return self._judge(name, data, opened)
        except PictureError as problem:
            facts = opened.facts if opened else None
            return self.error_row(name, problem, data, facts, self._examine(data))
        except MemoryError:
            short = UnreadableFile("not enough memory to judge it")
            return self.error_row(name, short, None, opened.facts if opened else None)

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
        return ordered_map(self.inspect, paths, workers or default_workers())

    def error_row(
        self,
        path: AnyPath,
        problem: PictureError,
        data: bytes | None = None,
        facts: PictureFacts | None = None,
        said: Provenance | None = None,
    ) -> Row:
        """The row of a file that cannot be judged, with what is known of it."""
        said = said or Provenance()
        return self._row(
            os.fsdecode(path),
            data,
            facts,
            said,
            reasons=(f"Cannot be judged: {problem}.", *sentences(said.claims), *said.remarks),
            error=RowError(type(problem).__name__, str(problem)),
        )

    def _examine(self, data: bytes, decoded: Image.Image | None = None) -> Provenance:
        """What a file says of itself. Pixels are looked into only where they are decoded anyway."""
        if not self.provenance:
            return Provenance()
        anchors = self.trust_anchors
        return examine(data, pixels=decoded is not None, decoded=decoded, trust_anchors=anchors)

    def _judge(self, name: str, data: bytes, opened: OpenedPicture) -> Row:
        recipe, thresholds = self.bundle.recipe, self.bundle.thresholds
        picture, facts = opened.decode(recipe.decode, self.limits, recipe.views.min_side)
        refuse_blank(picture)
        said = self._examine(data, opened.stored)
        views, which = make_views(picture, recipe.views)
        logits = [float(x) for x in self._session.logits(views)[list(which)]]
        logit = float(np.mean(logits))
        probability = probability_of(logit, recipe.calibration)
        reasons = explain(probability, logits, recipe.calibration, thresholds, said.claims)
        return self._row(
            name,
            data,
            facts,
            said,
            verdict=decide(probability, thresholds, said.claims),
            probability=probability,
            logit=logit,
            views=tuple(map(ViewScore, recipe.views.names, logits)),
            reasons=(*reasons, *said.remarks, *_how_it_was_read(facts)),
        )

    def _row(
        self,
        name: str,
        data: bytes | None,
        facts: PictureFacts | None,
        said: Provenance,
        *,
        reasons: tuple[str, ...],
        verdict: Verdict = "error",
        probability: float | None = None,
        logit: float | None = None,
        views: tuple[ViewScore, ...] = (),
        error: RowError | None = None,
    ) -> Row:
        shown, raw = readable(name)
        return Row(
            path=shown,
            path_bytes=raw,
            sha256=None if data is None else hashlib.sha256(data).hexdigest(),
            size_bytes=None if data is None else len(data),
            **_known(facts),
            verdict=verdict,
            probability=probability,
            logit=logit,
            views=views,
            reasons=reasons,
            claims=said.claims,
            error=error,
            model=self.bundle.id,
            recipe=self._recipe_hash,
        )


def _known(facts: PictureFacts | None) -> dict[str, Any]:
    if facts is None:
        return dict.fromkeys(field.name for field in fields(PictureFacts))
    return asdict(facts)


def _how_it_was_read(facts: PictureFacts) -> list[str]:
    notes = []
    if facts.alpha:
        notes.append("Transparent parts were laid on white.")
    if facts.animated:
        notes.append("Only the first frame or page was judged.")
    return notes
