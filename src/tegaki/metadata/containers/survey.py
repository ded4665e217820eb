"""One look through a file: everything in it that could be a mark, from its container's grammar."""

from __future__ import annotations

from collections.abc import Callable

from tegaki.metadata.containers import bmff, gif, jpeg, png, webp
from tegaki.metadata.findings import Findings
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.marks import Marks

_Walk = Callable[[bytes, Findings], None]


def survey(data: bytes, limits: Limits = DEFAULT) -> Marks:
    """Walk the container that the first bytes name, and give what it holds; never raises.

    Nothing is searched for: text that stands in pixels, in another chunk's data or behind the
    container's end is not seen. A container that is not known gives an empty answer.
    """
    found = Findings(limits)
    format_name, walk = _container(data)
    if walk is not None:
        walk(data, found)
    return found.marks(format_name)


def _container(data: bytes) -> tuple[str, _Walk | None]:
    """The format's name and its walk."""
    if data.startswith(png.SIGNATURE):
        return "PNG", png.walk
    if data.startswith(jpeg.SIGNATURE):
        return "JPEG", jpeg.walk
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP", webp.walk
    if data.startswith(gif.SIGNATURES):
        return "GIF", gif.walk
    if bmff.is_picture(data):
        return "AVIF", bmff.walk
    return "", None
