"""Marks in files, and what they claim of how a picture was made."""

from tegaki.provenance.anchors import checked_anchors
from tegaki.provenance.limits import Limits
from tegaki.provenance.read import Provenance, examine, read

__all__ = ["Limits", "Provenance", "checked_anchors", "examine", "read"]
