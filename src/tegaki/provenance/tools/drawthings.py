"""Draw Things: XMP with its name as CreatorTool and JSON in ``exif:UserComment``."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.claim import Claim
from tegaki.provenance.evidence import Evidence
from tegaki.provenance.generation import Generation, details_of
from tegaki.provenance.jsontext import as_seed, as_text

_XMP = "http://ns.adobe.com/xap/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"


def find(evidence: Evidence) -> Iterator[Claim]:
    if not any(p.value == "Draw Things" for p in evidence.xmp(_XMP, "CreatorTool")):
        return
    for found in evidence.xmp(_EXIF, "UserComment"):
        said = evidence.parsed(found.value, found.place)
        if not isinstance(said, dict) or not {"model", "sampler", "seed"} & said.keys():
            continue
        strength = said.get("strength")
        yield Generation(
            prompt=as_text(said.get("c")),
            negative_prompt=as_text(said.get("uc")),
            model=as_text(said.get("model")),
            seed=as_seed(said.get("seed")),
            sampler=as_text(said.get("sampler")),
            details=details_of(said, ("steps", "scale", "size", "strength")),
            # Below 1, some of the picture on the canvas is left.
            from_picture=isinstance(strength, int | float) and strength < 1,
        ).claim("Draw Things", "Draw Things parameters", found.place)
        return
