"""Marks in files, and what they claim of how a picture was made."""

from tegaki.provenance.limits import Limits
from tegaki.provenance.read import Provenance, examine, read

__all__ = ["Limits", "Provenance", "examine", "read"]
