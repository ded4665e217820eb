"""The survey as a whole: what is dispatched where, nothing searched for, nothing raised."""

from __future__ import annotations

import csv
import random
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.marks import Marks
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    ASCII,
    BYTE,
    GIF_XMP_END,
    PHOTOSHOP,
    SHORT,
    UNDEFINED,
    avif_with,
    c2pa_store,
    c2pa_uuid,
    exif_block,
    exif_item,
    gif_application,
    gif_chain,
    gif_comment,
    gif_with,
    iptc_block,
    jpeg_c2pa,
    jpeg_exif,
    jpeg_more_xmp,
    jpeg_segment,
    jpeg_with,
    jpeg_xmp,
    photoshop_resource,
    png_chunk,
    png_profile,
    png_text,
    png_with,
    riff_chunk,
    saved,
    webp_with,
    xmp_item,
    xmp_packet,
)

GUID = "0123456789ABCDEF0123456789ABCDEF"
COMMENT = b"UNICODE\0" + "花 Steps: 20".encode("utf-16-be")
EXIF = exif_block(
    [(0x010E, ASCII, b"a flower\0"), (0x0131, ASCII, b"abc")], [(0x9286, UNDEFINED, COMMENT)]
)
XMP = xmp_packet(
    "<dc:title><rdf:Alt><rdf:li>one</rdf:li></rdf:Alt></dc:title>",
    f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{GUID}"',
).encode()
STORE = c2pa_store(b"claims" * 20)
RESOURCES = photoshop_resource(0x0404, iptc_block([(2, 110, b"someone")]))

PNG_MARKS = [
    png_text("parameters", "Steps: 20"),
    png_text("prompt", "{}", "zTXt"),
    png_text("Comment", "花", "iTXt+"),
    png_text("XML:com.adobe.xmp", XMP, "iTXt"),
    png_chunk(b"eXIf", EXIF),
    png_profile("iptc", RESOURCES),
    png_chunk(b"caBX", STORE),
]
JPEG_MARKS = [
    jpeg_segment(0xFE, b"comment"),
    jpeg_exif(EXIF),
    jpeg_xmp(XMP),
    jpeg_more_xmp(GUID, XMP, 0, 200),
    jpeg_more_xmp(GUID, XMP, 200, len(XMP)),
    jpeg_segment(0xED, PHOTOSHOP + RESOURCES[:20]),
    jpeg_segment(0xED, PHOTOSHOP + RESOURCES[20:]),
    *jpeg_c2pa(STORE, 60),
]
WEBP_MARKS = [riff_chunk(b"EXIF", EXIF), riff_chunk(b"XMP ", XMP), riff_chunk(b"C2PA", STORE)]
GIF_MARKS = [
    gif_comment(b"comment" * 50),
    gif_application(b"XMP DataXMP", XMP + GIF_XMP_END),
    gif_application(b"C2PA_GIF\1\0\0", gif_chain(STORE)),
]
AVIF_ITEMS = [exif_item(EXIF), xmp_item(XMP)]
TIFF_FIELDS = [
    (256, SHORT, struct.pack("<H", 16)),
    (257, SHORT, struct.pack("<H", 12)),
    (0x010E, ASCII, b"a flower\0"),
    (0x0131, ASCII, b"abc"),
    (700, BYTE, XMP),
    (33723, UNDEFINED, iptc_block([(2, 110, b"someone")])),
    (0xCD41, UNDEFINED, STORE),
]
FULL = {
    "PNG": png_with(PNG_MARKS),
    "JPEG": jpeg_with(JPEG_MARKS),
    "WEBP": webp_with(WEBP_MARKS),
    "GIF": gif_with(GIF_MARKS),
    "AVIF": avif_with(AVIF_ITEMS, [c2pa_uuid(STORE)]),
    "AVIF in pieces": avif_with(AVIF_ITEMS, [c2pa_uuid(STORE)], in_idat=True, extents=5),
    "TIFF": exif_block(TIFF_FIELDS, [(0x9286, UNDEFINED, COMMENT)]),
}
PLAIN = {form: saved(form) for form in ("PNG", "JPEG", "WEBP", "GIF", "AVIF")}
LOOSE = {
    "PNG": b"".join(PNG_MARKS),
    "JPEG": b"".join(JPEG_MARKS),
    "WEBP": b"".join(WEBP_MARKS),
    "GIF": b"".join(GIF_MARKS),
    "AVIF": c2pa_uuid(STORE) + FULL["AVIF"][FULL["AVIF"].rindex(b"meta") - 4 :],
}


def places(marks: Marks) -> Iterator[Location]:
    for kind in (marks.texts, marks.exif, marks.xmp, marks.iptc):
        yield from (found.place for found in kind)
    if marks.c2pa is not None:
        yield marks.c2pa
    if marks.trailer is not None:
        yield marks.trailer


def check(data: bytes, limits: Limits = DEFAULT) -> Marks:
    """Whatever the bytes are: an answer within its bounds, with places within the file."""
    marks = survey(data, limits)
    for place in places(marks):
        assert 0 <= place.start <= place.end <= len(data)
        assert place.path
    assert len(marks.damage) <= 51
    fields = len(marks.exif) + len(marks.xmp) + len(marks.iptc)
    assert fields <= limits.fields
    assert all(len(text.text.encode()) <= 2 * limits.text for text in marks.texts)
    assert sum(len(field.raw) for field in marks.exif) <= limits.inflated
    if marks.trailer is not None:
        assert marks.trailer.start < marks.trailer.end == len(data)
    return marks


def is_empty(marks: Marks) -> bool:
    return not (marks.texts or marks.exif or marks.xmp or marks.iptc or marks.c2pa)


@pytest.mark.parametrize("name", FULL)
def test_every_carrier_of_a_full_file_is_read(name: str) -> None:
    marks = check(FULL[name])
    assert marks.format == name.split()[0]
    assert marks.damage == ()
    assert marks.trailer is None
    assert marks.c2pa is not None
    assert [p.value for p in marks.xmp if p.name == "title"]
    if marks.format != "GIF":
        assert [field.text for field in marks.exif] == ["a flower", "abc", "花 Steps: 20"]
    if marks.format in ("PNG", "JPEG", "TIFF"):
        assert [field.text for field in marks.iptc] == ["someone"]
    if marks.format in ("PNG", "GIF", "TIFF"):
        assert [p.value for p in marks.xmp] == [GUID, "one"]
    if marks.format == "JPEG":
        assert [p.value for p in marks.xmp] == [GUID, "one"] * 2


@pytest.mark.parametrize("form", PLAIN)
def test_a_picture_without_marks_gives_none(form: str) -> None:
    assert check(PLAIN[form]) == Marks(format=form)


@pytest.mark.parametrize(
    "data", [b"", EXIF[4:], XMP, STORE, b"RIFF\4\0\0\0WAVE", b"BM" + bytes(60)]
)
def test_another_container_is_not_read(data: bytes) -> None:
    assert survey(data) == Marks(format="")


@pytest.mark.parametrize("marks_of", LOOSE)
@pytest.mark.parametrize("form", PLAIN)
def test_marks_behind_the_end_are_a_trailer_and_no_more(form: str, marks_of: str) -> None:
    loose = LOOSE[marks_of]
    if form == marks_of == "AVIF":
        return  # a file of boxes has no end: a box that is appended is a part of it
    marks = check(PLAIN[form] + loose)
    assert is_empty(marks)
    assert marks.trailer is not None
    if form != "AVIF":  # which takes loose chunks of PNG for boxes of a type unknown to it
        assert marks.trailer.start == len(PLAIN[form])


@pytest.mark.parametrize("form", PLAIN)
def test_a_whole_file_behind_the_end_is_a_trailer_and_no_more(form: str) -> None:
    for other in FULL.values():
        if other[4:8] != b"ftyp":
            assert is_empty(check(PLAIN[form] + other))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_a_block_of_samsungs_behind_the_end_is_told_and_not_read(form: str) -> None:
    """Laid out as phones write it: an entry, the directory SEFH of it, and the end SEFT."""
    entry = b"\0\0\x91\r" + struct.pack("<I", 8) + b'PEg_Info{"genAIType":8}'
    head = struct.pack("<II", 107, 1) + entry[:4] + struct.pack("<II", len(entry), len(entry))
    block = entry + b"SEFH" + head + struct.pack("<I", 4 + len(head)) + b"SEFT"
    marks = check(PLAIN[form] + block)
    assert is_empty(marks)
    assert marks.trailer is not None
    assert marks.trailer.start == len(PLAIN[form])


@pytest.mark.parametrize("form", PLAIN)
def test_marks_before_the_beginning_are_not_seen(form: str) -> None:
    marks = check(LOOSE[form] + PLAIN[form])
    assert is_empty(marks)
    assert marks.format == ""


def _hidden(form: str, loose: bytes) -> bytes:
    """A file of that format with the marks within the data of something else."""
    if form == "PNG":
        return png_with([png_chunk(b"teSt", loose)], [png_chunk(b"iCCP", loose)])
    if form == "JPEG":
        other = [jpeg_segment(code, loose) for code in (0xE0, 0xE2, 0xEF, 0xED, 0xEB, 0xE1)]
        return jpeg_with(other)
    if form == "WEBP":
        return webp_with([riff_chunk(b"ICCP", loose), riff_chunk(b"ANMF", loose)])
    if form == "GIF":
        return gif_with([gif_application(b"ICCRGBG1012", gif_chain(loose))])
    return avif_with([(b"mime\0text/plain\0", loose), (b"Else\0", loose)])


@pytest.mark.parametrize("marks_of", LOOSE)
@pytest.mark.parametrize("form", PLAIN)
def test_marks_within_the_data_of_something_else_are_not_seen(form: str, marks_of: str) -> None:
    marks = check(_hidden(form, LOOSE[marks_of]))
    assert is_empty(marks)
    assert marks.damage == ()


def test_damage_is_bounded() -> None:
    marks = check(png_with([png_text("", "no keyword")] * 1000))
    assert len(marks.damage) == 51
    assert marks.damage[-1] == "More of the file was left out than is listed here."


SMALL = Limits(blocks=50, text=300, inflated=600, depth=8, fields=12)


@pytest.mark.parametrize("name", FULL)
def test_small_limits_hold(name: str) -> None:
    marks = check(FULL[name], SMALL)
    assert marks.damage


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([data[:12] for data in FULL.values()]))
def test_random_bytes_never_raise(data: bytes, head: bytes) -> None:
    check(data)
    check(head + data)
    check(PLAIN["PNG"][:33] + data)
    check(png_with([png_chunk(b"eXIf", data), png_text("XML:com.adobe.xmp", data)]))
    check(png_with([png_profile("iptc", data), png_chunk(b"zTXt", data)]))
    check(png_with([png_chunk(b"eXIf", b"II*\0" + data), png_chunk(b"iTXt", data)]))
    check(jpeg_with([jpeg_segment(0xED, PHOTOSHOP + data), jpeg_exif(data), jpeg_xmp(data)]))
    check(jpeg_with([jpeg_segment(0xEB, b"JP" + data), jpeg_segment(0xE1, data)]))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_files_never_raise(data: st.DataObject) -> None:
    raw = bytearray(FULL[data.draw(st.sampled_from(sorted(FULL)))])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        new = data.draw(st.sampled_from([b"", b"\0", b"\xff", b"\xff" * 4, b"\x7f\xff\xff\xff"]))
        raw[at : at + data.draw(st.integers(0, 4))] = new
    check(bytes(raw))
    check(bytes(raw), SMALL)


@pytest.mark.parametrize("name", FULL)
def test_a_file_cut_anywhere_never_raises(name: str) -> None:
    whole = FULL[name]
    for end in range(0, len(whole), 3):
        check(whole[:end])


@pytest.mark.parametrize("name", FULL)
def test_every_byte_changed_never_raises(name: str) -> None:
    dice = random.Random(0)
    for at in range(len(FULL[name])):
        raw = bytearray(FULL[name])
        raw[at] = dice.randrange(256)
        check(bytes(raw))


# The shared files against what was read from their bytes by hand (MANIFEST.csv, verified_how).

_TEXT = re.compile(r"(tEXt|zTXt|iTXt)(?:\(after IDAT\))? ([^(]+)\((\d+)\)")
_FIELD = re.compile(r"EXIF(0?) 0x([0-9a-f]{4})(?:b'[^(]*')?\((\d+)\)")
_COMMENT = re.compile(r"EXIF UserComment UNICODE BE\((\d+)\)")
_PACKET = re.compile(r"(?<![:.\w])XMP\((\d+)\)")
_MARKED_TAGS = (0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x9286, 0x927C)


def _rows(shared: Path) -> Iterator[tuple[str, str, Marks]]:
    folder = shared / "fixtures"
    if not (folder / "MANIFEST.csv").exists():
        pytest.skip(f"needs the files with marks, and {folder} has none")
    with (folder / "MANIFEST.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            read = row["verified_how"].partition("own byte read: ")[2].partition(";")[0]
            yield row["file"], read, check((folder / row["file"]).read_bytes())


def test_texts_are_those_read_by_hand(shared: Path) -> None:
    checked = 0
    for name, read, marks in _rows(shared):
        expected = {
            (kind, key, int(size))
            for kind, key, size in _TEXT.findall(read)
            if key != "XML:com.adobe.xmp" and not key.startswith("Raw profile")
        }
        found = {(t.place.path.split()[1], t.key, len(t.text)) for t in marks.texts}
        assert expected <= found, name
        if marks.format == "PNG" and "after I" not in read:
            assert expected == found, name
        checked += len(expected)
    assert checked > 50


def test_exif_fields_are_those_read_by_hand(shared: Path) -> None:
    checked = 0
    for name, read, marks in _rows(shared):
        fields = {(field.directory, field.tag): field for field in marks.exif}
        for main, tag, size in _FIELD.findall(read):
            if tag == "a420":  # ImageUniqueID: no text of a maker's
                continue
            field = fields["0" if main else "exif", int(tag, 16)]
            if tag != "927c":  # a maker's note is no text
                raw = field.raw[8:] if tag == "9286" and not main else field.raw
                lengths = {len(field.text), len(raw), len(raw.rstrip(b"\0"))}
                assert int(size) in lengths, (name, tag, lengths)
            checked += 1
        for size in _COMMENT.findall(read):
            assert len(fields["exif", 0x9286].text) == int(size), name
            checked += 1
    assert checked > 70


def test_xmp_packets_are_those_read_by_hand(shared: Path) -> None:
    checked = 0
    for name, read, marks in _rows(shared):
        sizes = [int(size) for size in _PACKET.findall(read)]
        sizes += [int(n) for _, key, n in _TEXT.findall(read) if key == "XML:com.adobe.xmp"]
        assert bool(sizes) == bool(marks.xmp), name
        for size in sizes:
            spans = {p.place.end - p.place.start for p in marks.xmp}
            assert any(size <= span <= 1.1 * size + 80 for span in spans), name
            checked += 1
    assert checked > 15


def test_a_file_that_held_nothing_gives_nothing(shared: Path) -> None:
    for name, read, marks in _rows(shared):
        if read.startswith("no text chunk"):
            assert marks.texts == (), name
            assert marks.xmp == (), name
            assert not [f for f in marks.exif if f.tag in _MARKED_TAGS and f.text], name
            assert marks.trailer is None, name


def test_stores_and_trailers_are_those_read_by_hand(shared: Path) -> None:
    for name, read, marks in _rows(shared):
        embedded = name.startswith(("c2pa_", "ctl_c2pa_")) and not any(
            word in name for word in ("remote", "none")
        )
        assert (marks.c2pa is not None) == embedded, name
        for size in re.findall(r"caBX(?:\(after IDAT\))? (\d+)", read):
            assert marks.c2pa is not None
            assert marks.c2pa.end - marks.c2pa.start == int(size) + 12, name
        for size in re.findall(r"trailer (\d+)", read):
            assert marks.trailer is not None
            assert marks.trailer.end - marks.trailer.start == int(size), name


def test_no_shared_file_is_called_damaged(shared: Path) -> None:
    for name, _, marks in _rows(shared):
        assert marks.damage == (), name


def test_iptc_of_a_shared_file(shared: Path) -> None:
    found = {name: marks.iptc for name, _, marks in _rows(shared)}["ctl_iptc_iim.jpg"]
    assert (2, 120, "A witty caption") in [(f.record, f.dataset, f.text) for f in found]
