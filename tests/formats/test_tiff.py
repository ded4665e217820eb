"""TIFF: which fields there are, how large the first page is, how many pages, and which camera's
raw file it is."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from PIL import Image

from tegaki.formats.tiff import read_directory, walk_tiff
from tests.formats.hostile import damaged, is_linear
from tests.metadata.bytes_made import ASCII, LONG, SHORT, exif_block, picture, saved

Field = tuple[int, int, int, bytes]
"""Tag, field type, number of values, and the bytes of the values."""
SIZE: list[Field] = [
    (256, SHORT, 1, struct.pack("<H", 40)), (257, SHORT, 1, struct.pack("<H", 30)),
]  # fmt: skip


def tiff(fields: list[Field], following: int = 0, big: bool = False) -> bytes:
    """A little-endian file of one directory, whose values stand behind it."""
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<I", 8)
    count, entry, pointer, inline = ("<Q", "<HHQ", "<Q", 8) if big else ("<H", "<HHI", "<I", 4)
    step = struct.calcsize(entry) + inline
    behind = len(head) + struct.calcsize(count) + step * len(fields) + inline
    entries, values = b"", b""
    for tag, kind, number, raw in fields:
        stored = raw.ljust(inline, b"\0")
        if len(raw) > inline:
            stored = struct.pack(pointer, behind + len(values))
            values += raw
        entries += struct.pack(entry, tag, kind, number) + stored
    table = struct.pack(count, len(fields)) + entries + struct.pack(pointer, following)
    return head + table + values


PAGES = saved("TIFF", save_all=True, append_images=[picture()] * 2)
FILES = [
    tiff([*SIZE, (305, ASCII, 8, b"someone\0")]),
    tiff([*SIZE, (305, ASCII, 12, b"someone else")], big=True),
    exif_block([(0x010E, ASCII, b"a flower\0")], [(0x9286, ASCII, b"abcdef\0")]),
    PAGES,
]


@given(damaged(FILES, b"II*\0\x08\0\0\0"))
def test_any_bytes_have_fields_within_the_limit(data: bytes) -> None:
    file = walk_tiff(data, 20)
    assert len(file.first.entries) <= 20
    assert file.exif is None or len(file.exif.entries) <= 20
    assert 0 <= file.frames <= 20
    assert all(0 <= entry.start <= entry.end for entry in file.first.entries)
    assert file.size is None or min(file.size) > 0


def test_work_is_linear() -> None:
    assert is_linear(walk_tiff, lambda n: tiff([*SIZE, *[(305, ASCII, 1, b"a")] * n]))
    assert is_linear(walk_tiff, chain)


def chain(pages: int) -> bytes:
    """Directories without fields, each of which names the next one; the last names the first."""
    links = (14 + 6 * (n + 1) if n + 1 < pages else 8 for n in range(pages))
    first = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 14)
    return first + b"".join(struct.pack("<HI", 0, link) for link in links)


def test_pages_that_lead_back_are_counted_once() -> None:
    assert walk_tiff(tiff(SIZE, following=8)).frames == 1
    assert walk_tiff(chain(5)).frames == 6
    assert walk_tiff(chain(500), 100).frames == 100


def test_counts_and_sizes_beyond_the_file() -> None:
    data = bytearray(tiff(SIZE))
    data[8:10] = b"\xff\xff"
    file = walk_tiff(bytes(data))
    assert (len(file.first.entries), file.first.damage) == (2, "cut")
    huge = bytearray(tiff(SIZE, big=True))
    huge[16:24] = b"\xff" * 8
    assert walk_tiff(bytes(huge)).first.damage == "cut"
    value = walk_tiff(tiff([*SIZE, (305, ASCII, 0xFFFFFFFF, bytes(8))]))
    assert value.first.entries[2].end > 0xFFFFFFFF
    many = tiff([(305, ASCII, 1, b"a")] * 60_000)
    assert len(walk_tiff(many).first.entries) == 20_000


def test_a_directory_beyond_the_file_is_empty() -> None:
    data = b"II*\0" + struct.pack("<I", 1000)
    assert (walk_tiff(data).size, walk_tiff(data).frames) == (None, 0)
    assert walk_tiff(data[:6]).damage == ("The TIFF file ends in its header.",)
    layout = walk_tiff(data).layout
    assert layout is not None
    assert read_directory(data, 1000, layout).damage == "past"


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_what_pillow_writes_has_its_size_and_pages(options: dict[str, object]) -> None:
    for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16"):
        data = saved("TIFF", Image.new(mode, (301, 207)), **options)
        file = walk_tiff(data)
        assert (file.format, file.size, file.frames, file.damage) == ("TIFF", (301, 207), 1, ())
    assert walk_tiff(PAGES).frames == 3
    with Image.open(io.BytesIO(PAGES)) as opened:
        assert getattr(opened, "n_frames", 0) == 3


def below(photometric: int) -> bytes:
    """A file whose first page is a thumbnail, and a directory below it."""
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + (
            struct.pack("<H", 4)
            + struct.pack("<HHII", 256, LONG, 1, 160)
            + struct.pack("<HHII", 257, LONG, 1, 120)
            + struct.pack("<HHII", 271, ASCII, 18, 80)
            + struct.pack("<HHII", 330, LONG, 1, 62)
            + bytes(4)
            + struct.pack("<H", 1)
            + struct.pack("<HHII", 262, SHORT, 1, photometric)
        ).ljust(72, b"\0")
        + b"NIKON CORPORATION\0"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (tiff([*SIZE, (0xC612, 1, 4, b"\1\4\0\0")]), "DNG"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(4) + tiff(SIZE)[8:], "CR2"),
        (below(32803), "NEF"),
        (below(2), ""),
        (tiff([*SIZE, (262, SHORT, 1, b"\x23\x80")]), "camera raw"),
        (tiff(SIZE), ""),
    ],
)
def test_raw_files_are_told_from_pictures(data: bytes, kind: str) -> None:
    assert walk_tiff(data).raw == kind
    assert walk_tiff(data).format == (kind or "TIFF")


def test_reported_files(shared: Path) -> None:
    reports = shared / "reports"
    if not reports.is_dir():
        pytest.skip(f"needs {reports}")
    assert walk_tiff((reports / "f11_raw_thumbnail.dng").read_bytes()).raw == "DNG"
    assert walk_tiff((reports / "f12_pages_small_first.tif").read_bytes()).frames == 2
