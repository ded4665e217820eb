"""Texts hidden in the lowest bits of pixels ("stealth pnginfo").

Written by ``ashen-sensored/sd_webui_stealth_pnginfo:scripts/stealth_pnginfo.py`` and by NovelAI.
One stream of bits, column by column: 120 bits of magic, a 32-bit big-endian length in bits, then
the payload; most significant bit first. It lies in the lowest bit of alpha, or in those of R, G
and B in turn: of PNG and lossless WebP, and in alpha also of formats that keep alpha to the bit.

Nearly every picture has no such text, so the whole picture is decoded only when the magic's
beginning is there: its bits are the top of the first column, and a PNG row's first pixel needs no
other pixel of its row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tegaki.formats import walk
from tegaki.formats.png import pixel_pieces
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.marks import Text
from tegaki.metadata.pixels.header import Header
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.results.claim import Location

_HEADER_BITS = 120 + 32
_BEGINNING = "".join(f"{byte:08b}" for byte in b"steal")  # of all magics; by chance once in 1e12
_PIECE = 4096  # bytes inflated at a time: deflate gives at most 1032 times as many
_GZIP = 31  # zlib's wbits for a gzip header, no other (zlib manual, inflateInit2)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """Where the bits of a pixel lie: its channels in turn, and the two magics used there."""

    name: str
    channels: tuple[int, ...]
    plain: bytes
    packed: bytes  # the payload is gzip


_COLOUR = _Carrier("RGB", (0, 1, 2), b"stealth_rgbinfo", b"stealth_rgbcomp")
_ALPHA = {
    mode: (_Carrier("alpha", (channel,), b"stealth_pnginfo", b"stealth_pngcomp"),)
    for mode, channel in (("RGBA", 3), ("LA", 1))
}
_CARRIERS: dict[str, tuple[_Carrier, ...]] = {
    "RGBA": (*_ALPHA["RGBA"], _COLOUR),
    "RGB": (_COLOUR,),
    "LA": _ALPHA["LA"],
    "P": (*_ALPHA["RGBA"], _COLOUR),
}
"""By the kind of samples. Optimisers of PNG turn grey into LA and few colours into a palette, and
no sample changes by that."""


def find_stealth(
    data: bytes, limits: Limits = DEFAULT, picture: StoredPicture | None = None
) -> list[Text]:
    """The texts hidden in the pixels of a file, alpha first; none from a damaged header.

    Args:
        data: the whole file; PNG, WebP, AVIF and TIFF are looked into.
        limits: ``pixels``, ``text`` and ``inflated`` (of a PNG's first rows) apply.
        picture: the same file's, so that it is decoded once.
    """
    stored = picture or StoredPicture(data, walk(data), limits)
    header = stored.header
    if header is None:
        image = stored.seen_through
        if image is None:
            return []
        return _texts(image, _ALPHA[image.mode], (stored.name, 0, len(data)), limits)
    if not header.mode or not header.width * header.height <= limits.pixels:
        return []
    carriers = list(_CARRIERS[header.mode])
    if header.container == "PNG" and not header.interlaced and header.mode != "P":
        carriers = _begun(data, header, carriers, limits)
    image = stored.image if carriers else None
    if image is None:
        return []
    if header.mode == "P":
        carriers = list(_CARRIERS[_expanded_mode(image)])
    return _texts(image, carriers, (header.container, header.start, header.end), limits)


def _texts(
    image: Image.Image, carriers: Iterable[_Carrier], where: tuple[str, int, int], limits: Limits
) -> list[Text]:
    name, start, end = where
    found = []
    for carrier in carriers:
        text = _payload(image, carrier, limits)
        if text is not None:
            place = Location(f"{name} pixels ({carrier.name})", start, end)
            found.append(Text("stealth", text, place))
    return found


def _expanded_mode(image: Image.Image) -> str:
    """The samples that a palette stands for."""
    return "RGBA" if image.has_transparency_data else "RGB"


def _begun(data: bytes, header: Header, carriers: list[_Carrier], limits: Limits) -> list[_Carrier]:
    """Those carriers whose bits in the first column begin as a magic does.

    Rows are inflated until no carrier is left, which takes two or three as a rule, or the
    beginning is complete, or the column ends.
    """
    bits = dict.fromkeys(carriers, "")
    for row, pixel in enumerate(_first_pixels(data, header, limits), start=1):
        for carrier in tuple(bits):
            bits[carrier] += "".join(str(pixel[channel] & 1) for channel in carrier.channels)
            if not _BEGINNING.startswith(bits[carrier][: len(_BEGINNING)]):
                del bits[carrier]
        if row == header.height or all(len(seen) >= len(_BEGINNING) for seen in bits.values()):
            return list(bits)
    return []


def _first_pixels(data: bytes, header: Header, limits: Limits) -> Iterator[bytes]:
    """The first pixel of each row, top to bottom, of a PNG that is not interlaced.

    Unfiltered by PNG 3rd edition, section 9.2, with nothing to the left: Sub leaves a byte as it
    is, Up and Paeth add the byte above, Average adds half of it.
    """
    above = bytes(len(header.mode))
    stride = 1 + header.width * len(header.mode)
    for row in _inflated_rows(data, header, stride, limits):
        method, pixel = row[0], row[1:]
        if method > 4:
            return
        if method >= 2:
            shift = 1 if method == 3 else 0
            pixel = bytes((a + (b >> shift)) & 255 for a, b in zip(pixel, above, strict=True))
        yield pixel
        above = pixel


def _inflated_rows(data: bytes, header: Header, stride: int, limits: Limits) -> Iterator[bytes]:
    """The filter byte and the first pixel of each row of ``stride`` bytes, still filtered."""
    inflate = zlib.decompressobj()
    waiting = bytearray()
    inflated = 0
    for piece in _idat_pieces(data, header):
        try:
            new = inflate.decompress(piece)
        except zlib.error:
            return
        inflated += len(new)
        waiting += new
        while len(waiting) >= stride:
            yield bytes(waiting[: 1 + len(header.mode)])
            del waiting[:stride]
        if inflated > limits.inflated:
            return


def _idat_pieces(data: bytes, header: Header) -> Iterator[memoryview]:
    for body in pixel_pieces(data, header.start, header.end):
        for at in range(0, len(body), _PIECE):
            yield body[at : at + _PIECE]


def _payload(image: Image.Image, carrier: _Carrier, limits: Limits) -> str | None:
    """The text of one carrier; ``None`` without a magic, or where the length cannot be true."""
    available = image.width * image.height * len(carrier.channels)
    if available < _HEADER_BITS:
        return None
    header = _hidden_bytes(image, carrier, 0, _HEADER_BITS)
    magic, length = header[:15], int.from_bytes(header[15:], "big")
    if magic not in (carrier.plain, carrier.packed):
        return None
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
    columns = image.crop((first, 0, last, image.height))
    if columns.mode == "P":
        columns = columns.convert(_expanded_mode(columns))
    pixels = np.asarray(columns)  # (height, columns, channels)
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
