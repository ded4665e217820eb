"""How much of a hostile file is read."""

from __future__ import annotations

from dataclasses import dataclass

from tegaki.formats.limits import MOST_PARTS


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file. What passes one is left out and said so; nothing raises.

    ``blocks``: chunks, segments or boxes walked. ``text``: bytes of one text after inflating.
    ``inflated``: bytes inflated from one file in all. ``depth``: levels of XML (JSON
    has its own bound, :data:`tegaki.metadata.parsers.json_text.MOST`).
    ``fields``: EXIF fields, XMP properties or IPTC datasets. ``pixels``: of a picture that is
    decoded to look into its pixels.
    """

    blocks: int = MOST_PARTS
    text: int = 4 * 1024 * 1024
    inflated: int = 16 * 1024 * 1024
    depth: int = 64
    fields: int = 20_000
    pixels: int = 100_000_000


DEFAULT = Limits()
