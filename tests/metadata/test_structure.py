"""Marks count where a format's grammar puts them. A rival was moved to 0.99 by 13 bytes behind a
JPEG: whole marks behind, before or inside of pictures of every format move nothing here."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tegaki.metadata import read
from tests.metadata.pixels.encoders import hide, payload_of
from tests.metadata.samples import SAMPLES

TEXT = b"parameters\0a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'i:DigitalSourceType="trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>'
)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


MARKS = {
    "thirteen bytes": b"Midjourney v6",
    "text": TEXT,
    "png chunk": chunk(b"tEXt", TEXT),
    "png end and chunk": chunk(b"IEND", b"") + chunk(b"tEXt", TEXT),
    "jpeg comment": segment(0xFE, TEXT[11:]),
    "jpeg xmp": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
    "jpeg picture": SAMPLES["a1111-jis-usercomment"].build(),
    "png picture": SAMPLES["a1111-itxt-japanese"].build(),
    "gif picture": SAMPLES["a1111-gif-comment"].build(),
    "riff chunk": b"XMP " + struct.pack("<I", len(XMP) + len(XMP) % 2) + XMP,
    "xmp packet": XMP,
}
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")


def picture(form: str, side: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(buffer, form)
    return buffer.getvalue()


def hidden_text() -> Image.Image:
    """A picture with a web UI's text in its lowest bits."""
    pixels = np.full((64, 64, 4), 255, np.uint8)
    payload = payload_of("stealth_pnginfo", TEXT[11:].decode())
    return Image.fromarray(hide(pixels, "stealth_pnginfo", payload))


def lossless() -> bytes:
    """The chunk of its pixels alone."""
    stored = io.BytesIO()
    hidden_text().save(stored, "WEBP", lossless=True, exact=True)
    data = stored.getvalue()
    at = data.index(b"VP8L")
    return data[at : at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")]


def webp(*chunks: bytes) -> bytes:
    body = b"".join(chunk + b"\0" * (len(chunk) % 2) for chunk in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def extended(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X" + struct.pack("<II", 10, 0x10) + sides


def test_pixels_that_nobody_sees_hold_no_mark() -> None:
    pixels, plain = lossless(), picture("WEBP")
    lossy = plain[12:]
    assert [claim.tool for claim in read(webp(pixels))] == ["AUTOMATIC1111"]
    assert [claim.tool for claim in read(webp(extended(64, 64), pixels))] == ["AUTOMATIC1111"]
    frame = b"ANMF" + struct.pack("<I", 16 + len(lossy)) + bytes(16) + lossy
    for hiding in (
        plain + pixels,  # behind the end
        webp(lossy, pixels),  # behind the picture that is shown
        webp(extended(64, 64), frame, pixels),
        webp(extended(800, 600), pixels),  # of another size than the canvas
    ):
        assert read(hiding) == []


def test_pixels_behind_the_end_of_a_png_hold_no_mark() -> None:
    stored = io.BytesIO()
    hidden_text().save(stored, "PNG")
    data = stored.getvalue()
    header, rest = data[:33], data[33:]
    assert [claim.tool for claim in read(data)] == ["AUTOMATIC1111"]
    assert read(header + chunk(b"IEND", b"") + rest) == []


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("form", FORMATS)
def test_what_is_appended_or_prepended_is_no_mark(form: str, mark: str) -> None:
    plain, extra = picture(form), MARKS[mark]
    assert read(plain) == []
    assert read(plain + extra) == []
    if not mark.endswith("picture"):  # a whole picture before another one is that picture
        assert read(extra + plain) == []


@pytest.mark.parametrize("mark", MARKS)
def test_what_stands_in_pixels_is_no_mark(mark: str) -> None:
    """Formats that hold pixels as they are hold these bytes as they are."""
    side = 128
    pixels = (MARKS[mark] * (3 * side * side // len(MARKS[mark]) + 1))[: 3 * side * side]
    drawn = Image.frombytes("RGB", (side, side), pixels)
    for form, options in (("PNG", {"compress_level": 0}), ("BMP", {}), ("TIFF", {}), ("GIF", {})):
        buffer = io.BytesIO()
        drawn.save(buffer, form, **options)
        assert read(buffer.getvalue()) == []


@pytest.mark.parametrize("mark", MARKS)
def test_what_stands_in_another_parts_data_is_no_mark(mark: str) -> None:
    extra = MARKS[mark]
    png = picture("PNG")
    inside = chunk(b"prIv", b"x" + extra)
    assert read(png[:33] + inside + png[33:]) == []
    jpeg = picture("JPEG")
    assert read(jpeg[:2] + segment(0xEA, b"private\0" + extra) + jpeg[2:]) == []
    webp = picture("WEBP")
    body = webp[8:] + b"PRIV" + struct.pack("<I", len(extra)) + extra + b"\0" * (len(extra) % 2)
    assert read(b"RIFF" + struct.pack("<I", len(body)) + body) == []


def test_a_chunk_with_a_wrong_checksum_is_no_mark() -> None:
    png = picture("PNG")
    good = chunk(b"tEXt", TEXT)
    assert read(png[:33] + good + png[33:])
    assert read(png[:33] + good[:-1] + bytes((good[-1] ^ 1,)) + png[33:]) == []


def test_a_jpeg_of_segments_and_a_scan_of_nothing_is_no_picture() -> None:
    said, scan, end = segment(0xFE, TEXT[11:]), segment(0xDA, b""), b"\xff\xd9"
    assert read(b"\xff\xd8" + said + scan + end) == []
    assert read(picture("JPEG")[:2] + said + picture("JPEG")[2:])


def test_no_word_in_a_persons_text_is_a_mark() -> None:
    for words in (
        "My first picture with Krita, no Midjourney, no Stable Diffusion, no ComfyUI!",
        "Prompt of the week: a fox. Steps: sketch, line art, colour. Sampler of brushes.",
        "Not NovelAI. DALL-E could not do this. trainedAlgorithmicMedia",
        '{"prompt": "draw a fox", "steps": 3}',
        "Software=NovelAI",
    ):
        png = picture("PNG")
        for key in ("Comment", "Description", "Title", "parameters", "prompt", "Software"):
            text = chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + words.encode())
            claims = read(png[:33] + text + png[33:])
            assert all(claim.kind == "human-editor" for claim in claims), (key, words)
        jpeg = picture("JPEG")
        claims = read(jpeg[:2] + segment(0xFE, words.encode()) + jpeg[2:])
        assert all(claim.kind == "human-editor" for claim in claims), words


@pytest.mark.parametrize("given", ["a.png", bytearray(b"\x89PNG"), memoryview(b"")])
def test_bytes_are_wanted(given: object) -> None:
    with pytest.raises(TypeError, match=f"as bytes, not {type(given).__name__}"):
        read(given)  # type: ignore[arg-type]
