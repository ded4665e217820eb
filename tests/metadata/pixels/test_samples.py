"""Samples as they are stored: from header and pixels alone, and decoded once."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from tegaki.formats import walk
from tegaki.imaging.decode import OpenedPicture
from tegaki.metadata import examine
from tegaki.metadata.pixels.samples import StoredPicture
from tests.metadata.bytes_made import (
    BYTE,
    exif_block,
    gif_comment,
    gif_with,
    jpeg_exif,
    jpeg_segment,
    jpeg_with,
    png_chunk,
    png_text,
    png_with,
    riff_chunk,
    saved,
    webp_with,
)
from tests.metadata.generators.test_comfy_graph import GRAPH
from tests.metadata.pixels.encoders import hide, watermark
from tests.metadata.pixels.test_watermark import WRITTEN, textured

LONG = png_text("workflow", "x" * 1_200_000, "zTXt")  # more than Pillow takes


def marked() -> Image.Image:
    """A watermark, and a text hidden in alpha."""
    pixels = watermark(textured(300, 280), WRITTEN["InvokeAI"])
    alpha = np.full((280, 300, 1), 255, np.uint8)
    return Image.fromarray(hide(np.dstack([pixels, alpha]), "stealth_pnginfo", b"hidden"))


@pytest.mark.parametrize("extra", [b"", LONG], ids=["alone", "beside a long text"])
def test_marks_in_pixels_do_not_depend_on_texts(extra: bytes) -> None:
    data = png_with([extra], image=marked())
    for decoded in (None, OpenedPicture(data).stored):
        found = examine(data, decoded=decoded)
        assert [(c.tool, c.strength) for c in found.claims] == [("InvokeAI", "hint")]
        assert [text.text for text in found.marks.texts if text.key == "stealth"] == ["hidden"]


def test_a_signature_is_checked_beside_a_long_text(shared: Path) -> None:
    plain = (shared / "fixtures" / "novelai_v3_signed_128.png").read_bytes()
    data = plain[:33] + LONG + plain[33:]
    for decoded in (None, OpenedPicture(data).stored):
        claims = examine(data, decoded=decoded).claims
        assert {(c.tool, c.strength) for c in claims} == {("NovelAI", "proof")}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[PngImageFile]:
    """Every PNG that Pillow opens from here on."""
    opened: list[PngImageFile] = []
    really = PngImageFile._open

    def counted(self: PngImageFile) -> None:
        opened.append(self)
        really(self)

    monkeypatch.setattr(PngImageFile, "_open", counted)
    return opened


def test_a_picture_is_decoded_once(opened: list[PngImageFile]) -> None:
    data = png_with(image=marked())
    assert examine(data).claims
    assert len(opened) == 1
    with Image.open(io.BytesIO(data)) as decoded:
        decoded.load()
        opened.clear()
        assert examine(data, decoded=decoded).claims
    assert opened == []


def test_a_picture_without_room_for_a_mark_is_not_decoded(opened: list[PngImageFile]) -> None:
    examine(png_with(image=Image.fromarray(textured(255, 256))))
    assert opened == []


def test_a_callers_picture_of_another_shape_is_not_taken() -> None:
    data = png_with(image=marked())
    for other in (Image.new("RGB", (300, 280)), Image.new("RGBA", (280, 300))):
        assert [c.tool for c in examine(data, decoded=other).claims] == ["InvokeAI"]


def stored_picture(data: bytes) -> StoredPicture:
    return StoredPicture(data, walk(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGB", "RGBA"])
def test_samples_of_every_kind_of_png(mode: str) -> None:
    image = Image.fromarray(textured(40, 30)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    stored = stored_picture(saved("PNG", image))
    assert stored.is_colour == (mode in ("RGB", "RGBA"))
    assert stored.rgb is not None
    with Image.open(io.BytesIO(saved("PNG", image))) as opened:
        assert np.array_equal(stored.rgb, np.asarray(opened.convert("RGBA"))[:, :, :3])


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("AVIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"II*\0" + bytes(10)}),
        ("WEBP", {"save_all": True, "append_images": [Image.new("RGB", (40, 30))]}),
    ],
)
def test_the_size_is_that_of_the_header(form: str, options: dict[str, Any]) -> None:
    data = saved(form, Image.fromarray(textured(40, 30)), **options)
    assert stored_picture(data).size == (40, 30)
    for end in range(0, len(data), 5):
        assert stored_picture(data[:end]).size in (None, (40, 30))


def test_what_is_no_picture_has_no_samples() -> None:
    for data in (b"", bytes(100), b"\x89PNG\r\n\x1a\n", b"\xff\xd8" + bytes(50)):
        stored = stored_picture(data)
        assert (stored.rgb, stored.is_opaque, stored.is_colour) == (None, False, False)


GRAPH_EXIF = exif_block([], [(0x9286, BYTE, json.dumps({"prompt": GRAPH}).encode())])
MANY = 4_000_000
TINY = {
    "PNG": lambda: png_with(
        [png_text("prompt", json.dumps(GRAPH)), png_chunk(b"teSt", b"") * MANY]
    ),
    "JPEG": lambda: jpeg_with([jpeg_exif(GRAPH_EXIF), jpeg_segment(0xFE, b"") * MANY]),
    "WEBP": lambda: webp_with([riff_chunk(b"EXIF", GRAPH_EXIF), riff_chunk(b"JUNK", b"") * MANY]),
    "GIF": lambda: gif_with([gif_comment(b"") * MANY]),
}


@pytest.mark.parametrize("form", TINY)
def test_four_million_chunks_take_no_longer_than_those_that_are_read(form: str) -> None:
    data = TINY[form]()
    started = time.process_time()
    found = examine(data)
    assert time.process_time() - started < 2
    assert found.damage == ("Only the first 20000 blocks of the file were read.",)


@given(st.binary(max_size=200))
def test_random_bytes_never_raise(data: bytes) -> None:
    heads = (
        b"",
        b"\xff\xd8",
        b"RIFF\xff\0\0\0WEBPVP8X",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"GIF89a",
    )
    for head in heads:
        stored = stored_picture(head + data)
        assert stored.size is None or len(stored.size) == 2
        assert stored.rgb is None or stored.size == stored.rgb.shape[1::-1]
