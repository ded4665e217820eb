"""GIF89a: the blocks of a file, listed once for all who read it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tegaki.formats.limits import MOST_PARTS, too_many

SIGNATURES = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
_HEAD = 13  # signature and logical screen descriptor
_DESCRIPTOR = 10  # section 20


class Block(NamedTuple):
    """An extension with its label, or an image, whose label is -1; ``start`` and ``end``: the bytes
    of the file from its introducer to behind the end of its sub-blocks."""

    label: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GifFile:
    """What :func:`walk_gif` found.

    Attributes:
        blocks: whole ones in the order of the file.
        size: width and height of the logical screen, or where the first image is larger, what
            both take: so decoders show it.
        frames: images, with one that the file cuts.
        whole_frames: those that it does not cut.
        end: behind the trailer byte; ``None`` where the walk did not come to it.
        damage: why the walk ended before the trailer byte, as sentences.
    """

    blocks: tuple[Block, ...]
    size: tuple[int, int] | None
    frames: int
    whole_frames: int
    end: int | None
    damage: tuple[str, ...]

    format: ClassVar[str] = "GIF"
    promised: ClassVar[int] = 0


def walk_gif(data: bytes, most: int = MOST_PARTS) -> GifFile:
    """List the blocks from the logical screen to the trailer byte (appendix B). No bytes raise.

    Args:
        most: blocks after which the walk ends.
    """
    if len(data) < _HEAD:
        return GifFile((), None, 0, 0, None, ("The GIF file ends in its header.",))
    blocks: list[Block] = []
    at, end, damage = _HEAD + _table(data[10]), None, ""
    first: int | None = None
    frames = whole = 0
    while len(blocks) < most:
        introducer = data[at] if at < len(data) else None
        if introducer == TRAILER:
            end = at + 1
            break
        is_image = introducer == IMAGE and at + _DESCRIPTOR < len(data)
        if is_image:
            first = at if first is None else first
            frames += 1
        after = _after(data, at, introducer, is_image)
        if after is None:
            damage = f"The GIF file is cut or damaged at byte {min(at, len(data))}."
            break
        whole += is_image
        blocks.append(Block(-1 if is_image else data[at + 1], at, after))
        at = after
    else:
        damage = too_many(most)
    size = _size(data, first)
    return GifFile(tuple(blocks), size, frames, whole, end, (damage,) if damage else ())


def _after(data: bytes, at: int, introducer: int | None, is_image: bool) -> int | None:
    """Where the next block begins, or None where this one is cut or unknown."""
    if introducer == EXTENSION:
        return _chain(data, at + 2)
    # The descriptor, its colour table, and a byte of code size stand before the pixels.
    return _chain(data, at + _DESCRIPTOR + 1 + _table(data[at + 9])) if is_image else None


def _table(flags: int) -> int:
    """Bytes of a colour table (section 18)."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _chain(data: bytes, at: int) -> int | None:
    """The end of a chain of sub-blocks (section 15), or None where the file ends first."""
    try:
        while size := data[at]:
            at += size + 1
    except IndexError:
        return None
    return at + 1


def _size(data: bytes, first: int | None) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    if first is None:
        return width, height
    left, top, across, down = struct.unpack_from("<4H", data, first + 1)
    return max(width, left + across), max(height, top + down)
