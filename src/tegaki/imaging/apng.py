"""Animated PNG whose default picture is no frame of the animation: no viewer that knows APNG
shows it (PNG 3rd edition, 4.9). Pillow 13 has it as the first frame, and lays the others on it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from tegaki.formats.png import SIGNATURE, Chunk, PngFile
from tegaki.imaging.png_rows import TEXT

_NUMBERED = (b"fcTL", b"fdAT")


def with_first_frame(data: bytes, file: PngFile) -> bytes | None:
    """The same PNG without texts, its first frame in the default picture's place; ``None`` where
    that is shown.

    Args:
        file: the structure of ``data``.
    """
    if not _hides_default(file):
        return None
    parts = list(_with_first_frame(data, file))
    if not any(name == b"IDAT" for name, _ in parts):
        return None  # no frame: viewers show what there is
    return b"".join([SIGNATURE, *(_chunk(name, body) for name, body in parts)])


def _hides_default(file: PngFile) -> bool:
    """Section 11.3.6.2: the default picture is a frame where fcTL stands before it."""
    before = [chunk.kind for chunk in _chunks(file)]
    before = before[: before.index(b"IDAT")] if b"IDAT" in before else []
    return file.frames > 1 and b"fcTL" not in before


def _chunks(file: PngFile) -> Iterator[Chunk]:
    """Whole ones, and the one that the file cuts."""
    yield from file.chunks
    if file.cut:
        yield file.cut


def _with_first_frame(data: bytes, file: PngFile) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies: ``IDAT`` of the default picture left out, ``fdAT`` of the first frame in
    ``IDAT``, and the rest with new sequence numbers."""
    frames = number = 0
    for name, at, end in _chunks(file):
        body = data[at + 8 : max(at + 8, end - 4)]
        frames += name == b"fcTL"
        if name == b"IDAT" or name in TEXT:
            continue
        if name == b"fdAT" and frames == 1:
            yield b"IDAT", body[4:]
            continue
        if name in _NUMBERED:
            body = struct.pack(">I", number) + body[4:]
            number += 1
        yield name, body


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
