"""Many pictures at once, on this machine: a scan's rows, in the order of what was found."""

from tegaki.scan.local import Summary, scan

__all__ = ["Summary", "scan"]
