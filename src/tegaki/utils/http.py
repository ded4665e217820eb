"""Answers of HTTP servers, read by http.client from a reader of our own whose every wait ends."""

from __future__ import annotations

import io
import re
import time
from email.utils import mktime_tz, parsedate_tz


class Wire:
    """All that http.client asks of a socket when it reads an answer."""

    def __init__(self, reader: io.RawIOBase) -> None:
        self._reader = reader

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


def retry_after(text: str) -> float:
    """Seconds to wait by a ``Retry-After`` header (RFC 9110, section 10.2.3); 0 if it is none."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        date = parsedate_tz(text)
        return max(mktime_tz(date) - time.time(), 0.0) if date else 0.0
    except (ValueError, OverflowError):
        return 0.0
