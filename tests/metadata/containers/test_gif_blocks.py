"""GIF: comments, XMP and C2PA blocks, and where the file ends."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import Marks
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    GIF_XMP_END,
    c2pa_store,
    gif_application,
    gif_chain,
    gif_comment,
    gif_with,
    saved,
    xmp_packet,
)

XMP = xmp_packet("<dc:source>" + "s" * 700 + "</dc:source>").encode()
XMP_BLOCK = gif_application(b"XMP DataXMP", XMP + GIF_XMP_END)


def test_a_comment_of_many_blocks_is_one_text() -> None:
    block = gif_comment("花".encode() * 300)
    data = gif_with([block])
    (text,) = survey(data).texts
    assert (text.key, text.text, text.place.path) == ("comment", "花" * 300, "GIF comment")
    assert data[text.place.start : text.place.end] == block


def test_what_pillow_writes_is_read() -> None:
    marks = survey(saved("GIF", comment=b"Steps: 20", save_all=True))
    assert [text.text for text in marks.texts] == ["Steps: 20"]
    assert marks.damage == ()


def test_xmp_and_c2pa() -> None:
    store = gif_application(b"C2PA_GIF\1\0\0", gif_chain(c2pa_store(b"x" * 600)))
    data = gif_with([XMP_BLOCK, store, gif_comment(b"after")])
    marks = survey(data)
    assert [(p.value, p.place.path) for p in marks.xmp] == [("s" * 700, "GIF XMP")]
    assert data[marks.xmp[0].place.start : marks.xmp[0].place.end] == XMP_BLOCK
    assert marks.c2pa is not None
    assert data[marks.c2pa.start : marks.c2pa.end] == store
    assert [text.text for text in marks.texts] == ["after"]
    with Image.open(BytesIO(data)) as image:
        image.load()


@pytest.mark.parametrize("rest", [gif_chain(XMP), gif_chain(b""), GIF_XMP_END[100:]])
def test_xmp_without_its_end_is_left_out(rest: bytes) -> None:
    marks = survey(gif_with([gif_application(b"XMP DataXMP", rest), gif_comment(b"after")]))
    assert marks.xmp == ()
    assert [text.text for text in marks.texts] == ["after"]
    assert len(marks.damage) == 1


def test_what_stands_behind_the_end_is_a_trailer() -> None:
    plain = gif_with()
    marks = survey(plain + gif_comment(b"late"))
    assert marks.texts == ()
    assert marks.trailer == Location("GIF trailer", len(plain), len(plain + gif_comment(b"late")))


def test_a_block_in_the_pixels_or_in_a_comment_is_not_seen() -> None:
    inner = gif_comment(b"inner") + XMP_BLOCK[:200]
    pixels = b"\x2c" + bytes(4) + b"\1\0\1\0" + b"\0" + b"\2" + gif_chain(inner)
    marks = survey(gif_with([gif_application(b"NETSCAPE2.0", gif_chain(inner)), pixels]))
    assert marks.texts == ()
    assert marks.xmp == ()
    assert marks.damage == ()


def test_a_comment_over_the_limit_is_left_out() -> None:
    marks = survey(gif_with([gif_comment(b"c" * 2000)]), Limits(text=1000))
    assert marks.texts == ()
    assert len(marks.damage) == 1


@pytest.mark.parametrize("size", [6, 12, 13, 20, 781, 790])
def test_a_file_that_is_cut_is_damaged(size: int) -> None:
    data = gif_with([gif_comment(b"text")])
    assert len(survey(data[: min(size, len(data) - 1)]).damage) == 1


def test_a_file_without_a_picture_holds_no_mark() -> None:
    head = b"GIF89a\1\0\1\0\0\0\0"
    marks = survey(head + gif_comment(b"Steps: 20") + b";")
    assert marks == Marks("GIF", damage=("The GIF file holds no picture; nothing in it counts.",))
    assert len(survey(head + gif_comment(b"Steps: 20")).texts) == 1  # cut: kept
