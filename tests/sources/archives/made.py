"""Archives made on the spot, also such as no honest program makes."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from tegaki.sources.archives import members
from tests.conftest import painting

MAX = 1 << 27


def png(seed: int = 0, width: int = 90) -> bytes:
    stream = io.BytesIO()
    painting(width, 80, seed=seed).save(stream, "PNG")
    return stream.getvalue()


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, files: dict[str, bytes], how: str = "w", **options: int) -> Path:
    with tarfile.open(path, how, **options) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@dataclass
class RawEntry:
    """An entry of a zip, with whatever it says of itself. ``at``: where its data are said to be."""

    name: bytes
    packed: bytes
    size: int
    crc: int = 0
    method: int = 8
    flags: int = 0
    at: int | None = None


def raw_zip(path: Path, entries: list[RawEntry]) -> Path:
    """A zip of entries; those with an ``at`` add nothing but a line to the directory."""
    body, directory = b"", b""
    for e in entries:
        what = (e.flags, e.method, 0, 0x21, e.crc, len(e.packed), e.size, len(e.name), 0)
        at = len(body) if e.at is None else e.at
        if e.at is None:
            body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, *what) + e.name + e.packed
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, *what, 0, 0, 0, 0, at
        ) + e.name  # fmt: skip
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), len(body), 0
    )
    path.write_bytes(body + directory + end)
    return path


def deflated_zeros(mebibytes: int) -> bytes:
    """What a deflater makes of so many zeros; made of one piece, again and again."""
    deflater = zlib.compressobj(wbits=-15)
    piece = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return piece * mebibytes + deflater.flush()


def gzipped_zeros(mebibytes: int) -> bytes:
    """So many zeros, as gzip members one behind the other."""
    return gzip.compress(bytes(1 << 20), mtime=0) * mebibytes


def listed(path: Path, max_bytes: int = MAX) -> list[str]:
    """Names of members."""
    return [member.name.decode() for member in members(str(path), max_bytes)]


def contents(path: Path, max_bytes: int = MAX) -> dict[str, bytes | str]:
    """What members hold, or the type of the error where they cannot be read."""
    found: dict[str, bytes | str] = {}
    for member in list(members(str(path), max_bytes)):
        try:
            found[member.name.decode()] = member.read()
        except Exception as problem:  # noqa: BLE001
            found[member.name.decode()] = type(problem).__name__
    return found
