"""What a set is built from: folders of pictures with a label, and manifests with many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tegaki.errors import PictureError
from tegaki.imaging import Limits, read_file
from tegaki.lab.corpus.manifest import LABELS, Item, load_corpus
from tegaki.sources import find
from tegaki.utils.text import printable


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """A picture that may enter a set. A folder's pictures have no id and no split yet.

    ``name``: what it is called where it is left out; ``corpus``: the manifest that it stands in,
    counted from 0, else ``None``; ``problem``: why it cannot be read, where that is known.
    """

    name: str
    item: Item
    corpus: int | None = None
    problem: PictureError | None = None


def manifest_entries(folder: Path, number: int) -> Iterator[CorpusEntry]:
    """The pictures of a corpus or of a set of shards.

    Raises:
        CorpusError: as :func:`load_corpus` does.
    """
    for item in load_corpus(folder).items:
        yield CorpusEntry(item.id, item, number)


def folder_entries(folder: Path, generated: bool, style: str) -> Iterator[CorpusEntry]:
    """All files below a folder, in sorted order.

    The source is the first folder below ``folder``, or its own name for a file directly in it;
    the family of generated pictures likewise.
    """
    for found in find([str(folder)], recursive=True):
        path = Path(found.path)
        inside = path.relative_to(folder)
        first = inside.parts[0] if len(inside.parts) > 1 else folder.resolve().name
        source = _text(first)
        item = Item(
            id="",
            path=path,
            generated=generated,
            source=source,
            family=source if generated else LABELS[False],
            style=style,
            split="",
            origin_path=_text(inside.as_posix()),
        )
        yield CorpusEntry(_text(found.path), item, problem=found.problem)


def read_item(item: Item, limits: Limits) -> bytes:
    """An item's bytes; a file of its own within the limits.

    Raises:
        PictureError: as :func:`tegaki.imaging.read_file` does.
        CorpusError: a shard cannot be read.
    """
    if item.offset is not None:
        return item.read()
    return read_file(str(item.path), limits.max_bytes)


def _text(name: str) -> str:
    """A file's name as valid text without control characters: it will stand in CSV and JSON."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))
