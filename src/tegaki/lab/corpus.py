"""A corpus: a folder with ``manifest.csv`` and the pictures that it names."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from tegaki.errors import CorpusError

LABELS = ("human", "generated")
SPLITS = ("train", "val", "test_seen", "test_unseen")
_COLUMNS = ("id", "file", "label", "source", "family", "style", "split")


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a corpus. ``source`` is the repository or package that it came from."""

    id: str
    path: Path
    generated: bool
    source: str
    family: str
    style: str
    split: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """The manifest's pictures in its order, and the SHA-256 of the manifest's bytes."""

    items: tuple[Item, ...]
    manifest_sha256: str

    def split(self, name: str) -> tuple[Item, ...]:
        """The pictures of one split, at least one of each label, else :class:`CorpusError`."""
        chosen = tuple(item for item in self.items if item.split == name)
        if {item.generated for item in chosen} != {True, False}:
            raise CorpusError(f"split {name!r} of the corpus lacks pictures of one label or both")
        return chosen


def load_corpus(folder: Path) -> Corpus:
    """Read ``manifest.csv`` of a folder.

    Raises:
        CorpusError: no manifest, a missing column, an unknown label or split.
    """
    manifest = folder / "manifest.csv"
    try:
        data = manifest.read_bytes()
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except OSError as problem:
        raise CorpusError(f"{manifest} cannot be read: {problem.strerror}") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CorpusError(f"{manifest} is not a CSV file in UTF-8: {problem}") from problem
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise CorpusError(f"{manifest} lacks rows or columns: {', '.join(missing)}")
    items = tuple(_item(folder, row) for row in rows)
    return Corpus(items, hashlib.sha256(data).hexdigest())


def _item(folder: Path, row: dict[str, str]) -> Item:
    if row["label"] not in LABELS or row["split"] not in SPLITS:
        raise CorpusError(f"picture {row['id']}: unknown label or split")
    return Item(
        id=row["id"],
        path=folder / row["file"],
        generated=row["label"] == "generated",
        source=row["source"],
        family=row["family"],
        style=row["style"],
        split=row["split"],
    )
