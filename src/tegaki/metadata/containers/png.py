"""PNG (3rd edition): text chunks, eXIf, raw profiles, XMP and caBX, each in a chunk of its own."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from tegaki.formats.png import Chunk, PngFile, shown
from tegaki.metadata.findings import Blob, Findings, decode
from tegaki.metadata.marks import Text
from tegaki.metadata.parsers import exif, iptc, xmp
from tegaki.results.claim import Location

_NAME_SHOWN = 79  # section 11.3.3.1: the longest keyword
_XMP = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_HEX = re.compile(
    rb"(?:\r?\n)?(?P<name>[^\n]{0,200})\n[ \t]*(?P<length>\d{1,10})[ \t\r]*\n"
    rb"(?P<hex>[0-9A-Fa-f\s]*)\Z"
)
_NO_MARKS = frozenset((b"fdAT", b"IEND"))
_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"


def read(file: PngFile, data: bytes, found: Findings) -> None:
    """Every chunk up to IEND; what follows IEND is a trailer.

    No other chunk stands between two IDAT (section 5.6): one that does is left out, so what
    follows an IDAT waits until no other IDAT can come.
    """
    if file.header is None and file.chunks:
        found.note("The PNG file does not begin with a whole IHDR chunk; nothing was read.")
        return
    view = memoryview(data)
    behind: list[Chunk] = []
    picture = False
    for chunk in file.chunks:
        if chunk.kind == b"IDAT":
            picture = True
            if behind:
                found.note(f"PNG chunk {shown(*behind[0][:2])} stands within the pixels; left out.")
                behind = []
        elif picture:
            behind.append(chunk)
        else:
            _checked(view, chunk, found)
    found.follow(file.damage, len(file.chunks))
    if file.end is not None:
        found.finish(data, file.end, "PNG", picture)
    for chunk in behind:
        _checked(view, chunk, found)


def _checked(view: memoryview, chunk: Chunk, found: Findings) -> None:
    """Read a chunk if its CRC is right (section 5.5); no mark is read from a frame's pixels."""
    kind, at, end = chunk
    if kind in _NO_MARKS:
        return
    if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
        found.note(f"PNG chunk {shown(kind, at)} has a wrong checksum and was left out.")
        return
    body = view[at + 8 : end - 4]
    if kind in (b"tEXt", b"zTXt", b"iTXt", b"comf"):
        _text(body, kind, at, found)
    elif kind == b"eXIf":
        place = Location("PNG eXIf", at, end)
        exif.read(Blob(body, place, ((0, at + 8),)), found)
    elif kind == b"caBX":
        found.stores.append(Location("PNG caBX", at, end))


def _text(body: memoryview, kind: bytes, at: int, found: Findings) -> None:
    """tEXt, zTXt and iTXt (sections 11.3.3.2 to 11.3.3.4).

    ComfyUI's animated PNG has ``comf`` chunks with what a tEXt would hold.
    """
    if len(body) > found.limits.text:
        found.note(f"PNG chunk {shown(kind, at)} is too long and was left out.")
        return
    raw = bytes(body)
    split = raw.find(0)
    offset = _value_offset(raw, kind, split)
    if split < 1 or offset is None:
        found.note(f"PNG chunk {shown(kind, at)} has no keyword or is cut; it was left out.")
        return
    pieces: tuple[tuple[int, int], ...] = ((0, at + 8 + offset),)
    value: bytes | None = raw[offset:]
    if kind == b"zTXt" or (kind == b"iTXt" and raw[split + 1]):
        pieces = ()
        value = _inflate(raw[offset:], kind, at, found)
    if value is not None:
        key = raw[:split].decode("latin-1")
        path = f"PNG {kind.decode()} {key[:_NAME_SHOWN]}"
        place = Location(path, at, at + 12 + len(body))
        _named(key, Blob(memoryview(value), place, pieces), found)


def _value_offset(raw: bytes, kind: bytes, split: int) -> int | None:
    """Where a text chunk's text begins, or None where the chunk is cut short of it."""
    if kind in (b"tEXt", b"comf"):
        return split + 1
    if kind == b"zTXt":  # one byte of compression method
        return split + 2 if split + 2 <= len(raw) else None
    language = raw.find(0, split + 3)  # compression flag and method stand before it
    translated = raw.find(0, language + 1) if language > 0 else -1
    return translated + 1 if translated > 0 else None


def _inflate(packed: bytes, kind: bytes, at: int, found: Findings) -> bytes | None:
    """Inflate within what the limits leave. None, and said so, if damaged or too large."""
    room = found.room()
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(packed, room + 1) if room else b""
    except zlib.error:
        found.note(f"PNG chunk {shown(kind, at)} does not inflate and was left out.")
        return None
    found.unpacked += len(raw)
    if room == 0 or len(raw) > room:
        found.note(f"PNG chunk {shown(kind, at)} inflates past the limit and was left out.")
        return None
    if not stream.eof:
        found.note(f"PNG chunk {shown(kind, at)} does not inflate and was left out.")
        return None
    return raw


def _named(key: str, value: Blob, found: Findings) -> None:
    """A text goes by its keyword: XMP, a profile in hex, or text."""
    if key == _XMP:
        xmp.read(value, found)
    elif key.startswith(_RAW_PROFILE) and key[len(_RAW_PROFILE) :].lower() in _PROFILES:
        _profile(value, _PROFILES[key[len(_RAW_PROFILE) :].lower()], found)
    else:
        found.texts.append(Text(key, decode(bytes(value.data)), value.place))


def _profile(value: Blob, read: _Read, found: Findings) -> None:
    """ImageMagick's form: a line of any name, a line of the length, lines of hex.

    The keyword says what it is: ExifTool and GraphicsMagick write other words into the first line.
    """
    lines = _HEX.match(bytes(value.data))
    raw = None
    if lines is not None:
        try:
            raw = bytes.fromhex(lines["hex"].decode("ascii"))
        except ValueError:
            raw = None
    if lines is None or raw is None or len(raw) != int(lines["length"]):
        found.note(f"{value.place.path} is no profile in hex and was left out.")
        return
    read(Blob(memoryview(raw), value.place), found)


def _app1(blob: Blob, found: Findings) -> None:
    """What an APP1 segment of JPEG would hold: XMP behind its name, else EXIF."""
    if blob.data[: len(_XMP_NAME)] == _XMP_NAME:
        xmp.read(blob.tail(len(_XMP_NAME)), found)
    else:
        exif.read(blob, found)


_Read = Callable[[Blob, Findings], None]
_PROFILES: dict[str, _Read] = {
    "exif": exif.read,
    "app1": _app1,
    "iptc": iptc.read,
    "8bim": iptc.read,
    "xmp": xmp.read,
}
"""Readers by what stands behind the beginning of the keyword."""
