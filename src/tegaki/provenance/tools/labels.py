"""Labels that are not one tool's: IPTC's DigitalSourceType, Google's credit, China's AIGC label.

AIGC: GB 45438-2025, annex E.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegaki.claim import AI, UNSTATED, Claim, Place, Strength
from tegaki.provenance.evidence import Evidence
from tegaki.provenance.marks import Property
from tegaki.provenance.sourcetypes import SOURCE_KINDS, TRAINED, code_of

IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_META = "adobe:ns:meta/"  # the packet's own attributes
_XMP = "http://ns.adobe.com/xap/1.0/"
_TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
_CREDIT = (2, 110)  # IPTC-IIM 4.2, section 6: Credit
GOOGLE_CREDIT = "Made with Google AI"
_CREDIT_NOTE = "A credit line alone, which anyone can type; Google writes a source type with it."

_PRODUCERS = {"001191110102MACQD9K64": "Doubao"}
"""The first characters of a ContentProducer's number, and whose it is."""


def is_midjourneys(evidence: Evidence) -> bool:
    """Whether an XMP packet holds the two properties that Midjourney writes, and no more."""
    names = {p.name for p in evidence.properties if p.namespace != _META}
    trained = any(code_of(p.value) == TRAINED for p in _source_types(evidence))
    return trained and names == {"DigImageGUID", "DigitalSourceType"}


def find(evidence: Evidence) -> Iterator[Claim]:
    yield from _google(evidence)
    yield from _types(evidence)
    yield from _aigc(evidence)


def _google(evidence: Evidence) -> Iterator[Claim]:
    """The credit line alone; a source type beside it says more, and what was done."""
    credit = _google_credit(evidence)
    kinds = {SOURCE_KINDS.get(code_of(p.value)) for p in _source_types(evidence)}
    if credit is not None and kinds.isdisjoint(AI):
        yield Claim("Google", "credit line", "generated", "hint", credit, _CREDIT_NOTE)


def _google_credit(evidence: Evidence) -> Place | None:
    credits = [(p.value, p.place) for p in evidence.xmp(_PHOTOSHOP, "Credit")]
    for field in evidence.marks.iptc:
        if (field.record, field.dataset) == _CREDIT:
            credits.append((field.text, field.place))
    return next((place for text, place in credits if text == GOOGLE_CREDIT), None)


def _source_types(evidence: Evidence) -> list[Property]:
    return evidence.xmp(IPTC_EXT, "DigitalSourceType")


def _types(evidence: Evidence) -> Iterator[Claim]:
    if is_midjourneys(evidence):
        return  # read there
    credited = _google_credit(evidence) is not None
    creator = [p.value for p in evidence.xmp(_XMP, "CreatorTool")]
    for found in _source_types(evidence):
        kind = SOURCE_KINDS.get(code_of(found.value))
        if kind is not None:
            tool = "Google" if credited and kind in AI else UNSTATED
            shown = (("CreatorTool", creator[0]),) if creator else ()
            yield Claim(
                tool, "IPTC DigitalSourceType", kind, "declared", found.place, details=shown
            )


def _aigc(evidence: Evidence) -> Iterator[Claim]:
    labels = [(p.value, p.place) for p in evidence.xmp(_TC260, "AIGC")]
    labels += [(c.text, c.place) for c in evidence.texts("AIGC")]
    for text, place in labels:
        said = evidence.parsed(text, place)
        claim = _labelled(said, place) if isinstance(said, dict) else None
        if claim is not None:
            yield claim


def _labelled(said: dict[str, Any], place: Place) -> Claim | None:
    strengths: dict[str, Strength] = {"1": "declared", "2": "hint", "3": "hint"}
    strength = strengths.get(str(said.get("Label")))
    if strength is None:
        return None
    producer = str(said.get("ContentProducer", ""))
    tool = next((name for start, name in _PRODUCERS.items() if producer.startswith(start)), None)
    note = "" if strength == "declared" else "The label says possible or suspected, not certain."
    shown = tuple((n, str(said[n])) for n in ("ContentProducer", "ProduceID") if said.get(n))
    return Claim(tool or UNSTATED, "AIGC label", "generated", strength, place, note, details=shown)
