"""PNG (3rd edition): the chunks of a file, listed once for all who read it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tegaki.formats.limits import MOST_PARTS, too_many

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BODY = 33
"""Where the chunk behind IHDR begins."""
_LONGEST = (1 << 31) - 1  # section 5.3: the largest length of a chunk
_HEADER = struct.Struct(">IIBBxxB")  # section 11.2.1
_HEADER_LENGTH = 13


class Chunk(NamedTuple):
    """A chunk, or all consecutive IDAT chunks (section 5.6: they are one stream of pixels).

    ``start`` and ``end``: the bytes of the file with length, type and checksum.
    """

    kind: bytes
    start: int
    end: int


class PngHeader(NamedTuple):
    """IHDR (section 11.2.1): ``depth`` in bits a sample; ``colour``: the colour type of table 12;
    ``interlace``: 0 or a method."""

    width: int
    height: int
    depth: int
    colour: int
    interlace: int


@dataclass(frozen=True, slots=True)
class PngFile:
    """What :func:`walk_png` found.

    Attributes:
        header: ``None`` where the file does not begin with a whole IHDR chunk of right checksum.
        chunks: whole chunks in the order of the file, up to IEND. Other checksums are not checked.
        cut: a chunk that reaches past the end of the file; ``end`` is where it should end.
        end: behind IEND; ``None`` where the walk did not come to it.
        frames: pictures in the file, with an APNG's default image; 1 where acTL is not valid.
        damage: why the walk ended before IEND, as sentences.
    """

    header: PngHeader | None
    chunks: tuple[Chunk, ...]
    cut: Chunk | None
    end: int | None
    frames: int
    damage: tuple[str, ...]
    pixels: tuple[int, int] | None
    """The first byte and the end of the first IDAT chunks, also where the file cuts them."""

    format: ClassVar[str] = "PNG"
    promised: ClassVar[int] = 0

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height."""
        return self.header and self.header[:2]


def walk_png(data: bytes, most: int = MOST_PARTS) -> PngFile:
    """List the chunks from the signature to IEND (section 5.2). No bytes raise.

    Args:
        most: parts after which the walk ends.
    """
    chunks: list[Chunk] = []
    cut: Chunk | None = None
    at, size, damage = len(SIGNATURE), len(data), ""
    unpack, before = struct.Struct(">I4s").unpack_from, b""
    while before != b"IEND":
        if at + 12 > size:
            damage = "The PNG file ends without an IEND chunk."
            break
        length, kind = unpack(data, at)
        if not kind.isalpha():
            damage = f"No PNG chunk stands at byte {at}; nothing was read from there on."
            break
        end = at + 12 + length
        if length > _LONGEST or end > size:
            damage = f"PNG chunk {shown(kind, at)} reaches past the end of the file."
            cut = Chunk(kind, at, end)
            break
        if kind == before == b"IDAT":
            chunks[-1] = Chunk(kind, chunks[-1].start, end)
        elif len(chunks) == most:
            damage = too_many(most)
            break
        else:
            chunks.append(Chunk(kind, at, end))
        before, at = kind, end
    return PngFile(
        header=_header(data, chunks),
        chunks=tuple(chunks),
        cut=cut,
        end=at if before == b"IEND" else None,
        frames=_frames(data, chunks),
        damage=(damage,) if damage else (),
        pixels=_pixels(chunks, cut, size),
    )


def pixel_pieces(data: bytes, start: int, end: int) -> Iterator[memoryview]:
    """What the IDAT chunks between two bytes of a file hold, chunk by chunk.

    Args:
        start, end: as :attr:`PngFile.pixels` gives them; the last chunk may be cut.
    """
    view = memoryview(data)
    while start + 12 <= end:
        after = start + 12 + int.from_bytes(view[start : start + 4], "big")
        yield view[start + 8 : min(after - 4, end)]
        start = after


def shown(kind: bytes, at: int) -> str:
    """A chunk in a sentence."""
    return f"{kind.decode('latin-1')} at byte {at}"


def _header(data: bytes, chunks: list[Chunk]) -> PngHeader | None:
    """Decoders stop at a wrong checksum here; those of the pixels are their own concern."""
    if not chunks or chunks[0] != (b"IHDR", len(SIGNATURE), BODY):
        return None
    end = BODY - 4
    if zlib.crc32(data[12:end]) != int.from_bytes(data[end:BODY], "big"):
        return None
    return PngHeader(*_HEADER.unpack_from(data, 16))


def _frames(data: bytes, chunks: list[Chunk]) -> int:
    """Section 11.3.6.1: one acTL before the pixels; fcTL there makes the default image a frame."""
    counts: list[int] = []
    extra = 1
    for kind, start, end in chunks:
        if kind == b"IDAT":
            break
        if kind == b"acTL" and end - start >= 20:
            counts.append(int.from_bytes(data[start + 8 : start + 12], "big"))
        elif kind == b"fcTL":
            extra = 0
    if len(counts) != 1 or not 0 < counts[0] <= 1 << 31:
        return 1
    return counts[0] + extra


def _pixels(chunks: list[Chunk], cut: Chunk | None, size: int) -> tuple[int, int] | None:
    run = next((chunk for chunk in chunks if chunk.kind == b"IDAT"), None)
    if cut is None or cut.kind != b"IDAT" or (run is not None and run.end != cut.start):
        return None if run is None else (run.start, run.end)
    return (cut if run is None else run).start, size
