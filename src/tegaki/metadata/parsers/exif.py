"""EXIF (2.32) in its TIFF 6.0 form: the fields of the main directory and of the Exif directory."""

from __future__ import annotations

import unicodedata

from tegaki.formats.tiff import (
    CLASSIC,
    EXIF_DIRECTORY,
    Directory,
    Entry,
    Layout,
    number,
    read_directory,
)
from tegaki.metadata.findings import Blob, Findings, decode
from tegaki.metadata.marks import ExifField

_PREFIX = b"Exif\0\0"
_USER_COMMENT = 0x9286
_WINDOWS_TEXTS = range(0x9C9B, 0x9CA0)  # XPTitle to XPSubject: UTF-16LE whatever the file's order
_TEXT_TYPES = (1, 2, 7, 129)  # BYTE, ASCII, UNDEFINED, UTF-8
_POINTER_TYPES = (4, 13)  # LONG, IFD
_NAMES = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x927C: "MakerNote",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
_SAMPLE = 256  # characters that tell byte orders apart; a longer sample only costs time


def read(blob: Blob, found: Findings) -> None:
    """Read a TIFF block, also one behind JPEG's prefix, as some WebP and PNG writers have it."""
    if blob.data[: len(_PREFIX)] == _PREFIX:
        blob = blob.tail(len(_PREFIX))
    layout = CLASSIC.get(bytes(blob.data[:4]))
    if layout is None or len(blob.data) < 8:
        found.note(f"{blob.place.path} is no EXIF block and was left out.")
        return
    (first,) = layout.pointer.unpack_from(blob.data, 4)
    below = _read(blob, "0", first, layout, found)
    if below is not None:
        _read(blob, "exif", below, layout, found)


def _read(blob: Blob, name: str, at: int, layout: Layout, found: Findings) -> int | None:
    """Read a directory; where it says that the Exif directory is. Two are read, each once: a loop
    of pointers has no effect."""
    directory = read_directory(blob.data, at, layout, found.fields_left() + 1)
    if directory.damage == "past":
        found.note(f"{blob.place.path}: an EXIF directory is past the block's end.")
        return None
    below = read_fields(blob, name, directory, found)
    if directory.damage:
        found.note(f"{blob.place.path}: an EXIF directory is cut.")
    if below is None:
        return None
    if below.end - below.start > layout.inline:  # several pointers are asked for: it is the first
        return below.start
    return number(blob.data, below, layout)


def read_fields(blob: Blob, name: str, directory: Directory, found: Findings) -> Entry | None:
    """Keep the fields of a directory that hold texts; the one that points to the Exif directory.

    Args:
        blob: what the fields' positions count in.
        name: what :class:`tegaki.metadata.marks.ExifField` calls the directory.
    """
    below = None
    for entry in directory.entries:
        if not found.next_field():
            break
        if entry.tag == EXIF_DIRECTORY and entry.kind in _POINTER_TYPES:
            below = entry
        elif entry.tag in _NAMES:  # the others are numbers, or say nothing of who made a picture
            _field(blob, name, entry, found)
    return below


def _field(blob: Blob, directory: str, entry: Entry, found: Findings) -> None:
    tag, kind, _, start, end = entry
    if start == end:  # unknown types are to be skipped: TIFF 6.0, section 2
        return
    path = f"{blob.place.path} {_name(tag)}"
    if end > len(blob.data):
        found.note(f"{path} reaches past its block and was left out.")
        return
    if not found.unpack(end - start):
        found.note(f"{path} is too long and was left out.")
        return
    raw = bytes(blob.data[start:end])
    place = blob.where(start, end, path)
    found.exif.append(ExifField(directory, tag, _text(tag, kind, raw), raw, place))


def _name(tag: int) -> str:
    return f"0x{tag:04X} {_NAMES[tag]}"


def _text(tag: int, kind: int, raw: bytes) -> str:
    """A value's text; empty for numbers."""
    if tag == _USER_COMMENT:
        return _user_comment(raw).rstrip("\0")
    if tag in _WINDOWS_TEXTS:
        return _utf16(raw, "utf-16-le").rstrip("\0")
    return decode(raw).rstrip("\0") if kind in _TEXT_TYPES else ""


def _user_comment(raw: bytes) -> str:
    """EXIF 2.32, section 4.6.5, UserComment: eight bytes name the code, where they are there."""
    code, text = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        return _unicode(text)
    if code == b"JIS\0\0\0\0\0":
        return text.decode("iso2022_jp", "replace")
    return decode(text if code in (b"ASCII\0\0\0", bytes(8)) else raw)


def _unicode(raw: bytes) -> str:
    """UTF-16 of undeclared byte order; the file's own order says nothing of it.

    piexif writes big-endian into little-endian files, ImageSharp follows the file.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _utf16(raw[2:], "utf-16-le" if raw[:1] == b"\xff" else "utf-16-be")
    high, low = raw[: 2 * _SAMPLE : 2].count(0), raw[1 : 2 * _SAMPLE : 2].count(0)
    if high != low:  # an ASCII character has its NUL first in big-endian, last in little-endian
        return _utf16(raw, "utf-16-be" if high > low else "utf-16-le")
    return max((_utf16(raw, "utf-16-be"), _utf16(raw, "utf-16-le")), key=_likeness)


def _utf16(raw: bytes, codec: str) -> str:
    return raw[: len(raw) & ~1].decode(codec, "replace")


def _likeness(text: str) -> int:
    """How much a decoding looks like text: its ASCII less what stands for no character."""
    sample = text[:_SAMPLE].replace("\0", "")
    strange = sum(unicodedata.category(c) in ("Cn", "Co") or c == "\ufffd" for c in sample)
    return len(sample.encode("ascii", "ignore")) - strange
