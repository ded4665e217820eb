"""Labels that are not one tool's: what stands beside them says how much they are worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tegaki.metadata import read
from tegaki.results.claim import Claim
from tests.metadata.bytes_made import (
    PHOTOSHOP,
    UNDEFINED,
    avif_with,
    exif_block,
    exif_item,
    iptc_block,
    jpeg_exif,
    jpeg_segment,
    jpeg_with,
    jpeg_xmp,
    photoshop_resource,
    png_chunk,
    png_text,
    png_with,
    riff_chunk,
    webp_with,
    xmp_packet,
)

CREDIT = "Made with Google AI"
EDITED = "Edited with Google AI"
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

IPTC_EXT = 'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'


def labelled(type_code: str = "", credit: str = "", iptc_credit: str = "") -> list[Claim]:
    attributes = (
        'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    )
    if type_code:
        attributes += f' i:DigitalSourceType="{TYPES}{type_code}"'
    if credit:
        attributes += f' photoshop:Credit="{credit}"'
    segments = [jpeg_xmp(xmp_packet("", attributes).encode())]
    if iptc_credit:
        resource = photoshop_resource(0x0404, iptc_block([(2, 110, iptc_credit.encode())]))
        segments.append(jpeg_segment(0xED, PHOTOSHOP + resource))
    return read(jpeg_with(segments))


@pytest.mark.parametrize("field", ["credit", "iptc_credit"])
def test_a_credit_line_alone_is_a_hint(field: str) -> None:
    (claim,) = labelled(**{field: CREDIT})
    assert (claim.tool, claim.kind, claim.strength) == ("Google", "generated", "hint")
    assert labelled(**{field: f"not {CREDIT}"}) == []


@pytest.mark.parametrize("field", ["credit", "iptc_credit"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("trainedAlgorithmicMedia", "generated"),
        ("compositeWithTrainedAlgorithmicMedia", "edited-with-ai"),
    ],
)
def test_a_source_type_beside_it_says_what_was_done(field: str, code: str, kind: str) -> None:
    (claim,) = labelled(code, **{field: CREDIT})
    assert (claim.tool, claim.kind, claim.strength) == ("Google", kind, "declared")


@pytest.mark.parametrize("field", ["credit", "iptc_credit"])
def test_an_edit_is_credited_too(field: str) -> None:
    (claim,) = labelled(**{field: EDITED})
    assert (claim.tool, claim.kind, claim.strength) == ("Google", "edited-with-ai", "hint")
    (claim,) = labelled("compositeWithTrainedAlgorithmicMedia", **{field: EDITED})
    assert (claim.tool, claim.kind, claim.strength) == ("Google", "edited-with-ai", "declared")
    (claim,) = labelled("trainedAlgorithmicMedia", **{field: EDITED})
    assert (claim.tool, claim.kind, claim.strength) == ("Google", "edited-with-ai", "declared")
    assert labelled(**{field: f"{EDITED} and by hand"}) == []


def test_a_camera_beside_it_leaves_it_a_hint() -> None:
    claims = labelled("digitalCapture", credit=CREDIT)
    assert [(c.kind, c.strength) for c in claims] == [("generated", "hint"), ("camera", "declared")]


# ---- IPTC 2025.1 ---------------------------------------------------------------------------------


def with_system(**fields: str) -> list[Claim]:
    inner = "".join(f"<i:{name}>{value}</i:{name}>" for name, value in fields.items())
    return read(jpeg_with([jpeg_xmp(xmp_packet(inner, IPTC_EXT).encode())]))


@pytest.mark.parametrize(
    ("system", "tool"),
    [
        ("Stable Diffusion", "Stable Diffusion"), ("ChatGPT", "OpenAI"),
        ("Google Gemini", "Google"), ("Grok", "xAI Grok"), ("Acme Dream 3", "Acme Dream 3"),
    ],
)  # fmt: skip
def test_the_system_that_was_used_is_a_hint(system: str, tool: str) -> None:
    (claim,) = with_system(AISystemUsed=system, AIPromptInformation="a harbour")
    assert (claim.tool, claim.kind, claim.strength) == (tool, "generated", "hint")
    assert (claim.prompt, claim.model) == ("a harbour", None)
    (claim,) = with_system(AISystemUsed=system, AISystemVersionUsed="XL 1.0")
    assert claim.model == f"{system} XL 1.0"


def test_a_source_type_beside_a_system_says_what_it_did() -> None:
    for code, kind in (
        ("trainedAlgorithmicMedia", "generated"),
        ("compositeWithTrainedAlgorithmicMedia", "edited-with-ai"),
    ):
        (claim,) = with_system(AISystemUsed="ChatGPT", DigitalSourceType=TYPES + code)
        assert (claim.tool, claim.kind, claim.strength) == ("OpenAI", kind, "declared")
    open_type = TYPES + "algorithmicallyEnhanced"
    (claim,) = with_system(AISystemUsed="ChatGPT", DigitalSourceType=open_type)
    assert (claim.tool, claim.kind, claim.strength) == ("OpenAI", "edited-with-ai", "hint")
    (claim,) = with_system(AISystemUsed="ChatGPT", DigitalSourceType=TYPES + "digitalCapture")
    assert (claim.tool, claim.kind) == ("unstated", "camera")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"AISystemUsed": ""},
        {"AIPromptWriterName": "A. Writer"},
        {"AISystemVersionUsed": "3"},
        {"AltTextAccessibility": "ChatGPT"},
    ],
    ids=str,
)
def test_other_fields_name_no_system(fields: dict[str, str]) -> None:
    assert with_system(**fields) == []


# ---- China's label -------------------------------------------------------------------------------

INNER = {
    "Label": "1",
    "ContentProducer": "00119144030071526726XG20001",
    "ProduceID": "0f4c1d2e",
    "ReservedCode1": "",
}
COMMENTS: dict[str, Callable[[str], bytes]] = {
    "ASCII": lambda text: b"ASCII\0\0\0" + text.encode(),
    "UTF-16, big end first": lambda text: b"UNICODE\0" + text.encode("utf-16-be"),
    "UTF-16, little end first": lambda text: b"UNICODE\0" + text.encode("utf-16-le"),
    "no code": lambda text: bytes(8) + text.encode(),
}


def in_comment(code: str, plain: Any) -> bytes:
    raw = COMMENTS[code](plain if isinstance(plain, str) else json.dumps(plain))
    return exif_block([], [(0x9286, UNDEFINED, raw)])


FILES: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda block: jpeg_with([jpeg_exif(block)]),
    "WebP": lambda block: webp_with([riff_chunk(b"EXIF", block)]),
    "PNG": lambda block: png_with([png_chunk(b"eXIf", block)]),
    "AVIF": lambda block: avif_with([exif_item(block)]),
}


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("code", COMMENTS)
@pytest.mark.parametrize("plain", [INNER, {"AIGC": INNER}, {"AIGC": json.dumps(INNER)}], ids=str)
def test_the_label_may_stand_in_usercomment(form: str, code: str, plain: Any) -> None:
    (claim,) = read(FILES[form](in_comment(code, plain)))
    assert (claim.tool, claim.carrier) == ("unstated", "AIGC label")
    assert (claim.kind, claim.strength) == ("generated", "declared")
    assert dict(claim.details)["ContentProducer"] == INNER["ContentProducer"]


@pytest.mark.parametrize(
    ("label", "strength"), [("1", "declared"), (1, "declared"), ("2", "hint"), ("3", "hint")]
)
def test_what_is_only_suspected_is_a_hint(label: str | int, strength: str) -> None:
    plain = {"AIGC": INNER | {"Label": label}}
    (claim,) = read(FILES["JPEG"](in_comment("ASCII", plain)))
    assert (claim.kind, claim.strength) == ("generated", strength)


def test_the_outer_object_may_stand_in_xmp_and_png_text() -> None:
    plain = json.dumps({"AIGC": INNER})
    packet = xmp_packet(
        f"<t:AIGC>{escape(plain)}</t:AIGC>", 'xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/"'
    )
    for data in (
        jpeg_with([jpeg_xmp(packet.encode())]),
        png_with([png_text("XML:com.adobe.xmp", packet, "iTXt")]),
        png_with([png_text("AIGC", plain)]),
        png_with([png_text("AIGC", json.dumps(INNER))]),
    ):
        (claim,) = read(data)
        assert (claim.carrier, claim.strength) == ("AIGC label", "declared")
    doubao = {"AIGC": INNER | {"ContentProducer": "001191110102MACQD9K6410000"}}
    (claim,) = read(png_with([png_text("AIGC", json.dumps(doubao))]))
    assert claim.tool == "Doubao"


@pytest.mark.parametrize(
    "plain",
    [
        {"Label": "1"},
        {"Label": "1", "Colour": "red"},
        INNER | {"Label": "value1"},
        INNER | {"Label": "0"},
        INNER | {"Label": None},
        {"AIGC": INNER | {"Label": ""}},
        {"AIGC": "no"},
        {"AIGC": [INNER]},
        [INNER],
        "AIGC",
        "Label 1",
        '{"AIGC":',
    ],
    ids=str,
)
def test_what_is_no_label(plain: Any) -> None:
    assert read(FILES["JPEG"](in_comment("ASCII", plain))) == []
    if plain != {"Label": "1"} and plain != {"Label": "1", "Colour": "red"}:
        text = plain if isinstance(plain, str) else json.dumps(plain)
        assert read(png_with([png_text("AIGC", text)])) == []
