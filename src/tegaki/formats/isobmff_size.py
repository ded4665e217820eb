"""How large the picture of an ISO-BMFF file is, and how many there are.

A still one is the primary item, whose property ``ispe`` has its size (ISO/IEC 23008-12, section
6.5.3); a sequence is a track.
"""

from __future__ import annotations

from collections.abc import Sequence

from tegaki.formats.boxes import Box, Boxes, Cut

Size = tuple[int, int]
_STILL = (b"avif", b"heic", b"heix")  # as the major brand


def measured(
    data: bytes, boxes: Sequence[Box], meta: Box | None, most: int
) -> tuple[Size | None, int]:
    """Width and height, as stored, and how many pictures there are; ``None`` and 1 where the boxes
    do not say so.

    Args:
        boxes: those of the file; ``meta``: the first of that type.
        most: boxes after which the walk ends.
    """
    reader = Boxes(data, most)
    try:
        movie = next((box for box in boxes if box.kind == b"moov"), None)
        if movie is not None and data[8:12] not in _STILL:  # as libavif chooses
            return _of_track(reader, movie)
        return (None if meta is None else _of_item(reader, meta)), 1
    except Cut:
        return None, 1


def _of_item(reader: Boxes, meta: Box) -> Size | None:
    parts = {box.kind: box for box in reader.within(meta.body + 4, meta.end)}
    if b"pitm" not in parts or b"iprp" not in parts:
        return None
    cursor = reader.cursor(parts[b"pitm"])
    primary = cursor.number(2 if cursor.number(4) >> 24 == 0 else 4)
    below = list(reader.within(parts[b"iprp"].body, parts[b"iprp"].end))
    container = next((box for box in below if box.kind == b"ipco"), None)
    if container is None:
        return None
    properties = list(reader.within(container.body, container.end))
    for box in below:
        for index in _associated(reader, box, primary) if box.kind == b"ipma" else ():
            if 0 < index <= len(properties) and properties[index - 1].kind == b"ispe":
                cursor = reader.cursor(properties[index - 1])
                cursor.number(4)
                return cursor.number(4), cursor.number(4)
    return None


def _associated(reader: Boxes, box: Box, wanted: int) -> list[int]:
    """The properties of an item, counted from 1 (14496-12, section 8.11.14)."""
    cursor = reader.cursor(box)
    head = cursor.number(4)
    wide = head & 1
    for _ in range(cursor.number(4)):
        if not reader.count():
            raise Cut
        number = cursor.number(2 if head >> 24 == 0 else 4)
        size = cursor.number(1)
        if number == wanted:
            return [
                cursor.number(2) & 0x7FFF if wide else cursor.number(1) & 0x7F for _ in range(size)
            ]
        cursor.number(size * (2 if wide else 1))
    return []


def _of_track(reader: Boxes, movie: Box) -> tuple[Size | None, int]:
    """Size and samples of the first track of pictures (section 8.3.2: 16.16 bits a side)."""
    for track in reader.within(movie.body, movie.end):
        if track.kind != b"trak":
            continue
        header = _below(reader, track, b"tkhd")
        media = _below(reader, track, b"mdia")
        handler = media and _below(reader, media, b"hdlr")
        if header is None or media is None or handler is None or header.end - header.body < 84:
            continue
        cursor = reader.cursor(handler)
        cursor.number(8)
        if cursor.number(4).to_bytes(4, "big") != b"pict":
            continue
        sides = reader.cursor(header._replace(body=header.end - 8))
        return (sides.number(4) >> 16, sides.number(4) >> 16), _samples(reader, media)
    return None, 1


def _samples(reader: Boxes, media: Box) -> int:
    """Section 8.7.3: version and flags, the size of all samples, how many there are."""
    information = _below(reader, media, b"minf")
    table = information and _below(reader, information, b"stbl")
    sizes = table and (_below(reader, table, b"stsz") or _below(reader, table, b"stz2"))
    if not sizes:
        return 1
    cursor = reader.cursor(sizes)
    cursor.number(8)
    return max(1, cursor.number(4))


def _below(reader: Boxes, box: Box, kind: bytes) -> Box | None:
    return next((inner for inner in reader.within(box.body, box.end) if inner.kind == kind), None)
