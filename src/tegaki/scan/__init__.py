"""Many files: sources, archives, the local engine, outputs."""

from tegaki.scan.engine import Summary, scan
from tegaki.scan.outputs import Format, Sink, open_sink
from tegaki.scan.selection import TYPES, Selection, Selector
from tegaki.scan.sources import Found, find, is_entered, is_url

__all__ = [
    "TYPES", "Format", "Found", "Selection", "Selector", "Sink", "Summary", "find", "is_entered",
    "is_url", "open_sink", "scan",
]  # fmt: skip
