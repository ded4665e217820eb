"""Kinds of JPEG: decoded whole, or named as what they are."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tegaki.errors import CorruptPicture, PictureError, TruncatedPicture, UnsupportedPicture
from tegaki.formats.jpeg import walk_jpeg
from tegaki.imaging import Limits, OpenedPicture
from tegaki.imaging.jpeg_process import process_of
from tegaki.results.scoring_config import DecodePolicy
from tests.conftest import painting, worst_difference
from tests.imaging.made import saved


def decode(data: bytes) -> Image.Image:
    return OpenedPicture(data).decode(DecodePolicy(), Limits(), min_side=64)[0]


def with_frame(marker: int, depth: int = 8) -> bytes:
    data = bytearray(saved(painting(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, depth
    return bytes(data)


@pytest.mark.parametrize("depth", [2, 10, 12, 16])
@pytest.mark.parametrize("marker", [0xC1, 0xC2, 0xC3])
def test_other_depths_are_not_called_damage(marker: int, depth: int) -> None:
    with pytest.raises(UnsupportedPicture):
        decode(with_frame(marker, depth))
    with pytest.raises(UnsupportedPicture, match="12 bits a sample"):
        decode(with_frame(0xC1, 12))


@pytest.mark.parametrize(
    ("marker", "name"),
    [
        (0xC3, "lossless"),
        (0xC5, "hierarchical"),
        (0xCB, "lossless arithmetic"),
        (0xF7, "JPEG-LS"),
    ],
)
def test_other_processes_are_named(marker: int, name: str) -> None:
    with pytest.raises(UnsupportedPicture, match=rf"not decoded \({name}\)"):
        decode(with_frame(marker))


def test_what_is_no_frame_header_is_left_to_the_decoder() -> None:
    for data in (b"", b"\xff\xd8\xff\xff\xff\xda\0\0\0", b"\xff\xd8\xff\xc0\0\x02"):
        assert process_of(data, walk_jpeg(data)) is None
    with pytest.raises((CorruptPicture, TruncatedPicture)):
        decode(b"\xff\xd8\xff\xe0\0\x04ab" * 9)


@pytest.fixture(scope="module")
def arithmetic(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> bytes:
    """Over 64 KiB, by jpegtran where it is installed, else the file from a public report."""
    tool, path = shutil.which("jpegtran"), shared / "misses" / "08_arithmetic.jpg"
    if tool:
        noisy = Image.effect_noise((600, 500), 90).convert("RGB")
        done = subprocess.run(
            [tool, "-arithmetic"], input=saved(noisy, "JPEG"), capture_output=True, check=True
        )
        return done.stdout
    if not path.exists():
        pytest.skip("needs jpegtran or the public reports")
    return path.read_bytes()


def test_arithmetic_coding_is_decoded_whole(arithmetic: bytes) -> None:
    assert len(arithmetic) > 1 << 16
    picture = decode(arithmetic)
    lower = picture.crop((0, picture.height - 64, picture.width, picture.height))
    assert max(high - low for low, high in lower.getextrema()) > 64  # type: ignore[misc]
    with pytest.raises(PictureError):
        decode(arithmetic[: len(arithmetic) // 2])


def test_baseline_is_decoded_as_before() -> None:
    data = saved(Image.effect_noise((600, 500), 90).convert("RGB"), "JPEG")
    with Image.open(io.BytesIO(data)) as same:
        assert worst_difference(decode(data), same.convert("RGB")) == 0


def test_a_reported_picture_of_twelve_bits(shared: Path) -> None:
    path = shared / "misses" / "12_twelve_bits.jpg"
    if not path.exists():
        pytest.skip(f"needs {path}")
    with pytest.raises(UnsupportedPicture, match="12 bits"):
        decode(path.read_bytes())
