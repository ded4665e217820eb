"""Many files: sources, the local engine, outputs."""

from tegaki.scan.engine import Summary, scan
from tegaki.scan.outputs import Sink, open_sink
from tegaki.scan.sources import Found, find

__all__ = ["Found", "Sink", "Summary", "find", "open_sink", "scan"]
