"""The audit of a data set: which pictures, what is measured of them, what that gives away."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import default_workers
from tegaki.errors import CorpusError, PictureError
from tegaki.imaging import MAX_BYTES, Limits, OpenedPicture, read_file
from tegaki.lab.audit.pixels import SMALLEST_SIDE
from tegaki.lab.audit.predictability import Finding, Labelled, assess, check_enough, check_extra
from tegaki.lab.audit.properties import (
    Features,
    Kind,
    of_file,
    of_original,
    properties_of,
    together,
)
from tegaki.lab.corpus import LABELS, Item
from tegaki.lab.corpus.duplicates import Thumbnails, near_duplicates, thumbnail
from tegaki.results.scoring_config import DecodePolicy
from tegaki.sources import find

FILE_ALONE = "the file alone"
NO_DRAWING = "all but the drawing"

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A picture that could not be measured, and why (the name and message of the error)."""

    name: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures that look the same, though their label or split differs.

    ``alike``: cosine of the thumbnails, 0-1.
    """

    first: str
    second: str
    labels: tuple[str, str]
    splits: tuple[str, str]
    alike: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Pictures measured, and the sources that they come from."""

    human: int
    generated: int
    human_sources: int
    generated_sources: int


@dataclass(frozen=True, slots=True)
class DataAudit:
    """What a data set gives away. ``pairs`` is ``None`` where no pixels were looked at."""

    counts: Counts
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...] | None
    unreadable: tuple[Unreadable, ...]

    @property
    def gives_away(self) -> tuple[str, ...]:
        """Names of what gives the label away."""
        names = [f.property.name for f in self.findings if f.verdict == "gives the label away"]
        return (*names, *(["near-duplicates"] if self.pairs else []))


def folder_items(human: Path, generated: Path) -> tuple[Item, ...]:
    """Every file below two folders; a picture's source is the sub-folder that it stands in.

    Raises:
        CorpusError: a folder is missing.
    """
    items: list[Item] = []
    for label, folder in ((False, human), (True, generated)):
        if not folder.exists():
            raise CorpusError(f"{folder} does not exist")
        if not folder.is_dir():
            raise CorpusError(f"{folder} is not a folder")
        for found in find([str(folder)], recursive=True):
            inside = Path(found.path).relative_to(folder)
            source = inside.parts[0] if len(inside.parts) > 1 else f"{LABELS[label]} (top folder)"
            items.append(Item(found.path, Path(found.path), label, source, "", "", ""))
    return tuple(items)


def sampled(items: Sequence[Item], count: int | None, seed: int = 0) -> tuple[Item, ...]:
    """``count`` items, half of each label, drawn with a fixed seed; all of them for ``None``."""
    if count is None:
        return tuple(items)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for label, share in ((False, count - count // 2), (True, count // 2)):
        places = [i for i, item in enumerate(items) if item.generated == label]
        chosen += rng.permutation(places)[:share].tolist()
    return tuple(items[i] for i in sorted(chosen))


def audit_originals(items: Sequence[Item], progress: Progress) -> DataAudit:
    """Audit what a manifest says of the files before they were brought into one form.

    Raises:
        CorpusError: the manifest says nothing of them, or there are too few pictures.
        MissingExtra: scikit-learn is not installed.
    """
    known = [(item, item.original) for item in items if item.original is not None]
    if not known:
        raise CorpusError("the manifest says nothing of the originals: it has no orig_* columns")
    labelled = labelled_by(item for item, _ in known)
    rows = [of_original(original) for _, original in known]
    whole = ((FILE_ALONE, frozenset[Kind](("file",))),)
    return DataAudit(counts_of(labelled), findings(rows, labelled, whole, progress), None, ())


def audit_files(items: Sequence[Item], progress: Progress) -> DataAudit:
    """Audit the files of a data set, and look for near-duplicates that cross labels or splits.

    Raises:
        CorpusError: too few pictures can be read.
        MissingExtra: scikit-learn is not installed.
    """
    check_extra()
    measured: list[tuple[Item, Features]] = []
    thumbnails: list[Thumbnails] = []
    unreadable: list[Unreadable] = []
    for number, outcome in enumerate(ordered_map(_measure, items, default_workers()), start=1):
        if isinstance(outcome, Unreadable):
            unreadable.append(outcome)
        else:
            measured.append((items[number - 1], outcome[0]))
            thumbnails.append(outcome[1])
        progress("reading", number, len(items))
    readable = [item for item, _ in measured]
    labelled = labelled_by(readable)
    pairs = crossing_pairs(readable, thumbnails)
    whole = (
        (FILE_ALONE, frozenset[Kind](("file",))),
        (NO_DRAWING, frozenset[Kind](("file", "trace"))),
    )
    found = findings([row for _, row in measured], labelled, whole, progress)
    return DataAudit(counts_of(labelled), found, pairs, tuple(unreadable))


def findings(
    rows: Sequence[Features],
    labelled: Labelled,
    whole: Iterable[tuple[str, frozenset[Kind]]],
    progress: Progress,
) -> tuple[Finding, ...]:
    """One finding a property that was measured, then those of properties taken together.

    Args:
        whole: names of combinations, and the kinds of properties that each takes.
    """
    check_enough(labelled)
    single = properties_of(rows[0])
    properties = [*single, *(together(name, single, kinds) for name, kinds in whole)]
    found = []
    for number, each in enumerate(properties):
        progress(f"predicting from {each.name}", number, len(properties))
        found.append(assess(each, rows, labelled))
    return tuple(found)


def labelled_by(items: Iterable[Item]) -> Labelled:
    """The labels and sources of items, in their order."""
    pairs = [(item.generated, item.source) for item in items]
    return Labelled(np.array([g for g, _ in pairs], dtype=bool), tuple(s for _, s in pairs))


def counts_of(labelled: Labelled) -> Counts:
    """How many pictures and sources of each label."""
    generated = int(labelled.generated.sum())
    return Counts(len(labelled.generated) - generated, generated, *labelled.sources_per_label)


def crossing_pairs(items: Sequence[Item], thumbnails: Sequence[Thumbnails]) -> tuple[Pair, ...]:
    """Near-duplicates whose label or split differs: one pair or more of each group that has such.

    Args:
        thumbnails: float32 ``(1024,)`` of each item, as of :func:`thumbnail`.
    """
    stacked = np.array(thumbnails, dtype=np.float32)
    return tuple(
        Pair(
            items[i].id,
            items[j].id,
            (items[i].label, items[j].label),
            (items[i].split, items[j].split),
            float(stacked[i] @ stacked[j]),
        )
        for i, j in near_duplicates(stacked)
        if (items[i].label, items[i].split) != (items[j].label, items[j].split)
    )


def bytes_of(item: Item) -> bytes:
    """A picture's file, whatever stands at its path; or its part of a shard.

    Raises:
        PictureError, CorpusError: it cannot be read.
    """
    return read_file(os.fspath(item.path), MAX_BYTES) if item.offset is None else item.read()


def unreadable(item: Item, problem: PictureError) -> Unreadable:
    """The record of a picture that cannot be measured."""
    return Unreadable(item.id, type(problem).__name__, str(problem))


def _measure(item: Item) -> tuple[Features, Thumbnails] | Unreadable:
    try:
        data = bytes_of(item)
        picture, info = OpenedPicture(data).decode(DecodePolicy(), Limits(), SMALLEST_SIDE)
    except PictureError as problem:
        return unreadable(item, problem)
    return of_file(data, info, np.asarray(picture)), thumbnail(picture)
