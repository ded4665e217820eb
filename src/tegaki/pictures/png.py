"""PNG chunks that hold text or colour profiles, taken out before decoding.

The decoder inflates them and gives up on a picture whose workflow or prompt is larger than its
limit. What is decoded does not depend on them: orientation is read from EXIF chunks alone, and
profiles are not applied.
"""

from __future__ import annotations

_NOT_PIXELS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"caBX"))


def without_text(data: bytes) -> bytes:
    """The same PNG without text, profile and C2PA chunks; damaged structure is left as it is."""
    kept: list[memoryview] = []
    view = memoryview(data)
    start = at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if bytes(view[at + 4 : at + 8]) in _NOT_PIXELS and end <= len(data):
            if at > start:
                kept.append(view[start:at])
            start = end
        at = end
    if start == 8:
        return data
    return b"".join([view[:8], *kept, view[start:]])
