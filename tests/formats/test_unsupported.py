"""Files that people have beside pictures: each is named as what it is, with what to do."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tegaki import Detector
from tegaki.errors import FileTooLarge, NotAPicture, PictureError
from tegaki.formats import unsupported_format
from tegaki.imaging import read_file
from tests.cli.test_cli import tegaki
from tests.metadata.bytes_made import BYTE, exif_block
from tests.sources.archives.made import make_tar, make_zip, png


def kept_zip(*entries: tuple[str, bytes]) -> bytes:
    """A zip whose entries are stored as they are, in this order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream.getvalue()


def boxed(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(40)


MERGED = ("mergedimage.png", png(1))
FILES: dict[str, tuple[bytes, str, str]] = {
    "a.heic": (boxed(b"heic"), "UnsupportedPicture", "a HEIC picture"),
    "b.heif": (boxed(b"mif1"), "UnsupportedPicture", "a HEIC picture"),
    "a.jxl": (b"\xff\x0a\xfa\x3f" + bytes(40), "UnsupportedPicture", "a JPEG XL picture"),
    "b.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "UnsupportedPicture", "a JPEG XL picture"),
    "a.psd": (b"8BPS\0\1" + bytes(40), "UnsupportedPicture", "a Photoshop file"),
    "a.clip": (b"CSFCHUNK" + bytes(40), "UnsupportedPicture", "a Clip Studio Paint file"),
    "a.xcf": (b"gimp xcf v011\0" + bytes(40), "UnsupportedPicture", "a GIMP file"),
    "a.kra": (kept_zip(("mimetype", b"application/x-krita"), MERGED), "UnsupportedPicture",
              "a Krita file"),
    "a.ora": (kept_zip(("mimetype", b"image/openraster"), MERGED), "UnsupportedPicture",
              "an OpenRaster file"),
    "a.epub": (kept_zip(("mimetype", b"application/epub+zip"), MERGED), "NotAPicture",
               "a book (EPUB)"),
    "zip.cbr": (kept_zip(MERGED), "NotAPicture", "a zip archive"),
    "a.cbr": (b"Rar!\x1a\x07\1\0" + bytes(40), "NotAPicture", "a RAR archive"),
    "old.rar": (b"Rar!\x1a\x07\0" + bytes(40), "NotAPicture", "a RAR archive"),
    "a.cb7": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "NotAPicture", "a 7z archive"),
    "a.pdf": (b"%PDF-1.7\n" + bytes(40), "NotAPicture", "a PDF document"),
    "a.mp4": (b"\0\0\0\x18ftypisom" + bytes(40), "NotAPicture", "a film"),
    "a.webm": (b"\x1a\x45\xdf\xa3" + bytes(40), "NotAPicture", "a WebM or Matroska film"),
    "a.svg": (b"<?xml version='1.0'?>\n<svg/>", "UnsupportedPicture", "a drawing in SVG"),
    "page.png": (b"\n<!DOCTYPE html><html></html>", "NotAPicture", "a web page"),
    "lfs.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "NotAPicture",
                "a Git LFS pointer"),
    "rar.cbz": (b"Rar!\x1a\x07\1\0" + bytes(40), "NotAPicture", "a RAR archive"),
    "7z.zip": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "NotAPicture", "a 7z archive"),
    "cut.zip": (kept_zip(MERGED)[:-30], "BrokenArchive", "no zip archive, or its end"),
    "a.dng": (exif_block([(0xC612, BYTE, b"\1\4\0\0")]), "UnsupportedPicture",
              "a camera raw file (DNG)"),
    "a.cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "UnsupportedPicture",
              "a camera raw file (CR2)"),
    "a.cr3": (boxed(b"crx "), "UnsupportedPicture", "a camera raw file (CR3)"),
    "a.raf": (b"FUJIFILMCCD-RAW 0201" + bytes(40), "UnsupportedPicture",
              "a camera raw file (RAF)"),
    "bm.png": (b"BM is how this text begins", "NotAPicture", "a text file"),
    "words.png": (b"just words", "NotAPicture", "a text file"),
    "wide.png": ("words".encode("utf-16"), "NotAPicture", "a text file"),
    "kana.txt.png": ("\ufeff絵ではない\r\n".encode()[:-4], "NotAPicture", "a text file"),
    "noise.png": (bytes(range(128, 168)), "NotAPicture", "not a JPEG, PNG, WebP, GIF, BMP, TIFF"),
    "nothing.png": (bytes(100), "NotAPicture", "not a JPEG, PNG, WebP, GIF, BMP, TIFF"),
}  # fmt: skip


def test_each_is_named_as_what_it_is(tmp_path: Path) -> None:
    for name, (data, _, _) in FILES.items():
        (tmp_path / name).write_bytes(data)
    done = tegaki("scan", tmp_path, "--json", "--model", "fast")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {Path(row["path"]).name for row in rows} == set(FILES)
    wrong = {}
    for row in rows:
        _, kind, words = FILES[Path(row["path"]).name]
        error = row["error"]
        if error["type"] != kind or not error["message"].startswith(words):
            wrong[row["path"]] = error
    assert wrong == {}


def test_archives_under_other_names(detector: Detector, tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tar", {"1.png": png(1)})
    make_tar(tmp_path / "a.tgz", {"1.png": png(1)}, "w:gz")
    make_zip(tmp_path / "a.zip", {"1.png": png(1)})
    for name, words in (("a.tar", ".tar,"), ("a.tgz", ".tar.gz"), ("a.zip", ".zip or .cbz")):
        row = detector.inspect((tmp_path / name).read_bytes())
        assert row.error is not None
        assert words in row.error.message


def test_what_is_too_large_is_named_first(tmp_path: Path) -> None:
    """More bytes than the limit are no reason to raise it for what is no picture."""
    path = tmp_path / "large"
    for data, expected, words in (
        (b"Rar!\x1a\x07\1\0" + bytes(100), NotAPicture, "RAR"),
        (png(1), FileTooLarge, "over the limit"),
    ):
        path.write_bytes(data)
        with pytest.raises(expected, match=words):
            read_file(str(path), 50)


@pytest.mark.parametrize(("data", "_type", "_words"), FILES.values())
def test_cut_anywhere_it_is_named_or_not(data: bytes, _type: str, _words: str) -> None:
    for end in range(min(len(data), 80)):
        assert unsupported_format(data[:end]) is None or isinstance(
            unsupported_format(data[:end]), PictureError
        )


def test_reported_files_are_named(shared: Path) -> None:
    folder = shared / "reports"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    for beginning, words in {
        "m07": "HEIC", "f11": "camera raw file (DNG)", "f19": "JPEG XL", "f13": "Photoshop",
        "f14": "Krita", "f16": "Clip Studio",
    }.items():  # fmt: skip
        for path in folder.glob(f"{beginning}_*"):
            other = unsupported_format(path.read_bytes())
            assert words in str(other)
