"""Labels that are not one tool's: IPTC's DigitalSourceType and AI fields, Google's credit, China's
AIGC label.

AIGC: GB 45438-2025, annex E.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.names import known_name
from tegaki.metadata.marks import Property
from tegaki.metadata.parsers.source_types import SOURCE_KINDS, TRAINED, code_of
from tegaki.results.claim import AI, UNSTATED, Claim, Kind, Location, Strength

IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_META = "adobe:ns:meta/"  # the packet's own attributes
_XMP = "http://ns.adobe.com/xap/1.0/"
_TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
_CREDIT = (2, 110)  # IPTC-IIM 4.2, section 6: Credit
GOOGLE_CREDITS: dict[str, Kind] = {
    "Made with Google AI": "generated",
    "Edited with Google AI": "edited-with-ai",
}
_CREDIT_NOTE = "A credit line alone, which anyone can type; Google writes a source type with it."

_SYSTEM_NOTE = "The fields for a generator are filled in, and no source type says what it did."
_LONGEST_SYSTEM = 60
_LABEL_FIELDS = {"ContentProducer", "ProduceID", "ContentPropagator", "PropagateID"}
"""Of these a label has one: other programs' objects may have a "Label" too."""
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
    yield from _system(evidence)
    yield from _aigc(evidence)


def _google(evidence: Evidence) -> Iterator[Claim]:
    """The credit line alone; a source type beside it says more, and what was done."""
    credit = _google_credit(evidence)
    kinds = {SOURCE_KINDS.get(code_of(p.value)) for p in _source_types(evidence)}
    if credit is not None and kinds.isdisjoint(AI):
        kind, place = credit
        yield Claim("Google", "credit line", kind, "hint", place, _CREDIT_NOTE)


def _google_credit(evidence: Evidence) -> tuple[Kind, Location] | None:
    """What the first credit line of Google's says, and where it stands."""
    credits = [(p.value, p.place) for p in evidence.xmp(_PHOTOSHOP, "Credit")]
    credits += [(field.text, field.place) for field in evidence.iptc(*_CREDIT)]
    found = ((GOOGLE_CREDITS[t.strip()], at) for t, at in credits if t.strip() in GOOGLE_CREDITS)
    return next(found, None)


def _source_types(evidence: Evidence) -> list[Property]:
    return evidence.xmp(IPTC_EXT, "DigitalSourceType")


def _types(evidence: Evidence) -> Iterator[Claim]:
    if is_midjourneys(evidence):
        return  # read there
    credit = _google_credit(evidence)
    creator = [p.value for p in evidence.xmp(_XMP, "CreatorTool")]
    system = System.of(evidence)
    for found in _source_types(evidence):
        kind = SOURCE_KINDS.get(code_of(found.value))
        if kind is not None:
            shown = (("CreatorTool", creator[0]),) if creator else ()
            of_ai = kind in AI
            if credit is not None and kind == "generated":
                kind = credit[0]  # an edit may be all that the model made
            tool = "Google" if credit else system.tool if system else UNSTATED
            yield Claim(
                tool if of_ai else UNSTATED, "IPTC DigitalSourceType", kind, "declared",
                found.place, details=shown,
                model=system.model if system and of_ai else None,
                prompt=system.prompt if system and of_ai else None,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class System:
    """What the fields of IPTC 2025.1 say of the generator."""

    name: str
    model: str | None
    prompt: str | None
    place: Location

    @property
    def tool(self) -> str:
        """The tool as people call it, or by the name that stands there."""
        return known_name(self.name) or (self.name if self.name.isprintable() else "") or UNSTATED

    @classmethod
    def of(cls, evidence: Evidence) -> System | None:
        """``None`` without a generator's name and a prompt."""
        fields = {
            name: found
            for name in ("AISystemUsed", "AISystemVersionUsed", "AIPromptInformation")
            for found in evidence.xmp(IPTC_EXT, name)[:1]
            if found.value
        }
        system, prompt = fields.get("AISystemUsed"), fields.get("AIPromptInformation")
        first = system or prompt
        if first is None:
            return None
        version = fields.get("AISystemVersionUsed")
        words = [found.value for found in (system, version) if found is not None]
        return cls(
            system.value[:_LONGEST_SYSTEM] if system else "",
            " ".join(words) if version else None,
            prompt.value if prompt else None,
            first.place,
        )


def _system(evidence: Evidence) -> Iterator[Claim]:
    """IPTC 2025.1: the system and the prompt, where no source type says what they were used for.

    A type that leaves open whether AI was used (an enhancement, a composite) makes it an edit.
    """
    system, types = System.of(evidence), _source_types(evidence)
    if system is None or any(code_of(p.value) in SOURCE_KINDS for p in types):
        return
    kind: Kind = "edited-with-ai" if types else "generated"
    yield Claim(
        system.tool, "IPTC AI fields", kind, "hint", system.place, _SYSTEM_NOTE,
        model=system.model, prompt=system.prompt,
    )  # fmt: skip


def _aigc(evidence: Evidence) -> Iterator[Claim]:
    """The label by its own name, or in UserComment, which the guide to the standard names; each
    also within the outer object that the standard's example has."""
    labels = [(p.value, p.place) for p in evidence.xmp(_TC260, "AIGC")]
    labels += [(c.text, c.place) for c in evidence.texts("AIGC")]
    for text, place in labels:
        parameters = _label(evidence.parsed(text, place), evidence, place)
        claim = _labelled(parameters, place)
        if claim is not None:
            yield claim
    for candidate in evidence.exif("UserComment"):
        parameters = _label(candidate.json, evidence, candidate.place)
        claim = (
            _labelled(parameters, candidate.place) if _LABEL_FIELDS & parameters.keys() else None
        )
        if claim is not None:
            yield claim


def _label(plain: Any, evidence: Evidence, place: Location) -> dict[str, Any]:
    """The object with the label, out of its outer object where it stands in one."""
    if not isinstance(plain, dict):
        return {}
    return evidence.inner_object(plain.get("AIGC"), place) or plain


def _labelled(parameters: dict[str, Any], place: Location) -> Claim | None:
    strengths: dict[str, Strength] = {"1": "declared", "2": "hint", "3": "hint"}
    strength = strengths.get(str(parameters.get("Label")))
    if strength is None:
        return None
    producer = str(parameters.get("ContentProducer", ""))
    tool = next((name for start, name in _PRODUCERS.items() if producer.startswith(start)), None)
    note = "" if strength == "declared" else "The label says possible or suspected, not certain."
    shown = tuple(
        (n, str(parameters[n])) for n in ("ContentProducer", "ProduceID") if parameters.get(n)
    )
    return Claim(tool or UNSTATED, "AIGC label", "generated", strength, place, note, details=shown)
