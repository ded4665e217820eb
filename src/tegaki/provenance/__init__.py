"""Marks in files, and what they claim of how a picture was made."""

from tegaki.provenance.anchors import checked_anchors
from tegaki.provenance.c2pa_library import available as c2pa_available
from tegaki.provenance.limits import Limits
from tegaki.provenance.read import MANIFEST_NOT_READ, READER, Provenance, examine, read

__all__ = [
    "MANIFEST_NOT_READ",
    "READER",
    "Limits",
    "Provenance",
    "c2pa_available",
    "checked_anchors",
    "examine",
    "read",
]
