"""PNG: which chunks are marks, how their texts are decoded, and what is left out."""

from __future__ import annotations

import struct
import time
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import Marks
from tests.metadata.bytes_made import (
    ASCII,
    c2pa_store,
    exif_block,
    iptc_block,
    photoshop_resource,
    picture,
    png_chunk,
    png_profile,
    png_text,
    png_with,
    xmp_packet,
)

EXIF = exif_block([(0x0131, ASCII, b"Krita 5.2\0")])
XMP = xmp_packet("", 'xmp:CreatorTool="Krita"').encode()
PLAIN = png_with()


def texts(marks: Marks) -> list[tuple[str, str]]:
    return [(text.key, text.text) for text in marks.texts]


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt+", "comf"])
@pytest.mark.parametrize("late", [False, True], ids=["before the pixels", "behind the pixels"])
def test_a_text_chunk_of_any_kind_is_found_on_both_sides_of_the_pixels(
    kind: str, late: bool
) -> None:
    chunk = png_text("parameters", "花, Steps: 20", kind)
    data = png_with(after=[chunk]) if late else png_with([chunk])
    (text,) = survey(data).texts
    assert (text.key, text.text) == ("parameters", "花, Steps: 20")
    assert text.place.path == f"PNG {kind.rstrip('+')} parameters"
    assert data[text.place.start : text.place.end] == chunk


def test_text_is_utf8_where_it_can_be_and_latin1_where_not() -> None:
    marks = survey(png_with([png_text("a", "é🌸"), png_text("b", b"caf\xe9 \x00\x1b[31m")]))
    assert texts(marks) == [("a", "é🌸"), ("b", "café \x00\x1b[31m")]


def test_a_keyword_that_comes_twice_is_kept_twice() -> None:
    marks = survey(png_with([png_text("prompt", "1")], [png_text("prompt", "2", "zTXt")]))
    assert texts(marks) == [("prompt", "1"), ("prompt", "2")]


def test_what_pillow_writes_is_read() -> None:
    info = PngInfo()
    info.add_text("Description", "plain")
    info.add_text("Comment", "絵", zip=True)
    out = BytesIO()
    picture().save(out, "PNG", pnginfo=info)
    assert texts(survey(out.getvalue())) == [("Description", "plain"), ("Comment", "絵")]


def test_a_long_keyword_is_kept_and_its_path_is_short() -> None:
    (text,) = survey(png_with([png_text("k" * 300, "value")])).texts
    assert text.key == "k" * 300
    assert text.place.path == "PNG tEXt " + "k" * 79


def test_an_exif_chunk_has_places_in_the_file() -> None:
    data = png_with(after=[png_chunk(b"eXIf", EXIF)])
    (field,) = survey(data).exif
    assert (field.directory, field.tag, field.text) == ("0", 0x0131, "Krita 5.2")
    assert field.place.path == "PNG eXIf 0x0131 Software"
    assert data[field.place.start : field.place.end] == field.raw == b"Krita 5.2\0"


@pytest.mark.parametrize("kind", ["tEXt", "zTXt"])
def test_raw_profiles_in_hex_are_read_and_have_the_chunks_place(kind: str) -> None:
    iptc = photoshop_resource(0x0404, iptc_block([(2, 110, b"Made with Google AI")]))
    chunks = [
        png_profile("exif", b"Exif\0\0" + EXIF, kind),
        png_profile("iptc", iptc, kind),
        png_profile("xmp", XMP, kind),
    ]
    data = png_with(chunks)
    marks = survey(data)
    assert marks.texts == ()
    places = [marks.exif[0].place, marks.iptc[0].place, marks.xmp[0].place]
    assert [data[place.start : place.end] for place in places] == chunks
    assert marks.exif[0].place.path == f"PNG {kind} Raw profile type exif 0x0131 Software"
    assert marks.iptc[0].text == "Made with Google AI"
    assert marks.xmp[0].value == "Krita"


@pytest.mark.parametrize("first", ["exif", "generic profile", "IPTC profile", "", "a b c", "8"])
@pytest.mark.parametrize("keyword", ["exif", "EXIF", "iptc", "8bim", "xmp", "APP1", "app1"])
def test_the_keyword_says_what_a_profile_is(keyword: str, first: str) -> None:
    """The first line is free: ExifTool and GraphicsMagick write other words there."""
    resource = photoshop_resource(0x0404, iptc_block([(2, 110, b"Made with Google AI")]))
    contents = {"exif": EXIF, "iptc": resource, "8bim": resource, "xmp": XMP}
    raw = contents.get(keyword.lower(), b"Exif\0\0" + EXIF)
    hexed = "\n".join(raw.hex()[at : at + 72] for at in range(0, 2 * len(raw), 72))
    marks = survey(png_with([png_text(f"Raw profile type {keyword}",
                                      f"\n{first}\n{len(raw):8}\n{hexed}\n", "zTXt")]))  # fmt: skip
    assert len(marks.exif) + len(marks.iptc) + len(marks.xmp) == 1
    assert (marks.texts, marks.damage) == ((), ())


def test_lines_of_a_profile_may_end_as_on_windows() -> None:
    text = f"\nexif\n{len(EXIF):8}\n{EXIF.hex()}\n".replace("\n", "\r\n")
    assert len(survey(png_with([png_text("Raw profile type exif", text)])).exif) == 1


def test_an_app1_profile_may_be_xmp() -> None:
    raw = b"http://ns.adobe.com/xap/1.0/\0" + XMP
    marks = survey(png_with([png_profile("APP1", raw)]))
    assert [found.value for found in marks.xmp] == ["Krita"]


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["exif", "APP1", "iptc", "8bim", "xmp"]))
def test_any_profile_is_taken(content: bytes, keyword: str) -> None:
    for text in (content, b"\nx\n3\n" + content, b"\n\n\n" + content):
        survey(png_with([png_text(f"Raw profile type {keyword}", text)]))


@pytest.mark.parametrize(
    "text", ["", "exif", "\nexif\n4\nabc", "\nexif\n9\nabcd", "\nexif\nx\nabcd", "\nexif\n1\nag"]
)
def test_a_profile_that_is_no_hex_of_its_length_is_left_out(text: str) -> None:
    marks = survey(png_with([png_text("Raw profile type exif", text)]))
    assert marks.exif == ()
    assert marks.texts == ()
    assert marks.damage == (
        "PNG tEXt Raw profile type exif is no profile in hex and was left out.",
    )


@pytest.mark.parametrize("kind", ["tEXt", "iTXt", "iTXt+"])
def test_xmp_is_read_from_text_chunks_of_its_keyword(kind: str) -> None:
    marks = survey(png_with([png_text("XML:com.adobe.xmp", XMP, kind)]))
    assert marks.texts == ()
    assert [(p.name, p.value) for p in marks.xmp] == [("CreatorTool", "Krita")]
    assert marks.xmp[0].place.path == f"PNG {kind.rstrip('+')} XML:com.adobe.xmp"


@pytest.mark.parametrize("late", [False, True], ids=["before the pixels", "behind the pixels"])
def test_one_c2pa_chunk_counts(late: bool) -> None:
    chunk = png_chunk(b"caBX", c2pa_store())
    data = png_with(after=[chunk]) if late else png_with([chunk])
    place = survey(data).c2pa
    assert place is not None
    assert (place.path, data[place.start : place.end]) == ("PNG caBX", chunk)


def test_two_c2pa_chunks_count_as_none() -> None:
    chunk = png_chunk(b"caBX", c2pa_store())
    marks = survey(png_with([chunk], [chunk]))
    assert marks.c2pa is None
    assert marks.damage == ("The file has 2 C2PA manifest stores; none was read.",)


def test_a_chunk_with_a_wrong_checksum_is_left_out() -> None:
    good = png_text("parameters", "Steps: 20")
    bad = good[:-1] + bytes([good[-1] ^ 1])
    marks = survey(png_with([bad, png_text("after", "it")]))
    assert texts(marks) == [("after", "it")]
    assert marks.damage == ("PNG chunk tEXt at byte 33 has a wrong checksum and was left out.",)


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"tEXt", b"no end of the keyword"),
        png_chunk(b"tEXt", b"\0no keyword"),
        png_chunk(b"zTXt", b"key\0"),
        png_chunk(b"zTXt", b"key"),
        png_chunk(b"iTXt", b"key\0\0\0en"),
        png_chunk(b"iTXt", b"key\0\0"),
        png_chunk(b"iTXt", b""),
    ],
)
def test_a_text_chunk_that_is_cut_is_left_out(chunk: bytes) -> None:
    marks = survey(png_with([chunk]))
    assert marks.texts == ()
    assert len(marks.damage) == 1


@pytest.mark.parametrize("packed", [b"", b"garbage", zlib.compress(b"a" * 500)[:-5]])
def test_a_text_that_does_not_inflate_is_left_out(packed: bytes) -> None:
    marks = survey(png_with([png_chunk(b"zTXt", b"key\0\0" + packed)]))
    assert marks.texts == ()
    assert marks.damage == ("PNG chunk zTXt at byte 33 does not inflate and was left out.",)


@pytest.mark.parametrize("kind", ["zTXt", "iTXt+"])
def test_a_bomb_is_left_out(kind: str) -> None:
    bomb = png_text("parameters", b"A" * 50_000_000, kind)
    marks = survey(png_with([bomb, png_text("after", "it", "zTXt")]))
    assert texts(marks) == [("after", "it")]
    assert len(marks.damage) == 1
    assert "inflates past the limit" in marks.damage[0]


def test_many_bombs_stop_at_the_files_budget() -> None:
    bomb = png_text("parameters", b"A" * 50_000_000, "zTXt")
    started = time.monotonic()
    marks = survey(png_with([bomb] * 200))
    assert time.monotonic() - started < 20
    assert marks.texts == ()


def test_texts_within_their_limit_stop_at_the_files_budget() -> None:
    chunk = png_text("a", b"A" * 1000, "zTXt")
    marks = survey(png_with([chunk] * 5), Limits(text=1500, inflated=2500))
    assert len(marks.texts) == 2
    assert len(marks.damage) == 3


def test_a_text_over_the_limit_is_left_out() -> None:
    marks = survey(png_with([png_text("a", "A" * 2000)]), Limits(text=1000))
    assert marks.texts == ()
    assert marks.damage == ("PNG chunk tEXt at byte 33 is too long and was left out.",)


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 10_000])
def test_a_length_past_the_end_stops_the_walk(length: int) -> None:
    lie = struct.pack(">I4s", length, b"tEXt") + b"parameters\0Steps: 20"
    marks = survey(png_with([png_text("a", "1"), lie]))
    assert texts(marks) == [("a", "1")]
    assert marks.damage == ("PNG chunk tEXt at byte 48 reaches past the end of the file.",)


def test_a_chunk_type_that_is_none_stops_the_walk() -> None:
    marks = survey(png_with([png_chunk(b"tE\0t", b""), png_text("a", "1")]))
    assert marks.texts == ()
    assert len(marks.damage) == 1


def test_a_file_without_its_header_chunk_is_not_read() -> None:
    marks = survey(PLAIN[:8] + png_text("parameters", "1") + PLAIN[8:])
    assert marks.texts == ()
    assert marks.format == "PNG"
    assert len(marks.damage) == 1


def test_a_file_that_is_cut_keeps_what_was_found() -> None:
    marks = survey(png_with([png_text("a", "1")])[:-12])
    assert texts(marks) == [("a", "1")]
    assert marks.damage == ("The PNG file ends without an IEND chunk.",)


def test_more_chunks_than_the_limit_are_not_walked() -> None:
    data = png_with([png_chunk(b"teSt", b"")] * 300_000 + [png_text("a", "1")])
    started = time.monotonic()
    marks = survey(data)
    assert time.monotonic() - started < 10
    assert marks.texts == ()
    assert marks.damage == ("Only the first 20000 blocks of the file were read.",)


def test_a_text_chunk_in_the_pixels_is_not_seen() -> None:
    chunk = png_text("parameters", "Steps: 20").ljust(48, b" ")
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", len(chunk), 1, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" + chunk, 0))
    data = PLAIN[:8] + header + pixels + PLAIN[-12:]
    assert chunk in data
    with Image.open(BytesIO(data)) as image:
        assert image.tobytes() == chunk
    marks = survey(data)
    assert marks.texts == ()
    assert marks.damage == ()


TEXT = png_text("parameters", "Steps: 20")
PIXELS_AT = PLAIN.index(b"IDAT") - 4
END = PLAIN[-12:]


def test_a_whole_file_without_pixels_holds_no_mark() -> None:
    marks = survey(PLAIN[:PIXELS_AT] + TEXT + png_chunk(b"caBX", c2pa_store()) + END)
    assert marks == Marks("PNG", damage=("The PNG file holds no picture; nothing in it counts.",))


@pytest.mark.parametrize("rest", [b"", PLAIN[PIXELS_AT : PIXELS_AT + 30]], ids=["all", "half"])
def test_a_download_that_broke_off_keeps_its_marks(rest: bytes) -> None:
    marks = survey(PLAIN[:PIXELS_AT] + TEXT + rest)
    assert texts(marks) == [("parameters", "Steps: 20")]
    assert len(marks.damage) == 1


def test_what_stands_between_pixels_is_left_out() -> None:
    """Section 5.6: IDAT chunks are consecutive, and decoders stop at the first other chunk."""
    packed = PLAIN[PIXELS_AT + 8 : -16]
    halves = png_chunk(b"IDAT", packed[:9]), png_chunk(b"IDAT", packed[9:])
    inner = png_text("prompt", "{}")
    data = PLAIN[:PIXELS_AT] + TEXT + halves[0] + inner + halves[1] + png_text("a", "b") + END
    marks = survey(data)
    assert texts(marks) == [("parameters", "Steps: 20"), ("a", "b")]
    at = data.index(inner)
    assert marks.damage == (f"PNG chunk tEXt at byte {at} stands within the pixels; left out.",)


@pytest.mark.parametrize(
    "header",
    [
        PLAIN[8:29] + bytes(4),
        png_chunk(b"IHDR", PLAIN[16:28]),
        png_chunk(b"IHDR", PLAIN[16:29] + b"\0"),
    ],
    ids=["checksum", "short", "long"],
)
def test_a_header_that_no_decoder_takes_opens_no_picture(header: bytes) -> None:
    marks = survey(PLAIN[:8] + header + TEXT + PLAIN[33:])
    assert marks.texts == ()
    assert marks.damage == (
        "The PNG file does not begin with a whole IHDR chunk; nothing was read.",
    )
