"""Draw Things: XMP with its name as CreatorTool and JSON in ``exif:UserComment``."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.claim import Claim
from tegaki.provenance.evidence import Evidence
from tegaki.provenance.generation import Generation, details_of
from tegaki.provenance.jsontext import as_seed, as_text, parsed_object

_XMP = "http://ns.adobe.com/xap/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"


def find(evidence: Evidence) -> Iterator[Claim]:
    made_by = [p for p in evidence.xmp(_XMP, "CreatorTool") if p.value == "Draw Things"]
    if not made_by:
        return
    for found in evidence.xmp(_EXIF, "UserComment"):
        said = parsed_object(found.value)
        if said is None or not {"model", "sampler", "seed"} & said.keys():
            continue
        yield Generation(
            prompt=as_text(said.get("c")),
            negative_prompt=as_text(said.get("uc")),
            model=as_text(said.get("model")),
            seed=as_seed(said.get("seed")),
            sampler=as_text(said.get("sampler")),
            details=details_of(said, ("steps", "scale", "size", "strength")),
        ).claim("Draw Things", "Draw Things parameters", found.place)
        return
    yield Generation().claim(
        "Draw Things", "XMP CreatorTool", made_by[0].place, strength="hint",
        note="Only the program's name is there, not what it did.",
    )  # fmt: skip
