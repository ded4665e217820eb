"""Formats that are known and not decoded: what to say of a file, by its first bytes."""

from __future__ import annotations

from codecs import getincrementaldecoder

from tegaki.errors import NotAPicture, PictureError, UnsupportedPicture
from tegaki.formats.isobmff import HEIC_BRANDS
from tegaki.formats.tiff import LAYOUTS, UNNAMED, walk_tiff

HEAD = 4096
"""Bytes from a file's beginning that tell what it is."""

_CONVERT = "convert it to PNG or JPEG first"
_EXPORT = "export it as PNG first; its layers and history are worth a look of their own"
_DEVELOP = "develop it and export it as TIFF, PNG or JPEG first (darktable does)"
_UNPACK = "unpack it, or pack it as .cbz or .zip, to have what it holds judged"
_FRAMES = "save single frames as PNG, to have those judged"

_PICTURES = (
    (0, b"\xff\x0a", "JPEG XL picture", _CONVERT),  # ISO/IEC 18181-2, a bare codestream
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL picture", _CONVERT),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000 picture", _CONVERT),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000 picture", _CONVERT),
    (0, b"8BPS", "Photoshop file (PSD or PSB)", _EXPORT),
    (0, b"CSFCHUNK", "Clip Studio Paint file (CLIP)", _EXPORT),
    (0, b"gimp xcf ", "GIMP file (XCF)", _EXPORT),
    (0, b"mdipack", "MediBang or FireAlpaca file (MDP)", _EXPORT),
    (0, b"qoif", "QOI picture", _CONVERT),
    (0, b"DDS ", "DDS texture", _CONVERT),
    (0, b"\x76\x2f\x31\x01", "OpenEXR picture", _CONVERT),
    (0, b"\0\0\1\0", "Windows icon (ICO)", _CONVERT),
    (0, b"FUJIFILMCCD-RAW", "camera raw file (RAF)", _DEVELOP),
    (0, b"IIU\0", "camera raw file (RW2)", _DEVELOP),
    (0, b"IIRO", "camera raw file (ORF)", _DEVELOP),
    (0, b"IIRS", "camera raw file (ORF)", _DEVELOP),
    (0, b"MMOR", "camera raw file (ORF)", _DEVELOP),
    (0, b"FOVb", "camera raw file (X3F)", _DEVELOP),
    (4, b"ftypcrx ", "camera raw file (CR3)", _DEVELOP),
)
_OTHERS = (
    (0, b"Rar!\x1a\x07", "RAR archive, as CBR comics are", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive, as CB7 comics are", _UNPACK),
    (0, b"%PDF-", "PDF document", "extract its pictures (pdfimages does), to have those judged"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska film", _FRAMES),
    (8, b"AVI LIST", "AVI film", _FRAMES),
    (0, b"PAR1", "Parquet file", "end its name in .parquet, to have what it holds judged"),
    (0, b"\x1f\x8b", "gzip file", "end its name in .tar.gz if it is a packed tar archive"),
    (257, b"ustar", "tar archive", "end its name in .tar, to have what it holds judged"),
    (0, b"version https://git-lfs.github.com/spec/", "Git LFS pointer in a picture's place",
     "get the picture itself by: git lfs pull"),
)  # fmt: skip
_FILM_BRANDS = (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"dash")
_MIMETYPES = {
    b"application/x-krita": (UnsupportedPicture, "Krita file (KRA)", _EXPORT),
    b"image/openraster": (UnsupportedPicture, "OpenRaster file (ORA)", _EXPORT),
    b"application/epub+zip": (
        NotAPicture, "book (EPUB)",
        "copy it under a name that ends in .zip, to have its pictures judged",
    ),
}  # fmt: skip
"""Kinds of zip archives that begin with an entry which says so (EPUB 3.3, section 4.2.3)."""


def raw_file(kind: str) -> UnsupportedPicture:
    """What to say of a camera raw file built as TIFF, whose first page is a thumbnail.

    Args:
        kind: :attr:`tegaki.formats.tiff.TiffFile.raw`.
    """
    named = "" if kind == UNNAMED else f" ({kind})"
    return UnsupportedPicture(f"a camera raw file{named}, which is not read here; {_DEVELOP}")


def unsupported_format(head: bytes) -> PictureError | None:
    """What a file is that is no picture of a kind that is decoded, and what to do with it.

    Args:
        head: its first :data:`HEAD` bytes, or more.
    """
    head = head[:HEAD]
    raw = walk_tiff(head).raw if head.startswith(tuple(LAYOUTS)) else ""
    if raw:
        return raw_file(raw)
    for at, magic, what, cure in _PICTURES:
        if head.startswith(magic, at):
            return _error(UnsupportedPicture, what, cure)
    for at, magic, what, cure in _OTHERS:
        if head.startswith(magic, at):
            return _error(NotAPicture, what, cure)
    if head[4:8] == b"ftyp":
        return _isobmff_format(head[8:12])
    return _zip_format(head) if head.startswith(b"PK\3\4") else _text_format(head)


def _error(kind: type[PictureError], what: str, cure: str) -> PictureError:
    article = "an" if what[0] in "AO" else "a"
    return kind(f"{article} {what}, which is not read here; {cure}")


def _isobmff_format(brand: bytes) -> PictureError | None:
    if brand in HEIC_BRANDS:  # AVIF has been told from these before
        return _error(UnsupportedPicture, "HEIC picture", f"{_CONVERT} (heif-convert does)")
    return _error(NotAPicture, "film (MP4 or MOV)", _FRAMES) if brand in _FILM_BRANDS else None


def _zip_format(head: bytes) -> PictureError:
    length, extra = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
    if head[30 : 30 + length] == b"mimetype":
        said = head[30 + length + extra :]
        for mimetype, told in _MIMETYPES.items():
            if said.startswith(mimetype):
                return _error(*told)
    return _error(
        NotAPicture,
        "zip archive in another archive or under another name",
        "unpack it, or end its name in .zip or .cbz, to have what it holds judged",
    )


def _text_format(head: bytes) -> PictureError | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in text:
        return _error(UnsupportedPicture, "drawing in SVG", "export it as PNG first")
    if text.startswith((b"<!doctype html", b"<html")):
        return _error(NotAPicture, "web page in a picture's place", "save the picture itself")
    return None


def text_file(head: bytes) -> NotAPicture | None:
    """What to say of a file that begins as text does: UTF-8 of words and spaces, or a mark of
    UTF-16. Ask :func:`unsupported_format` first: many formats are text.

    Args:
        head: its first :data:`HEAD` bytes, or more.
    """
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = getincrementaldecoder("utf-8")().decode(head[:HEAD])  # may end in a character
        except UnicodeDecodeError:
            return None
        if not text.strip() or not all(map(_is_written, text)):
            return None
    return NotAPicture("a text file, which is not read here; choose the picture that it belongs to")


def _is_written(character: str) -> bool:
    return character.isprintable() or character.isspace() or character == "\ufeff"
