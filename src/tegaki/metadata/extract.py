"""From a file's bytes to its claims: every mark, those that say most first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tegaki.errors import MissingLibrary
from tegaki.formats import Structure
from tegaki.formats.tiff import TiffFile
from tegaki.metadata.c2pa import interpret, reader, remark
from tegaki.metadata.c2pa.trust import checked_anchors
from tegaki.metadata.containers.survey import survey
from tegaki.metadata.generators import (
    comfyui,
    drawthings,
    easydiffusion,
    editors,
    fields,
    fooocus,
    grok,
    invokeai,
    kobold,
    labels,
    midjourney,
    mochi,
    names,
    novelai,
    photoshop,
    services,
    spaces,
    swarmui,
    webui,
)
from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.marks import Marks
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.metadata.pixels.signature import Signatures
from tegaki.metadata.pixels.stealth import find_stealth
from tegaki.metadata.pixels.watermark import (
    find_watermark,
    is_large_enough,
    may_hold_watermark,
    rows_read,
)
from tegaki.results.claim import AI, EITHER, KINDS, STRENGTHS, Claim

_DCTERMS = "http://purl.org/dc/terms/"
_FIRST: tuple[Callable[[Evidence], Iterator[Claim]], ...] = (swarmui.find, invokeai.find)
_THEN: tuple[Callable[[Evidence], Iterator[Claim]], ...] = (
    services.find,
    fooocus.find,
    comfyui.find,
    webui.find,
    spaces.find,
    kobold.find,
    easydiffusion.find,
    fields.find,
    drawthings.find,
    mochi.find,
    midjourney.find,
    labels.find,
    grok.find,
    photoshop.find,
    editors.find,
)
"""Readers of texts, before and after NovelAI's. Where two programs wrote one file (SwarmUI keeps
the graph of the ComfyUI that it drives), the one that people used comes first."""


READER_VERSION = 5
"""Raised whenever the same bytes would give other claims: stores keep what each version read."""
MOST_CLAIMS = 100
"""Of one file: real ones make up to five, and a row has to be read."""
_NONE = Marks("")
_BY_GRAPH = "The graph beside it uses another picture, which may have been drawn by a person."
_BY_UNKNOWN = (
    "The graph beside it cannot be followed to its start, so this one may be generated or edited."
)
MANIFEST_NOT_READ = (
    f"A C2PA manifest is there and was not read: {MissingLibrary('reading it', reader.LIBRARY)}."
)
"""The remark where the library is missing that reads manifests."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says of itself.

    ``claims``: those that decide first, then what else says that AI had a part, then cameras and
    editors; within these proof before declarations before hints. ``remarks``: sentences on
    manifests that are there and make no claim. ``damage``: sentences on parts that were left out,
    damaged or over a limit.
    ``marks``: all that the containers hold, whether a claim rests on it or not.
    """

    claims: tuple[Claim, ...] = ()
    remarks: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    marks: Marks = _NONE


def read(data: bytes) -> list[Claim]:
    """Every claim that a file makes of how it was made; see :func:`examine`."""
    return list(examine(data).claims)


def examine(
    data: bytes,
    *,
    pixels: bool = True,
    decoded: Image.Image | None = None,
    trust_anchors: str | None = None,
    limits: Limits = DEFAULT,
    file: Structure | None = None,
) -> Provenance:
    """Read every mark in a file's bytes. Nothing is fetched; no content raises.

    Args:
        data: the file's content; PNG, JPEG, WebP, AVIF, HEIC, GIF and TIFF are looked into,
            by content.
        pixels: also look for marks in pixels (hidden texts, watermarks, NovelAI's signature).
        decoded: the picture as Pillow decoded it, as stored: not upright, alpha not laid on
            anything. Saves decoding it once more for marks in pixels.
        trust_anchors: certificates (PEM, see :func:`checked_anchors`) whose C2PA signatures count
            as proof.
        file: the file's structure as :func:`tegaki.formats.walk` gives it, where the caller has it.

    Raises:
        AnchorsError: ``trust_anchors`` are no certificates.
        MissingLibrary: they are, and there is nothing to read manifests with.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a file's bytes are wanted, as bytes, not {type(data).__name__}")
    if trust_anchors is not None:
        trust_anchors = checked_anchors(trust_anchors)
    marks = survey(data, limits, file)
    picture = StoredPicture(data, marks.file, limits, decoded)
    hidden = tuple(find_stealth(data, limits, picture)) if pixels else ()
    evidence = Evidence(marks, hidden, picture)
    claims = claims_of_texts(evidence, Signatures(picture if pixels else None))
    if pixels:
        claims += _of_watermarks(picture)
    manifest_claims, remarks = _of_manifest(data, marks, trust_anchors)
    claims = manifest_claims + claims
    claims += names.find(evidence, {claim.tool for claim in claims})
    claims.sort(key=_weight)
    damage = marks.damage + evidence.damage
    if len(claims) > MOST_CLAIMS:
        damage += (f"{len(claims):,} marks: only the first {MOST_CLAIMS} are told.",)
    marks = replace(marks, texts=marks.texts + hidden)
    return Provenance(tuple(claims[:MOST_CLAIMS]), tuple(remarks), damage, marks)


def _weight(claim: Claim) -> tuple[int, int, int]:
    """What decides comes first, then what else generators say, then cameras and editors."""
    deciding = claim.kind == "generated" and claim.strength != "hint"
    rank = 0 if deciding else 1 if claim.kind in AI else 2
    return rank, STRENGTHS.index(claim.strength), KINDS.index(claim.kind)


def claims_of_texts(evidence: Evidence, signatures: Signatures) -> list[Claim]:
    """What the texts of a file, and those hidden in its pixels, claim."""
    if evidence.is_empty:
        return []
    claims = [claim for find in _FIRST for claim in find(evidence)]
    claims += novelai.find(evidence, signatures)
    claims += (claim for find in _THEN for claim in find(evidence))
    return _by_graph(claims, evidence)


def _by_graph(claims: list[Claim], evidence: Evidence) -> list[Claim]:
    """The claims, none that says more than the graph that it stands beside.

    Programs that drive ComfyUI, and nodes that save for it, write what was asked for and not every
    picture that went into it: the graph has them.
    """
    edits = [c for c in claims if (c.kind, c.carrier) == ("edited-with-ai", comfyui.CARRIER)]
    if not edits and not evidence.has_unread_graph:
        return claims
    known = any(EITHER not in claim.details for claim in edits)
    note = _BY_GRAPH if known else _BY_UNKNOWN
    more = () if known else (EITHER,)
    return [
        replace(
            c,
            kind="edited-with-ai",
            note=" ".join(filter(None, (c.note, note))),
            details=c.details + more,
        )
        if c.kind == "generated" and c.strength == "declared"
        else c
        for c in claims
    ]


def _of_watermarks(picture: StoredPicture) -> list[Claim]:
    if not picture.is_colour or picture.size is None or not is_large_enough(*picture.size):
        return []
    upper = picture.upper(rows_read(picture.size[0]))
    if upper is None or not may_hold_watermark(upper):
        return []
    rgb = np.asarray(upper)[:, :, :3]
    return [hit.claim(picture.place) for hit in find_watermark(rgb)]


def _container(marks: Marks) -> str:
    """The format as c2pa-python knows it: to it camera raw files are TIFF."""
    return "TIFF" if isinstance(marks.file, TiffFile) else marks.format


def _of_manifest(
    data: bytes, marks: Marks, trust_anchors: str | None
) -> tuple[list[Claim], list[str]]:
    if marks.c2pa is None:
        remote = any(p.namespace == _DCTERMS and p.name == "provenance" for p in marks.xmp)
        said = "A C2PA manifest is said to stand on the web; it was not fetched."
        return [], [said] if remote else []
    if not reader.available():
        return [], [MANIFEST_NOT_READ]
    found = interpret.read_manifest(data, _container(marks), marks.c2pa, trust_anchors)
    if found.problem:
        return list(found.claims), [found.problem]
    if found.claims:
        return list(found.claims), []
    return [], list(remark.remarks(found))
