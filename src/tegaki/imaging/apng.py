"""Animated PNG whose default picture is no frame of the animation: no viewer that knows APNG
shows it (PNG 3rd edition, 4.9). Pillow 13 has it as the first frame, and lays the others on it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from tegaki.imaging.png_rows import chunks

_SIGNATURE = 8  # bytes
_NUMBERED = (b"fcTL", b"fdAT")


def without_hidden_default(data: bytes) -> bytes:
    """The same PNG with its first frame in the default picture's place, where that is hidden;
    other files as they are."""
    if not _hides_default(data):
        return data
    parts = list(_with_first_frame(data))
    if not any(name == b"IDAT" for name, _ in parts):
        return data  # no frame: viewers show what there is
    return b"".join([data[:_SIGNATURE], *(_chunk(name, body) for name, body in parts)])


def _hides_default(data: bytes) -> bool:
    animated = False
    for name, at, _ in chunks(data, _SIGNATURE):
        if name == b"acTL":
            animated = int.from_bytes(data[at + 8 : at + 12], "big") > 0
        elif name == b"fcTL":
            return False
        elif name == b"IDAT":
            return animated
    return False


def _with_first_frame(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies: ``IDAT`` of the default picture left out, ``fdAT`` of the first frame in
    ``IDAT``, and the rest with new sequence numbers."""
    frames = number = 0
    for name, at, end in chunks(data, _SIGNATURE):
        body = data[at + 8 : max(at + 8, end - 4)]
        frames += name == b"fcTL"
        if name == b"IDAT":
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
