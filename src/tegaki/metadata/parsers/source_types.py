"""IPTC's digital source types: codes that say how a picture came about.

cv.iptc.org/newscodes/digitalsourcetype; contentauth/c2pa-rs:sdk/src/assertions/actions.rs. Types
that *may* involve AI (an enhancement, a composite), and what is algorithmic without being trained,
say nothing here.
"""

from __future__ import annotations

from tegaki.results.claim import Kind

TRAINED = "trainedAlgorithmicMedia"
SOURCE_KINDS: dict[str, Kind] = {
    TRAINED: "generated",
    "trainedAlgorithmicData": "generated",
    "compositeWithTrainedAlgorithmicMedia": "edited-with-ai",
    "digitalCapture": "camera",
    "computationalCapture": "camera",
    "compositeCapture": "camera",
    "negativeFilm": "camera",
    "positiveFilm": "camera",
    "digitalCreation": "human-editor",
    "digitalArt": "human-editor",
    "humanEdits": "human-editor",
    "minorHumanEdits": "human-editor",
}


def code_of(value: str) -> str:
    """The code of a type given as an address or bare: its whole last component, since one code is
    the end of another's name."""
    return value.rsplit("/", 1)[-1]
