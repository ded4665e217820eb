"""Folders and manifests in, normalised shards out: one pipeline for both labels.

First every picture is looked at, side by side: decoded within limits, brought into the normal
form, written to a spool file. Then duplicates, labels and splits are settled on thumbnails of 4 kB
a picture, and the shards are written from the spool in the order that is drawn. Memory holds
thumbnails and facts, no pictures; results do not depend on the number of workers.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import default_workers
from tegaki.errors import BlankPicture, CorpusError, PictureError, TooSmall
from tegaki.imaging import Limits
from tegaki.lab.corpus.dedupe import ExcludedItem, deduplicate
from tegaki.lab.corpus.duplicates import SIDE, thumbnail
from tegaki.lab.corpus.entries import CorpusEntry, folder_entries, manifest_entries, read_item
from tegaki.lab.corpus.manifest import Item
from tegaki.lab.corpus.normal_form import normal_form, normal_size
from tegaki.lab.corpus.output_folder import LEFT_OUT, SPOOL, new_folder
from tegaki.lab.corpus.protocols import Protocol
from tegaki.lab.corpus.shards import AS_MADE, ShardSet, mixed, write_shards
from tegaki.lab.corpus.splits import SHARES, assign, draw_splits, split_name

UNREADABLE = "unreadable"
_REASONS = {TooSmall: "too small", BlankPicture: "blank"}
_LIMITS = Limits()
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")  # names a file in a shard, up to the first dot

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many pictures of how many are done."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a set is built from, and how.

    ``corpora``: folders with a ``manifest.csv``; ``human`` and ``generated``: folders of pictures,
    all of ``style``. ``min_side``: of originals, in pixels. ``shares`` of train, val and test_seen
    and ``seed`` are for the pictures without a split; the sources in ``hold_out`` go to
    test_unseen; ``protocol`` splits the pictures once more (and leaves ``family`` out).
    """

    corpora: tuple[Path, ...] = ()
    human: tuple[Path, ...] = ()
    generated: tuple[Path, ...] = ()
    style: str = "anime"
    min_side: int = 256
    shares: tuple[float, ...] = SHARES
    hold_out: tuple[str, ...] = ()
    seed: int = 42
    protocol: Protocol | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """An entry that can be used: described in full, its normalised bytes, its thumbnail."""

    entry: CorpusEntry
    data: bytes
    thumbnail: npt.NDArray[np.float32]


def build(
    options: BuildOptions,
    out: Path,
    progress: Progress = lambda *_: None,
    workers: int | None = None,
) -> ShardSet:
    """Build a set of shards; what is left out stands in ``left-out.csv`` beside them.

    Args:
        out: a folder that is not there, is empty, or holds what a build left that was killed
            before ``shards.json`` stood; after an error it is empty, or not there.
        workers: pictures worked on at a time; one per core by default.

    Raises:
        CorpusError: an input is damaged, contradicts itself or leaves no picture.
        OutputError: ``out`` holds something else, or another build is at work there.
        MissingExtra: the protocol needs one.
    """
    entries = _gather(options)
    with new_folder(out):
        spool = out / SPOOL
        kept, thumbnails, left = _inspect_all(entries, spool, options, progress, workers)
        settled, more = deduplicate(kept, thumbnails, lambda n: progress("compare", n, len(kept)))
        left += more
        items = _with_splits([entry.item for entry in settled], options)
        if not items:
            raise CorpusError(f"no picture is left: {_summary(left)}")
        _write_left_out(left, out)
        made_by = split_name(options.protocol, options.family)
        shards = _write(items, _spooled, out, progress, 1, made_by)
        spool.unlink()
    return shards


def build_from_items(
    items: Sequence[Item],
    out: Path,
    progress: Progress = lambda *_: None,
    workers: int | None = None,
    made_by: str = AS_MADE,
) -> ShardSet:
    """Write shards of items whose splits are settled: no thumbnails, nothing is left out.

    Pictures in the normal form are copied undecoded; others are brought into it.

    Args:
        items: with distinct ids; pictures stand in files or in shards.
        out, workers: as for :func:`build`.

    Raises:
        CorpusError: a picture cannot be read.
        OutputError: as for :func:`build`.
    """
    with new_folder(out):
        return _write(items, _in_normal_form, out, progress, workers, made_by)


def left_out_counts(folder: Path) -> dict[str, int]:
    """How many pictures ``left-out.csv`` of a set names for each reason; none without the file."""
    try:
        with (folder / LEFT_OUT).open(encoding="utf-8", newline="") as stream:
            return dict(sorted(Counter(row["reason"] for row in csv.DictReader(stream)).items()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, csv.Error) as problem:
        raise CorpusError(f"{folder / LEFT_OUT} cannot be read: {problem}") from problem


def _gather(options: BuildOptions) -> list[CorpusEntry]:
    entries: list[CorpusEntry] = []
    for number, folder in enumerate(options.corpora):
        entries += manifest_entries(folder, number)
    for folders, generated in ((options.human, False), (options.generated, True)):
        for folder in folders:
            entries += folder_entries(folder, generated, options.style)
    unknown = set(options.hold_out) - {entry.item.source for entry in entries}
    if unknown:
        raise CorpusError(f"no picture is of the source held out: {', '.join(sorted(unknown))}")
    held = frozenset(options.hold_out)
    return [_held_out(entry) if entry.item.source in held else entry for entry in entries]


def _held_out(entry: CorpusEntry) -> CorpusEntry:
    return replace(entry, item=replace(entry.item, split="test_unseen"))


def _inspect_all(
    entries: Sequence[CorpusEntry],
    spool: Path,
    options: BuildOptions,
    progress: Progress,
    workers: int | None,
) -> tuple[list[CorpusEntry], npt.NDArray[np.float32], list[ExcludedItem]]:
    """Entries whose items stand in the spool, their thumbnails, and what cannot be used."""
    thumbnails = np.zeros((len(entries), SIDE * SIDE), dtype=np.float32)
    kept: list[CorpusEntry] = []
    left: list[ExcludedItem] = []
    workers = workers or default_workers()
    seen = ordered_map(lambda entry: _inspect(entry, options), entries, workers)
    with closing(seen), spool.open("wb") as stream:
        for done, result in enumerate(seen, 1):
            if isinstance(result, ExcludedItem):
                left.append(result)
            else:
                thumbnails[len(kept)] = result.thumbnail
                offset = stream.tell()
                size = stream.write(result.data)
                item = replace(result.entry.item, path=spool, offset=offset, size=size)
                kept.append(replace(result.entry, item=item))
            progress("look at", done, len(entries))
    return kept, thumbnails[: len(kept)], left


def _inspect(entry: CorpusEntry, options: BuildOptions) -> _Seen | ExcludedItem:
    try:
        if entry.problem:
            raise entry.problem
        data = read_item(entry.item, _LIMITS)
        normal = normal_form(data, _LIMITS)
        original = entry.item.original or normal.original
        if min(original.width, original.height) < options.min_side:
            raise TooSmall(f"{original.width} x {original.height} pixels")
    except PictureError as problem:
        reason = _REASONS.get(type(problem), UNREADABLE)
        detail = f"{type(problem).__name__}: {problem}" if reason == UNREADABLE else str(problem)
        return ExcludedItem(entry.name, reason, detail)
    item = replace(entry.item, width=normal.picture.width, height=normal.picture.height)
    if not item.sha256:  # a manifest that knows the original's hash knows the original's facts
        sha256 = hashlib.sha256(data).hexdigest()
        item = replace(item, id=item.id or sha256[:16], sha256=sha256, original=original)
    return _Seen(replace(entry, item=item), normal.data, thumbnail(normal.picture))


def _with_splits(items: Sequence[Item], options: BuildOptions) -> Sequence[Item]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        if not item.split:
            groups.setdefault(item.group, []).append(item)
    drawn = draw_splits(list(groups.values()), options.shares, options.seed)
    split_of = dict(zip(groups, drawn, strict=True))
    whole = [item if item.split else replace(item, split=split_of[item.group]) for item in items]
    return whole if options.protocol is None else assign(whole, options.protocol, options.family)


def _spooled(item: Item) -> tuple[Item, bytes]:
    return item, item.read()


def _in_normal_form(item: Item) -> tuple[Item, bytes]:
    try:
        data = read_item(item, _LIMITS)
        size = normal_size(data)
        if size is None:
            normal = normal_form(data, _LIMITS)
            data, size = normal.data, normal.picture.size
    except PictureError as problem:
        raise CorpusError(f"picture {item.id} cannot be read: {problem}") from problem
    return replace(item, width=size[0], height=size[1]), data


def _write(
    items: Sequence[Item],
    read: Callable[[Item], tuple[Item, bytes]],
    out: Path,
    progress: Progress,
    workers: int | None,
    made_by: str,
) -> ShardSet:
    _refuse_ids(items)
    with closing(ordered_map(read, mixed(items), workers or default_workers())) as pictures:
        return write_shards(_counted(pictures, len(items), progress), out, made_by=made_by)


def _counted(
    pictures: Iterable[tuple[Item, bytes]], total: int, progress: Progress
) -> Iterator[tuple[Item, bytes]]:
    for done, picture in enumerate(pictures, 1):
        yield picture
        progress("write", done, total)


def _refuse_ids(items: Iterable[Item]) -> None:
    counts = Counter(item.id for item in items)
    for name, count in counts.items():
        if not _ID.fullmatch(name):
            raise CorpusError(f"picture id {name!r}: letters, digits, - and _ only, at most 80")
        if count > 1:
            raise CorpusError(f"picture id {name!r} stands for {count} pictures")


def _write_left_out(left: Iterable[ExcludedItem], folder: Path) -> None:
    with (folder / LEFT_OUT).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("picture", "reason", "detail"))
        writer.writerows((one.name, one.reason, one.detail) for one in left)


def _summary(left: Iterable[ExcludedItem]) -> str:
    counts = sorted(Counter(one.reason for one in left).items())
    return ", ".join(f"{count} {reason}" for reason, count in counts) or "there was none"
