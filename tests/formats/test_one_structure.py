"""What decodes a file and what reads its marks have one idea of it: the same object."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from tegaki import Detector
from tegaki.errors import CorruptPicture, PictureError
from tegaki.formats import Structure, sniff, walk
from tegaki.imaging import OpenedPicture, decode
from tegaki.metadata import examine
from tegaki.metadata.containers import survey
from tegaki.utils.packed import FilePath, children, open_folder
from tests.conftest import painting
from tests.formats.hostile import MORE, damaged
from tests.metadata.bytes_made import jpeg_segment, png_text, png_with, saved

SEEDS = children(open_folder(Path(__file__).parents[1] / "metadata" / "fuzz_corpus"))
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF")
FILES = [saved(form) for form in FORMATS] + [
    saved(form, save_all=True, append_images=MORE, duration=100)
    for form in FORMATS
    if form != "JPEG"
]


def hold_one_idea(data: bytes) -> bool:
    """Whether it is a file that can be opened; then both sides have been compared."""
    try:
        opened = OpenedPicture(data)
    except PictureError:
        return False
    file = opened.file
    marks = examine(data, pixels=False, file=file).marks
    assert marks.file is file
    if file is None:
        assert sniff(data) == opened.info.format == "BMP"
        return True
    assert walk(data) == file
    assert opened.info.format == marks.format == file.format == sniff(data)
    if file.size is not None:
        assert sorted((opened.info.width, opened.info.height)) == sorted(file.size)
        assert opened.info.animated == (file.frames > 1)
    assert examine(data, pixels=False).marks == marks
    return True


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_of_every_seed(path: FilePath) -> None:
    hold_one_idea(path.read_bytes())


def shared_files(shared: Path) -> Iterator[Path]:
    for name in ("fixtures", "misses", "reports"):
        folder = shared / name
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path.suffix != ".csv")


def test_of_every_shared_file(shared: Path) -> None:
    opened = [hold_one_idea(path.read_bytes()) for path in shared_files(shared)]
    if not opened:
        pytest.skip(f"needs files with marks, and {shared} has none")
    assert sum(opened) > len(opened) // 2


@settings(deadline=None, max_examples=300)
@given(damaged(FILES, b"\xff\xd8\xff\xe0"))
def test_of_damaged_files(data: bytes) -> None:
    hold_one_idea(data)


def test_of_whole_files_with_what_pillow_says() -> None:
    """The structure agrees with an independent reader."""
    for data in FILES:
        file, image = walk(data), OpenedPicture(data)._image
        assert file is not None
        assert file.size == image.size
        assert file.frames == getattr(image, "n_frames", 1)


def test_the_detector_walks_a_file_once(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = []

    def counted(data: bytes, *limit: int) -> Structure | None:
        walked.append(data)
        return walk(data, *limit)

    for module in (decode, survey):
        monkeypatch.setattr(module, "walk", counted)
    for form in FORMATS:
        data = saved(form, painting())
        assert detector.inspect(data).format == form
        assert walked == [data]
        walked.clear()
    assert detector.inspect(png_with([png_text("a", "b")])).error is not None  # too small
    assert len(walked) == 1


def test_a_file_of_two_sizes_is_damaged() -> None:
    """A reader of marks goes by the first frame header, and Pillow by the last one."""
    plain = saved("JPEG")
    frame = jpeg_segment(0xC0, struct.pack(">BHHB", 8, 3000, 4000, 1) + b"\1\x11\0")
    with pytest.raises(CorruptPicture, match="its header says 4000 x 3000 pixels, and its decoder"):
        OpenedPicture(plain[:2] + frame + plain[2:])
