"""Photoshop's history: laid out as XMP part 2 and Photoshop's history log have it."""

from __future__ import annotations

import time

import pytest

from tegaki.metadata import read
from tegaki.results.claim import Claim
from tests.metadata.bytes_made import jpeg_with, jpeg_xmp, png_text, png_with, xmp_packet

NAMES = (
    'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)
PHOTOSHOP = '<rdf:li stEvt:action="saved" stEvt:softwareAgent="Adobe Photoshop 26.0 (Windows)"/>'
FIREFLY = '<rdf:li stEvt:action="edited" stEvt:softwareAgent="Adobe Firefly"/>'
ELEMENT = (
    '<rdf:li rdf:parseType="Resource"><stEvt:action>edited</stEvt:action>'
    "<stEvt:softwareAgent>Adobe Firefly 1.0</stEvt:softwareAgent></rdf:li>"
)


def claims(inner: str) -> list[Claim]:
    return read(jpeg_with([jpeg_xmp(xmp_packet(inner, NAMES).encode())]))


def history(*events: str) -> str:
    return f"<xmpMM:History><rdf:Seq>{''.join(events)}</rdf:Seq></xmpMM:History>"


def log(*lines: str) -> str:
    text = "&#xA;".join(("2026-02-03T10:11:12+01:00\tFile a.psd opened", *lines))
    return f"<photoshop:History>{text}</photoshop:History>"


@pytest.mark.parametrize("event", [FIREFLY, ELEMENT])
def test_a_step_of_firefly_is_a_hint(event: str) -> None:
    (claim,) = claims(history(PHOTOSHOP, event, event, PHOTOSHOP))
    assert (claim.tool, claim.kind, claim.strength) == ("Adobe Firefly", "edited-with-ai", "hint")


def test_other_programs_in_a_history_are_no_mark() -> None:
    other = PHOTOSHOP.replace("Adobe Photoshop 26.0", "a friend of Adobe Firefly")
    assert claims(history(PHOTOSHOP, other)) == []


def test_the_history_of_an_ingredient_is_not_the_pictures() -> None:
    inner = f'<rdf:li rdf:parseType="Resource">{history(FIREFLY)}</rdf:li>'
    assert claims(f"<xmpMM:Ingredients><rdf:Bag>{inner}</rdf:Bag></xmpMM:Ingredients>") == []


@pytest.mark.parametrize(
    "command", ["Generative Fill", "Generative Expand", "Generate Image", "Generate Background"]
)
def test_a_generative_command_of_the_log_is_a_hint(command: str) -> None:
    (claim,) = claims(log("Crop", f"\t{command}", "Brush Tool"))
    assert (claim.tool, claim.kind, claim.strength) == ("Adobe Photoshop", "edited-with-ai", "hint")
    assert claim.details == (("command", command),)


def test_words_of_a_layer_or_of_a_file_are_no_command() -> None:
    assert claims(log('Set text to "Generative Fill"', "File Generative Fill.psd opened")) == []


def test_a_long_log_of_nothing_takes_no_time() -> None:
    packet = xmp_packet(f"<photoshop:History>a{chr(10) * 3_000_000}b</photoshop:History>", NAMES)
    started = time.process_time()
    assert read(png_with([png_text("XML:com.adobe.xmp", packet, "iTXt")])) == []
    assert time.process_time() - started < 5
