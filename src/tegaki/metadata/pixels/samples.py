"""The stored picture, decoded when a mark in its pixels is asked for and not before."""

from __future__ import annotations

import io
import struct
from functools import cached_property
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, putchunk
from PIL.WebPImagePlugin import WebPImageFile

from tegaki.formats import Structure
from tegaki.formats.png import pixel_pieces
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.pixels.header import Header, header_of
from tegaki.metadata.pixels.transparency import has_transparency
from tegaki.results.claim import Location

_IEND = bytes.fromhex("0000000049454e44ae426082")
_OPAQUE = 254
_SLACK = 1 << 16


class StoredPicture:
    """The samples of a file as they are stored: not upright, alpha not laid on anything.

    A PNG or lossless WebP is decoded, once, from a file of nothing but header and pixels. Text,
    colour profiles and whatever else a hostile file holds never reach Pillow, which would refuse
    the picture for their size; nor does ``Image.open``, which would try other formats.

    Args:
        file: the file's structure; ``None``: of no format that is known.
        decoded: its samples, where the caller has decoded it already.
    """

    def __init__(
        self,
        data: bytes,
        file: Structure | None,
        limits: Limits = DEFAULT,
        decoded: Image.Image | None = None,
    ) -> None:
        self._data, self.file, self._limits, self._decoded = data, file, limits, decoded

    @property
    def place(self) -> Location:
        """All of the file: a mark in pixels has no bytes of its own."""
        return Location(f"{self.name} pixels", 0, len(self._data))

    @property
    def name(self) -> str:
        """The format as it is written."""
        form = "" if self.file is None else self.file.format
        return "WebP" if form == "WEBP" else form

    @cached_property
    def header(self) -> Header | None:
        """``None`` for other formats, other kinds of WebP, and a header that is damaged."""
        return header_of(self.file, self._data)

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """Width and height, or ``None`` where the header cannot be read."""
        if self.header is not None:
            return self.header.width, self.header.height
        if self._decoded is not None:
            return self._decoded.size
        return None if self.file is None else self.file.size

    @property
    def is_colour(self) -> bool:
        """Whether it is stored as 8-bit RGB or RGBA, as generators write."""
        return self.header is not None and self.header.mode in ("RGB", "RGBA")

    @cached_property
    def image(self) -> Image.Image | None:
        """The picture as Pillow has it; ``None``: damaged, over the limit, or not lossless, so
        that no mark can be in it."""
        header = self.header
        if header is None or not 0 < header.width * header.height <= self._limits.pixels:
            return None
        try:
            picture = self._decoded
            if not _is_as_stored(picture, header):
                picture = _open(self._data, header)
            picture.load()
        except Exception:  # noqa: BLE001 - whatever a decoder raises, these pixels say nothing
            return None
        return picture if _is_as_stored(picture, header) else None

    @cached_property
    def seen_through(self) -> Image.Image | None:
        """The picture of a format that keeps alpha to the bit and colours not always, where it has
        alpha: lossy WebP, AVIF, TIFF. Its colours say nothing."""
        return has_transparency(self._data, self.file, self._limits, self._decoded)

    def upper(self, rows: int) -> Image.Image | None:
        """The first rows of :attr:`image`. Of a PNG that nobody decoded, no more is decoded."""
        header = self.header
        if header is None or not 0 < header.width * header.height <= self._limits.pixels:
            return None
        if header.height > rows and self._can_be_cut(header):
            try:
                top = _open_upper(self._data, header, rows)
                top.load()
            except Exception:  # noqa: BLE001 - whatever a decoder raises, these pixels say nothing
                return None
            return top
        return self.image and self.image.crop((0, 0, header.width, min(rows, header.height)))

    def _can_be_cut(self, header: Header) -> bool:
        decoded = self._decoded is not None or "image" in self.__dict__
        return header.container == "PNG" and not header.interlaced and not decoded

    @cached_property
    def rgb(self) -> npt.NDArray[np.uint8] | None:
        """uint8 ``(height, width, 3)``, alpha dropped; ``None`` as for :attr:`image`."""
        return None if self._rgba is None else self._rgba[:, :, :3]

    @cached_property
    def is_opaque(self) -> bool:
        """Whether alpha is 254 or 255 everywhere (the lowest bit may hold a text)."""
        rgba = self._rgba
        return rgba is not None and (rgba.shape[2] == 3 or bool((rgba[:, :, 3] >= _OPAQUE).all()))

    @cached_property
    def _rgba(self) -> npt.NDArray[np.uint8] | None:
        picture = self.image
        if picture is not None and picture.mode not in ("RGB", "RGBA"):
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        return None if picture is None else np.asarray(picture)


def _is_as_stored(picture: Image.Image | None, header: Header) -> TypeGuard[Image.Image]:
    """Whether a picture is what the header promises; one that a caller gives may be another."""
    size = header.width, header.height
    return picture is not None and picture.size == size and header.mode in ("", picture.mode)


def _open(data: bytes, header: Header) -> Image.Image:
    """By Pillow, from a file of nothing but header and pixels."""
    body = data[header.start : header.end]
    if header.container == "PNG":
        return PngImageFile(io.BytesIO(data[:33] + header.extra + body + _IEND))
    body += b"\0" * (len(body) % 2)
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WEBP")
    return WebPImageFile(io.BytesIO(riff + body))


def _open_upper(data: bytes, header: Header, rows: int) -> Image.Image:
    """As :func:`_open`, a PNG that ends after some rows. Its pixels need not be copied whole: rows
    that no compression helps are little longer packed than not."""
    head = data[16:20] + struct.pack(">I", rows) + data[24:29]  # PNG 3rd edition, section 11.2.1
    raw = rows * (1 + len(header.mode or "RGBA") * header.width)
    cut = io.BytesIO()
    cut.write(data[:8])
    putchunk(cut, b"IHDR", head)
    cut.write(header.extra)
    putchunk(cut, b"IDAT", _beginning(data, header, raw + raw // 8 + _SLACK))
    cut.write(_IEND)
    cut.seek(0)
    return PngImageFile(cut)


def _beginning(data: bytes, header: Header, most: int) -> bytes:
    """What a PNG's IDAT chunks hold, up to a length."""
    body = bytearray()
    for piece in pixel_pieces(data, header.start, header.end):
        body += piece[: most - len(body)]
        if len(body) >= most:
            break
    return bytes(body)
