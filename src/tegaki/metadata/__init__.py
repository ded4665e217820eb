"""Marks in files, and what they claim of how a picture was made."""

from tegaki.metadata.c2pa.reader import available as c2pa_available
from tegaki.metadata.c2pa.trust import checked_anchors
from tegaki.metadata.extract import MANIFEST_NOT_READ, READER_VERSION, Provenance, examine, read
from tegaki.metadata.limits import Limits

__all__ = [
    "MANIFEST_NOT_READ",
    "READER_VERSION",
    "Limits",
    "Provenance",
    "c2pa_available",
    "checked_anchors",
    "examine",
    "read",
]
