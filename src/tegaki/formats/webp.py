"""WebP (RFC 9649): the RIFF chunks of a file, listed once for all who read it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tegaki.formats.limits import MOST_PARTS, too_many

EXTENDED, LOSSY, LOSSLESS, FRAME = b"VP8X", b"VP8 ", b"VP8L", b"ANMF"
PIXELS = (LOSSY, LOSSLESS, FRAME)
_ANIMATION = 0x02  # section 2.7: of VP8X's byte of flags


class Chunk(NamedTuple):
    """A chunk; ``start`` and ``end``: its bytes in the file with type and length, not its
    padding."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WebpFile:
    """What :func:`walk_webp` found.

    Attributes:
        chunks: whole ones in the order of the file, within the size that the RIFF header states.
            None where the first is no picture's: then the file is no WebP picture.
        size: width and height of the canvas, by the first chunk.
        animated: whether VP8X says so.
        frames: pictures in the file.
        end: of the RIFF data, or of the file where that is shorter.
        promised: how many bytes the RIFF header says that the file has.
        complete: whether all chunks were listed.
        damage: what contradicts the container, as sentences.
    """

    chunks: tuple[Chunk, ...]
    size: tuple[int, int] | None
    animated: bool
    frames: int
    end: int
    promised: int
    complete: bool
    damage: tuple[str, ...]

    format: ClassVar[str] = "WEBP"

    @property
    def is_extended(self) -> bool:
        """Whether the file has the layout that a first chunk VP8X opens."""
        return bool(self.chunks) and self.chunks[0].kind == EXTENDED


def walk_webp(data: bytes, most: int = MOST_PARTS) -> WebpFile:
    """List the chunks within the RIFF data. No bytes raise.

    Args:
        most: chunks after which the walk ends.
    """
    promised = 8 + int.from_bytes(data[4:8], "little")
    end = min(promised, len(data))
    damage = [] if end == promised else ["The WebP file is shorter than its RIFF header says."]
    chunks: list[Chunk] = []
    at, complete = 12, True
    unpack = struct.Struct("<4sI").unpack_from
    if data[12:16] not in (EXTENDED, LOSSY, LOSSLESS):
        at, complete = end, False
        damage.append("The WebP file does not begin with a picture's chunk; nothing was read.")
    while at + 8 <= end:
        if len(chunks) == most:
            complete = False
            damage.append(too_many(most))
            break
        kind, length = unpack(data, at)
        stop = at + 8 + length
        if stop > end:
            complete = False
            damage.append(f"The WebP chunk at byte {at} reaches past the end of the RIFF data.")
            break
        chunks.append(Chunk(kind, at, stop))
        at = stop + length % 2  # RIFF: chunks of odd size are padded
    animated = data[12:16] == EXTENDED and len(data) > 20 and bool(data[20] & _ANIMATION)
    return WebpFile(
        chunks=tuple(chunks),
        size=_size(data),
        animated=animated,
        frames=sum(chunk.kind == FRAME for chunk in chunks) if animated else 1,
        end=end,
        promised=promised,
        complete=complete,
        damage=tuple(damage),
    )


def lossless_size(data: bytes, start: int) -> tuple[int, int, bool] | None:
    """Width, height and whether alpha is used, of the VP8L chunk at ``start``; ``None`` where it
    is none (WebP Lossless Bitstream Specification, section 3: 14 + 14 + 1 + 3 bits)."""
    if len(data) < start + 13 or data[start + 8] != 0x2F:
        return None
    fields = int.from_bytes(data[start + 9 : start + 13], "little")
    return (fields & 0x3FFF) + 1, (fields >> 14 & 0x3FFF) + 1, bool(fields >> 28 & 1)


def _size(data: bytes) -> tuple[int, int] | None:
    first = data[12:16]
    if first == LOSSLESS:
        sides = lossless_size(data, 12)
        return sides and sides[:2]
    if len(data) < 30:
        return None
    if first == EXTENDED:  # section 2.7
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if first == LOSSY:  # RFC 6386, section 9.1
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
