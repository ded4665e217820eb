"""A manifest: the CSV file that defines a data set, one row a picture.

Rows stand in canonical order (split, label, source, id), so that one data set is one file is one
SHA-256. ``file`` is relative to the manifest's folder; a picture inside a shard (a tar file) also
has ``offset`` and ``bytes``, where its own bytes stand.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tegaki.errors import CorpusError

LABELS = ("human", "generated")
SPLITS = ("train", "val", "test_seen", "test_unseen")
NEEDED = ("id", "file", "label", "source", "family", "style", "split")
COLUMNS = (
    "id", "file", "offset", "bytes", "sha256", "label", "source", "generator", "family", "style",
    "split", "group", "width", "height", "orig_format", "orig_width", "orig_height", "orig_bytes",
    "orig_mode", "orig_quality", "orig_alpha", "licence", "date", "origin", "origin_path",
)  # fmt: skip
"""What a written manifest holds. Of a read one, only ``NEEDED`` is required."""


@dataclass(frozen=True, slots=True)
class Original:
    """What the file said of itself before it was normalised. ``quality``: JPEG, estimated."""

    format: str
    width: int
    height: int
    bytes: int
    mode: str
    quality: int | None
    alpha: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a corpus.

    ``source`` is the repository or package that it came from; ``sha256`` that of the original;
    ``group`` is shared by near-duplicates; ``origin`` and ``origin_path`` say where the original
    stands (``github:owner/name@commit`` and a path, ``npm:``, ``pypi:``, ``debian:``, or a URL).
    """

    id: str
    path: Path
    generated: bool
    source: str
    family: str
    style: str
    split: str
    sha256: str = ""
    generator: str = ""
    group: str = ""
    width: int = 0
    height: int = 0
    licence: str = ""
    date: str = ""
    origin: str = ""
    origin_path: str = ""
    original: Original | None = None
    offset: int | None = None
    size: int | None = None

    @property
    def label(self) -> str:
        return LABELS[self.generated]

    def read(self) -> bytes:
        """The picture's bytes, from its own file or from inside its shard."""
        try:
            with self.path.open("rb") as stream:
                if self.offset is None:
                    return stream.read()
                stream.seek(self.offset)
                return stream.read(self.size)
        except OSError as problem:
            raise CorpusError(f"{self.path} cannot be read: {problem.strerror}") from problem


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
        CorpusError: no folder, no manifest, a missing column, an unknown label or split.
    """
    if not folder.exists():
        raise CorpusError(f"{folder} does not exist")
    manifest = folder / "manifest.csv"
    try:
        data = manifest.read_bytes()
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except OSError as problem:
        raise CorpusError(f"{manifest} cannot be read: {problem.strerror}") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CorpusError(f"{manifest} is not a CSV file in UTF-8: {problem}") from problem
    missing = [name for name in NEEDED if not rows or name not in rows[0]]
    if missing:
        raise CorpusError(f"{manifest} lacks rows or columns: {', '.join(missing)}")
    try:
        items = tuple(_item(folder, row) for row in rows)
    except (ValueError, KeyError, TypeError) as problem:
        raise CorpusError(f"{manifest}: a cell is missing or no number: {problem}") from problem
    return Corpus(items, hashlib.sha256(data).hexdigest())


def write_manifest(items: Iterable[Item], folder: Path) -> str:
    """Write ``manifest.csv`` in canonical order; returns its SHA-256. Paths must be in FOLDER."""
    rows = (_row(folder, item) for item in sorted(items, key=canonical))
    lines = (_line([row.get(name) for name in COLUMNS]) for row in rows)
    data = "".join((_line(COLUMNS), *lines)).encode()
    (folder / "manifest.csv").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def canonical(item: Item) -> tuple[str, str, str, str]:
    """The key of the canonical order."""
    return (item.split, item.label, item.source, item.id)


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO(newline="")
    # Python quotes a lone carriage return only where the line's end has one.
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _item(folder: Path, row: dict[str, str]) -> Item:
    if row["label"] not in LABELS or row["split"] not in SPLITS:
        raise CorpusError(f"picture {row['id']}: unknown label or split")
    texts = ("sha256", "generator", "group", "licence", "date", "origin", "origin_path")
    return Item(
        id=row["id"],
        path=folder / row["file"],
        generated=row["label"] == "generated",
        source=row["source"],
        family=row["family"],
        style=row["style"],
        split=row["split"],
        **{name: row.get(name) or "" for name in texts},
        width=int(row.get("width") or 0),
        height=int(row.get("height") or 0),
        original=_original(row),
        offset=_whole(row, "offset"),
        size=_whole(row, "bytes"),
    )


def _original(row: dict[str, str]) -> Original | None:
    if not row.get("orig_format"):
        return None
    return Original(
        format=row["orig_format"],
        width=int(row["orig_width"]),
        height=int(row["orig_height"]),
        bytes=int(row["orig_bytes"]),
        mode=row["orig_mode"],
        quality=_whole(row, "orig_quality"),
        alpha=row["orig_alpha"] == "1",
    )


def _whole(row: dict[str, str], name: str) -> int | None:
    return int(row[name]) if row.get(name) else None


def _row(folder: Path, item: Item) -> dict[str, object]:
    row: dict[str, object] = {
        name: getattr(item, name)
        for name in (
            "id", "sha256", "label", "source", "generator", "family", "style", "split", "group",
            "width", "height", "licence", "date", "origin", "origin_path",
        )
    }  # fmt: skip
    row |= {"file": item.path.relative_to(folder).as_posix()}
    row |= {"offset": item.offset, "bytes": item.size}
    if item.original is not None:
        facts = item.original
        row |= {f"orig_{name}": getattr(facts, name) for name in ("format", "width", "height")}
        row |= {"orig_bytes": facts.bytes, "orig_mode": facts.mode}
        row |= {"orig_quality": facts.quality, "orig_alpha": int(facts.alpha)}
    return row
