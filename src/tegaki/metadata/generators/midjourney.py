"""Midjourney: a PNG Description with a job's id; an XMP packet of two properties."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.generators.labels import IPTC_EXT, is_midjourneys
from tegaki.metadata.parsers.json_text import as_seed
from tegaki.metadata.parsers.source_types import TRAINED, code_of
from tegaki.results.claim import Claim

_JOB = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\s*\Z")
_PICTURE = re.compile(r"(?:\A|\s--(?:cref|iw|oref|sref)\s(?:[^-]|-(?!-))*?)<?https?://")
"""Addresses of pictures stand before the words, and behind some flags, which may take several; a
style may be named by its number too (docs.midjourney.com, "Image Prompts")."""
_FLAG = re.compile(r"\s--(?P<name>[a-z]+)(?:\s+(?P<value>[^\s-]\S*))?")


def find(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.texts("Description"):
        job = _JOB.search(candidate.text)
        if job is not None:
            yield _generation(candidate.text[: job.start()]).claim(
                "Midjourney", "Midjourney description", candidate.place
            )
    if is_midjourneys(evidence):
        types = evidence.xmp(IPTC_EXT, "DigitalSourceType")
        trained = next(p for p in types if code_of(p.value) == TRAINED)
        yield Generation().claim(
            "Midjourney", "IPTC DigitalSourceType", trained.place,
            note="Probably Midjourney: it writes just these two XMP properties.",
        )  # fmt: skip


def _generation(text: str) -> Generation:
    flags = {f["name"]: f["value"] or "" for f in _FLAG.finditer(text)}
    first = _FLAG.search(text)
    version = flags.get("niji") if "niji" in flags else flags.get("v") or flags.get("version")
    model = None
    if "niji" in flags:
        model = f"niji {version}".strip()
    elif version:
        model = f"v {version}"
    return Generation(
        prompt=(text[: first.start()] if first else text).strip() or None,
        negative_prompt=flags.get("no") or None,
        model=model,
        seed=as_seed(flags.get("seed")),
        details=tuple(
            (name, flags[name]) for name in ("ar", "stylize", "chaos") if flags.get(name)
        ),
        from_picture=bool(_PICTURE.search(text)),
    )
