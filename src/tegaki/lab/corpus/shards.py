"""Shards: tar files of pictures, read from front to back and from nowhere else.

A set of shards is a folder:

manifest.csv       every picture, with where its bytes stand (see :mod:`manifest`)
shards.json        the shards with their SHA-256, and pictures by split, label and source
train-00000.tar    ``ID.jpg`` and ``ID.json`` in turn, about 64 MB; other splits likewise

``ID.json`` holds what training needs to know of a picture, so that a pass over the set keeps no
index in memory: reading is sequential and takes the same memory for any number of pictures. What is
read is hashed on its way, so a pass that comes to a shard's end has checked it. The layout is
WebDataset's, so other tools read it too. Pictures of a split stand in an order drawn with a fixed
seed: every stretch of a shard is a fair sample.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tegaki.errors import CorpusError
from tegaki.lab.corpus.manifest import SPLITS, Item, write_manifest

FORMAT = 1
AS_MADE = "as-made"
SHARD_BYTES = 64 * 1024 * 1024
_BUFFER = 128 * 1024
_CURE = "copy it once more, or build the shards anew"
_FACTS = ("id", "label", "source", "family", "style", "group")


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture as a stream gives it: the JPEG file's bytes and what is known of it."""

    id: str
    data: bytes
    generated: bool
    source: str
    family: str


@dataclass(frozen=True, slots=True)
class ShardSet:
    """What ``shards.json`` says. ``counts``: split, label, source to number of pictures;
    ``sha256``: that of every shard, by its file's name.

    ``made_by`` says how pictures came into their splits: ``as-made`` by their manifest, or the
    method of a protocol, with the family that it leaves out.
    """

    folder: Path
    manifest_sha256: str
    shards: dict[str, tuple[str, ...]]
    counts: dict[str, dict[str, dict[str, int]]]
    families: dict[str, dict[str, int]]
    sha256: dict[str, str]
    made_by: str = AS_MADE

    def size(self, split: str) -> int:
        """Pictures in a split."""
        return sum(sum(sources.values()) for sources in self.counts.get(split, {}).values())

    def stream(self, split: str, order: Iterable[int] | None = None) -> Iterator[Sample]:
        """The pictures of a split, shard after shard (in ``order``, by default as written).

        Raises:
            CorpusError: a shard is missing or damaged; what only its hash can tell is told at its
                end.
        """
        names = self.shards.get(split, ())
        for index in range(len(names)) if order is None else order:
            yield from read_shard(self.folder / names[index], self.sha256[names[index]])


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._found = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._found.update(data)
        return data

    def whole(self) -> str:
        """The SHA-256 of the whole file: what is left of it is read too."""
        while self.read(_BUFFER):
            pass
        return self._found.hexdigest()


def read_shard(path: Path, sha256: str) -> Iterator[Sample]:
    """The samples of one tar file, read once from front to back.

    Raises:
        CorpusError: it cannot be read, or, known at its end only, has another SHA-256.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            hashing = _Hashing(stream)
            yield from _samples(hashing)
            if hashing.whole() != sha256:
                raise CorpusError(
                    f"{path} is damaged: its SHA-256 is not that of shards.json; {_CURE}"
                )
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError) as problem:
        raise CorpusError(f"{path} cannot be read as a shard: {problem}; {_CURE}") from problem


def _samples(stream: _Hashing) -> Iterator[Sample]:
    # A damaged header passes for the end here; the hash of the whole file tells.
    with tarfile.open(None, "r|", stream, _BUFFER) as tar:  # type: ignore[call-overload]
        data = b""
        for member in tar:
            content = tar.extractfile(member)
            if content is None:
                continue
            if member.name.endswith(".json"):
                yield _sample(json.loads(content.read()), data)
            else:
                data = content.read()


def _sample(facts: dict[str, str], data: bytes) -> Sample:
    generated = facts["label"] == "generated"
    return Sample(facts["id"], data, generated, facts["source"], facts["family"])


def write_shards(
    pictures: Iterable[tuple[Item, bytes]],
    folder: Path,
    shard_bytes: int = SHARD_BYTES,
    made_by: str = AS_MADE,
) -> ShardSet:
    """Write the shards and the manifest of pictures that come in the order of :func:`mixed`.

    Args:
        pictures: items with the bytes of their JPEG files; the items' paths are not used.

    Raises:
        CorpusError: the folder holds shards already.
    """
    if (folder / "shards.json").exists():
        raise CorpusError(f"{folder} holds shards already; name another folder, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    writers = {split: _Writer(folder, split, shard_bytes) for split in SPLITS}
    try:
        placed = [writers[item.split].add(item, data) for item, data in pictures]
    finally:
        for writer in writers.values():
            writer.close()
    described = {
        "format": FORMAT,
        "manifest_sha256": write_manifest(placed, folder),
        "made_by": made_by,
        "shards": {name: w.names for name, w in writers.items() if w.names},
        "sha256": {n: _sha256(folder / n) for w in writers.values() for n in w.names},
        "counts": _counts(placed),
        "families": _families(placed),
    }
    text = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    unfinished = folder / "shards.json.new"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / "shards.json")
    return load_shards(folder)


def mixed(items: Iterable[Item], seed: int = 0) -> list[Item]:
    """Items by split, and within a split in an order drawn with ``seed`` from the ids' order."""
    ordered = sorted(items, key=lambda item: (SPLITS.index(item.split), item.id))
    drawn = np.random.default_rng(seed).permutation(len(ordered))
    return sorted((ordered[i] for i in drawn), key=lambda item: SPLITS.index(item.split))


def load_shards(folder: Path) -> ShardSet:
    """Read ``shards.json``.

    Raises:
        CorpusError: there is none, it is of another format, or the manifest is another one.
    """
    if not folder.exists():
        raise CorpusError(f"there are no shards at {folder}: it does not exist")
    path = folder / "shards.json"
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise CorpusError(f"{path}: format {plain['format']} is not known here")
        shards = {split: tuple(names) for split, names in plain["shards"].items()}
        sha256 = {name: str(plain["sha256"][name]) for names in shards.values() for name in names}
        made_by = str(plain.get("made_by", AS_MADE))
        found = ShardSet(
            folder, plain["manifest_sha256"], shards, plain["counts"], plain["families"], sha256,
            made_by,
        )  # fmt: skip
    except FileNotFoundError as problem:
        raise CorpusError(f"there are no shards in {folder}: it has no shards.json") from problem
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CorpusError(f"{path} cannot be read: {problem}") from problem
    _check_manifest(found)
    return found


def _check_manifest(shards: ShardSet) -> None:
    """Refuse another manifest: what is trained would not be what is measured and told."""
    path = shards.folder / "manifest.csv"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as problem:
        raise CorpusError(f"{path} cannot be read: {problem.strerror}") from problem
    if found != shards.manifest_sha256:
        raise CorpusError(
            f"{path} is not the one that the shards were written with (SHA-256); copy it once "
            f"more, or build the shards anew"
        )


class _Writer:
    """The shards of one split, a new one whenever the last is full."""

    def __init__(self, folder: Path, split: str, shard_bytes: int) -> None:
        self.folder = folder
        self.split = split
        self.shard_bytes = shard_bytes
        self.names: list[str] = []
        self.tar: tarfile.TarFile | None = None

    def add(self, item: Item, data: bytes) -> Item:
        """Append a picture; returns the item with its place."""
        if self.tar is None or self.tar.offset >= self.shard_bytes:
            self.close()
            self.names.append(f"{self.split}-{len(self.names):05}.tar")
            self.tar = tarfile.open(self.folder / self.names[-1], "w")  # noqa: SIM115 - kept open
        facts = {name: getattr(item, name) for name in _FACTS}
        self._member(f"{item.id}.jpg", data)
        offset = self.tar.offset - _padded(len(data))
        self._member(f"{item.id}.json", json.dumps(facts, ensure_ascii=False).encode())
        path = self.folder / self.names[-1]
        return replace(item, path=path, offset=offset, size=len(data))

    def _member(self, name: str, data: bytes) -> None:
        assert self.tar is not None
        member = tarfile.TarInfo(name)  # no owner, no time: the same pictures give the same bytes
        member.size = len(data)
        self.tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        if self.tar is not None:
            self.tar.close()
            self.tar = None


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _counts(items: Iterable[Item]) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for (split, label, source), number in sorted(
        Counter((i.split, i.label, i.source) for i in items).items()
    ):
        counts.setdefault(split, {}).setdefault(label, {})[source] = number
    return counts


def _families(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    families: dict[str, dict[str, int]] = {}
    found = Counter((i.split, i.family) for i in items if i.generated)
    for (split, family), number in sorted(found.items()):
        families.setdefault(split, {})[family] = number
    return families


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
