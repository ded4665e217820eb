"""IPTC-IIM datasets, bare and in Photoshop's resources."""

from __future__ import annotations

import struct

import pytest

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import Marks
from tests.metadata.bytes_made import (
    PHOTOSHOP,
    iptc_block,
    jpeg_segment,
    jpeg_with,
    photoshop_resource,
    png_profile,
    png_with,
)


def in_jpeg(content: bytes, limits: Limits | None = None) -> Marks:
    data = jpeg_with([jpeg_segment(0xED, PHOTOSHOP + content)])
    return survey(data) if limits is None else survey(data, limits)


def fields(marks: Marks) -> list[tuple[int, int, str]]:
    return [(field.record, field.dataset, field.text) for field in marks.iptc]


DATASETS = iptc_block([(1, 90, b"\x1b%G"), (2, 110, "Größe".encode()), (2, 25, b"caf\xe9")])
READ = [(1, 90, "\x1b%G"), (2, 110, "Größe"), (2, 25, "café")]


def test_datasets_in_a_photoshop_resource() -> None:
    data = jpeg_with([jpeg_segment(0xED, PHOTOSHOP + photoshop_resource(0x0404, DATASETS))])
    marks = survey(data)
    assert fields(marks) == READ
    place = marks.iptc[1].place
    assert place.path == "JPEG APP13 IPTC 2:110"
    assert data[place.start : place.end] == iptc_block([(2, 110, "Größe".encode())])


def test_datasets_without_resources_in_a_raw_profile() -> None:
    assert fields(survey(png_with([png_profile("iptc", DATASETS)]))) == READ


@pytest.mark.parametrize("name", [b"", b"a", b"ab"])
def test_resources_with_names_and_odd_sizes_are_walked(name: bytes) -> None:
    content = photoshop_resource(0x03ED, b"odd", name) + photoshop_resource(0x0404, DATASETS, name)
    marks = in_jpeg(content)
    assert fields(marks) == READ
    assert marks.damage == ()


def test_a_resource_within_another_is_not_seen() -> None:
    inner = photoshop_resource(0x0404, DATASETS)
    assert in_jpeg(photoshop_resource(0x03ED, inner)).iptc == ()
    assert in_jpeg(b"\0\0" + inner).iptc == ()


def test_an_extended_length() -> None:
    long = b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 40_000) + b"x" * 40_000
    marks = in_jpeg(photoshop_resource(0x0404, long + iptc_block([(2, 110, b"me")])))
    assert fields(marks) == [(2, 120, "x" * 40_000), (2, 110, "me")]


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x1c\x02\x78\x00\xff" + b"short",
        b"\x1c\x02\x78\xff\xff" + bytes(20),
        b"\x1c\x02\x78\x80\x04\xff\xff\xff\xff",
        b"\x1c\x02\x78\x80\x08",
    ],
)
def test_a_dataset_past_the_end_is_left_out(wrong: bytes) -> None:
    marks = in_jpeg(photoshop_resource(0x0404, iptc_block([(2, 110, b"me")]) + wrong))
    assert fields(marks) == [(2, 110, "me")]
    assert len(marks.damage) == 1


def test_a_resource_past_the_end_is_left_out() -> None:
    lie = struct.pack(">4sHHI", b"8BIM", 0x0404, 0, 0x7FFFFFFF) + DATASETS
    marks = in_jpeg(lie)
    assert marks.iptc == ()
    assert len(marks.damage) == 1


@pytest.mark.parametrize("content", [b"", b"8BIM", b"8BIM\x04\x04", b"8BIM\x04\x04\xff" + bytes(9)])
def test_a_resource_that_is_cut_gives_nothing(content: bytes) -> None:
    assert in_jpeg(content).iptc == ()


def test_limits() -> None:
    many = photoshop_resource(0x0404, iptc_block([(2, 25, b"word")] * 50))
    assert len(in_jpeg(many, Limits(fields=10)).iptc) == 10
    long = photoshop_resource(0x0404, iptc_block([(2, 120, b"x" * 500), (2, 110, b"me")]))
    assert fields(in_jpeg(long, Limits(text=100))) == [(2, 110, "me")]
