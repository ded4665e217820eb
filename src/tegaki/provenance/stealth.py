"""Texts hidden in the lowest bits of pixels ("stealth pnginfo"): PNG and lossless WebP.

Written by ``ashen-sensored/sd_webui_stealth_pnginfo:scripts/stealth_pnginfo.py`` and by NovelAI.
One stream of bits, column by column: 120 bits of magic, a 32-bit big-endian length in bits, then
the payload; most significant bit first. It lies in the lowest bit of alpha, or in those of R, G
and B in turn.

Nearly every picture has no such text, so the whole picture is decoded only when the magic's
beginning is there: its bits are the top of the first column, and a PNG row's first pixel needs no
other pixel of its row.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tegaki.claim import Place
from tegaki.provenance.limits import DEFAULT, Limits
from tegaki.provenance.marks import Text

_HEADER_BITS = 120 + 32
_BEGINNING = "".join(f"{byte:08b}" for byte in b"steal")  # of all magics; by chance once in 1e12
_PIECE = 4096  # bytes inflated at a time: deflate gives at most 1032 times as many
_GZIP = 31  # zlib's wbits for a gzip header, no other (zlib manual, inflateInit2)
_IEND = bytes.fromhex("0000000049454e44ae426082")
_CHANNELS = {2: 3, 6: 4}  # PNG colour types RGB and RGBA (PNG 3rd edition, table 12)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """Where the bits of a pixel lie: its channels in turn, and the two magics used there."""

    name: str
    channels: tuple[int, ...]
    plain: bytes
    packed: bytes  # the payload is gzip


@dataclass(frozen=True, slots=True)
class _Picture:
    """What the header says. ``start`` and ``end``: the bytes of IDAT or VP8L, whole chunks."""

    container: str
    width: int
    height: int
    channels: int
    interlaced: bool
    start: int
    end: int


_CARRIERS = (
    _Carrier("alpha", (3,), b"stealth_pnginfo", b"stealth_pngcomp"),
    _Carrier("RGB", (0, 1, 2), b"stealth_rgbinfo", b"stealth_rgbcomp"),
)


def find_stealth(data: bytes, marks_format: str, limits: Limits = DEFAULT) -> list[Text]:
    """The texts hidden in the pixels of a file, alpha first; none from a damaged picture.

    Args:
        data: the whole file.
        marks_format: ``Marks.format``; anything but ``PNG`` and ``WEBP`` has no such text.
        limits: ``pixels``, ``text`` and ``inflated`` (of a PNG's first rows) apply.
    """
    picture = _read_header(data, marks_format, limits)
    if picture is None:
        return []
    carriers = [carrier for carrier in _CARRIERS if _fits(carrier, picture)]
    if picture.container == "PNG" and not picture.interlaced:
        carriers = _begun(data, picture, carriers, limits)
    image = _decode(data, picture) if carriers else None
    if image is None:
        return []
    found = []
    for carrier in carriers:
        text = _payload(image, carrier, limits)
        if text is not None:
            path = f"{picture.container} pixels ({carrier.name})"
            found.append(Text("stealth", text, Place(path, picture.start, picture.end)))
    return found


def _read_header(data: bytes, marks_format: str, limits: Limits) -> _Picture | None:
    picture = None
    if marks_format == "PNG":
        picture = _png_header(data, limits)
    elif marks_format == "WEBP":
        picture = _webp_header(data, limits)
    if picture is None or not 0 < picture.width * picture.height <= limits.pixels:
        return None
    return picture


def _png_header(data: bytes, limits: Limits) -> _Picture | None:
    if data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height, depth, colour, interlace = struct.unpack_from(">IIBBxxB", data, 16)
    if depth != 8 or colour not in _CHANNELS:
        return None
    start = end = 0
    for name, at, after in _png_chunks(data, 33, limits):
        if name == b"IDAT":
            start, end = start or at, after
        elif start:
            break  # IDAT chunks are consecutive (PNG 3rd edition, section 5.6)
    if not start:
        return None
    return _Picture("PNG", width, height, _CHANNELS[colour], interlace != 0, start, end)


def _png_chunks(data: bytes, at: int, limits: Limits) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk from ``at`` on; the last one may be cut by the file."""
    for _ in range(limits.blocks):
        if at + 12 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        after = min(at + 12 + length, len(data))
        yield data[at + 4 : at + 8], at, after
        at = after


def _webp_header(data: bytes, limits: Limits) -> _Picture | None:
    """A still picture's VP8L chunk; lossy (VP8) and animated (ANMF) files have none at the top."""
    at = 12
    for _ in range(limits.blocks):
        if at + 13 > len(data):
            return None
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"VP8L":
            break
        at += 8 + length + length % 2
    else:
        return None
    # WebP Lossless Bitstream Specification, section 3: signature, then 14 + 14 + 1 + 3 bits
    signature, fields = struct.unpack_from("<BI", data, at + 8)
    if signature != 0x2F or at + 8 + length > len(data):
        return None
    width, height, alpha = (fields & 0x3FFF) + 1, (fields >> 14 & 0x3FFF) + 1, fields >> 28 & 1
    return _Picture("WebP", width, height, 3 + alpha, False, at, at + 8 + length)


def _fits(carrier: _Carrier, picture: _Picture) -> bool:
    bits = picture.width * picture.height * len(carrier.channels)
    return max(carrier.channels) < picture.channels and bits >= _HEADER_BITS


def _begun(
    data: bytes, picture: _Picture, carriers: list[_Carrier], limits: Limits
) -> list[_Carrier]:
    """Those carriers whose bits in the first column begin as a magic does.

    Rows are inflated until no carrier is left, which takes two or three as a rule, or the
    beginning is complete, or the column ends.
    """
    bits = dict.fromkeys(carriers, "")
    for row, pixel in enumerate(_first_pixels(data, picture, limits), start=1):
        for carrier in tuple(bits):
            bits[carrier] += "".join(str(pixel[channel] & 1) for channel in carrier.channels)
            if not _BEGINNING.startswith(bits[carrier][: len(_BEGINNING)]):
                del bits[carrier]
        if row == picture.height or all(len(seen) >= len(_BEGINNING) for seen in bits.values()):
            return list(bits)
    return []


def _first_pixels(data: bytes, picture: _Picture, limits: Limits) -> Iterator[bytes]:
    """The first pixel of each row, top to bottom, of a PNG that is not interlaced.

    Unfiltered by PNG 3rd edition, section 9.2, with nothing to the left: Sub leaves a byte as it
    is, Up and Paeth add the byte above, Average adds half of it.
    """
    above = bytes(picture.channels)
    stride = 1 + picture.width * picture.channels
    for row in _inflated_rows(data, picture, stride, limits):
        method, pixel = row[0], row[1:]
        if method > 4:
            return
        if method >= 2:
            shift = 1 if method == 3 else 0
            pixel = bytes((a + (b >> shift)) & 255 for a, b in zip(pixel, above, strict=True))
        yield pixel
        above = pixel


def _inflated_rows(data: bytes, picture: _Picture, stride: int, limits: Limits) -> Iterator[bytes]:
    """The filter byte and the first pixel of each row of ``stride`` bytes, still filtered."""
    inflate = zlib.decompressobj()
    waiting = bytearray()
    inflated = 0
    for piece in _idat_pieces(data, picture, limits):
        try:
            new = inflate.decompress(piece)
        except zlib.error:
            return
        inflated += len(new)
        waiting += new
        while len(waiting) >= stride:
            yield bytes(waiting[: 1 + picture.channels])
            del waiting[:stride]
        if inflated > limits.inflated:
            return


def _idat_pieces(data: bytes, picture: _Picture, limits: Limits) -> Iterator[bytes]:
    for name, start, end in _png_chunks(data, picture.start, limits):
        if name != b"IDAT":
            return
        for at in range(start + 8, end - 4, _PIECE):
            yield data[at : min(at + _PIECE, end - 4)]


def _decode(data: bytes, picture: _Picture) -> Image.Image | None:
    """The stored picture, by Pillow, from a file of nothing but header and pixels.

    Text, colour profiles and whatever else a hostile file holds never reach Pillow; nor does
    ``Image.open``, which would try other formats and warn by a limit of its own.
    """
    body = data[picture.start : picture.end]
    try:
        image: ImageFile.ImageFile
        if picture.container == "PNG":
            image = PngImageFile(io.BytesIO(data[:33] + body + _IEND))
        else:
            riff = struct.pack("<4sI4s", b"RIFF", 4 + len(body) + len(body) % 2, b"WEBP")
            image = WebPImageFile(io.BytesIO(riff + body + b"\0" * (len(body) % 2)))
        image.load()
    except Exception:  # noqa: BLE001 - whatever a decoder raises on hostile bytes: no picture
        return None
    expected = ("RGB", "RGBA")[picture.channels - 3], (picture.width, picture.height)
    return image if (image.mode, image.size) == expected else None


def _payload(image: Image.Image, carrier: _Carrier, limits: Limits) -> str | None:
    """The text of one carrier; ``None`` without a magic, or where the length cannot be true."""
    header = _hidden_bytes(image, carrier, 0, _HEADER_BITS)
    magic, length = header[:15], int.from_bytes(header[15:], "big")
    if magic not in (carrier.plain, carrier.packed):
        return None
    available = image.width * image.height * len(carrier.channels)
    if _HEADER_BITS + length > available or length // 8 > limits.text:
        return None
    payload = _hidden_bytes(image, carrier, _HEADER_BITS, length // 8 * 8)
    if magic == carrier.plain:
        return payload.decode("utf-8", "replace")
    return _gunzip(payload, limits.text)


def _hidden_bytes(image: Image.Image, carrier: _Carrier, start: int, count: int) -> bytes:
    """``count`` bits from bit ``start`` of the carrier's stream, as bytes."""
    in_column = image.height * len(carrier.channels)
    first, last = start // in_column, -(-(start + count) // in_column)
    pixels = np.asarray(image.crop((first, 0, last, image.height)))  # (height, columns, channels)
    bits = pixels[:, :, carrier.channels].transpose(1, 0, 2).reshape(-1) & 1  # column by column
    offset = start - first * in_column
    return np.packbits(bits[offset : offset + count]).tobytes()


def _gunzip(payload: bytes, most: int) -> str | None:
    """The text of a whole gzip member of at most ``most`` bytes; ``None`` for anything else."""
    inflate = zlib.decompressobj(wbits=_GZIP)
    try:
        text = inflate.decompress(payload, most + 1)
    except zlib.error:
        return None
    if not inflate.eof or len(text) > most:
        return None
    return text.decode("utf-8", "replace")
