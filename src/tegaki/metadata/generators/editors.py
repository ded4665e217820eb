"""Marks of programs that people make pictures with, and of cameras: never proof of a person.

They are text that anyone can write, and a program that a person uses may have saved what a
generator made (several such files are among the test pictures).
"""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.results.claim import Claim, Location

_XMP = "http://ns.adobe.com/xap/1.0/"
_EDITORS = {
    "clip studio paint": "Clip Studio Paint",
    "painttool sai": "PaintTool SAI",
    "paint tool -sai-": "PaintTool SAI",
    "adobe photoshop": "Adobe Photoshop",
    "adobe imageready": "Adobe ImageReady",
    "adobe illustrator": "Adobe Illustrator",
    "gimp": "GIMP",
    "created with gimp": "GIMP",
    "krita": "Krita",
    "procreate": "Procreate",
    "medibang": "MediBang Paint",
    "ibispaint": "ibisPaint",
    "ibis paint": "ibisPaint",
    "affinity": "Affinity",
    "paint.net": "Paint.NET",
    "aseprite": "Aseprite",
    "firealpaca": "FireAlpaca",
    "canva": "Canva",
    "opencanvas": "openCanvas",
    "corel painter": "Corel Painter",
}
"""What a text begins with, in lower case, and the program's name."""
_NOTE = (
    "A program that people make or edit pictures with wrote this; it may have saved any picture."
)
_CAMERA_NOTE = "Text that a camera writes, and anyone else can."


def find(evidence: Evidence) -> Iterator[Claim]:
    seen: set[str] = set()
    for text, carrier, place in _named(evidence):
        tool = _editor(text)
        if tool is not None and tool not in seen:
            seen.add(tool)
            yield Claim(tool, carrier, "human-editor", "declared", place, _NOTE)
    make, model = evidence.exif("Make"), evidence.exif("Model")
    if make and model and _is_name(make[0].text, model[0].text):
        name = model[0].text.strip()
        tool = name if name.startswith(make[0].text.strip()) else f"{make[0].text.strip()} {name}"
        yield Claim(tool, "EXIF", "camera", "declared", make[0].place, _CAMERA_NOTE)


def _named(evidence: Evidence) -> Iterator[tuple[str, str, Location]]:
    for candidate in evidence.exif("Software", "MakerNote"):
        yield candidate.text, f"EXIF {candidate.key}", candidate.place
    for candidate in evidence.texts("Software", "Comment", "comment"):
        yield candidate.text, f"{candidate.key} text", candidate.place
    for found in evidence.xmp(_XMP, "CreatorTool"):
        yield found.value, "XMP CreatorTool", found.place


def _editor(text: str) -> str | None:
    start = text[:40].strip().lower()
    return next((name for words, name in _EDITORS.items() if start.startswith(words)), None)


def _is_name(*texts: str) -> bool:
    return all(0 < len(text.strip()) <= 64 and text.isprintable() and not set("{}:") & set(text)
               for text in texts)  # fmt: skip
