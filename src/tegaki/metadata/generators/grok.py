"""xAI Grok: an EXIF signature whose key is not public, and an id as Artist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.results.claim import Claim

_SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/]{80,2000}={0,2}\Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def find(evidence: Evidence) -> Iterator[Claim]:
    artist = any(_UUID.match(c.text) for c in evidence.exif("Artist"))
    signed = [
        c for c in evidence.exif("ImageDescription", "UserComment") if _SIGNATURE.match(c.text)
    ]
    if artist and signed:
        yield Generation().claim(
            "xAI Grok", "Grok signature", signed[0].place, strength="hint",
            note="It has the form of Grok's signature; the key that would check it is not public.",
        )  # fmt: skip
