"""Labels that are not one tool's: what stands beside them says how much they are worth."""

from __future__ import annotations

import pytest

from tegaki.claim import Claim
from tegaki.provenance import read
from tests.provenance.bytes_made import (
    PHOTOSHOP,
    iptc_block,
    jpeg_segment,
    jpeg_with,
    jpeg_xmp,
    photoshop_resource,
    xmp_packet,
)

CREDIT = "Made with Google AI"
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


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


def test_a_camera_beside_it_leaves_it_a_hint() -> None:
    claims = labelled("digitalCapture", credit=CREDIT)
    assert [(c.kind, c.strength) for c in claims] == [("generated", "hint"), ("camera", "declared")]
