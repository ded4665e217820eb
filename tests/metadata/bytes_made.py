"""Builders of real files with marks in them, byte by byte; a Pillow picture is in each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image

Field = tuple[int, int, bytes]
"""An EXIF field to write: tag, type, and the bytes of its value."""
BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7
_SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, UNDEFINED: 1}

XAP = b"http://ns.adobe.com/xap/1.0/\0"
MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP = b"Photoshop 3.0\0"
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MANIFEST_STORE = bytes.fromhex("63327061001100108000" + "00aa00389b71")
GIF_XMP_END = b"\x01" + bytes(range(255, -1, -1)) + b"\0"


def picture(width: int = 16, height: int = 12) -> Image.Image:
    """A small RGB picture that is not of one colour."""
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def saved(form: str, image: Image.Image | None = None, **options: Any) -> bytes:
    out = BytesIO()
    (image or picture()).save(out, form, **options)
    return out.getvalue()


# PNG


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_text(key: str, text: bytes | str, kind: str = "tEXt") -> bytes:
    """A text chunk: tEXt, zTXt, iTXt, comf, or iTXt inflated, which is ``iTXt+``."""
    raw = text.encode() if isinstance(text, str) else text
    head = key.encode("latin-1") + b"\0"
    if kind == "zTXt":
        return png_chunk(b"zTXt", head + b"\0" + zlib.compress(raw))
    if kind == "iTXt":
        return png_chunk(b"iTXt", head + b"\0\0en\0titre\0" + raw)
    if kind == "iTXt+":
        return png_chunk(b"iTXt", head + b"\1\0\0\0" + zlib.compress(raw))
    return png_chunk(kind.encode(), head + raw)


def png_profile(name: str, raw: bytes, kind: str = "zTXt") -> bytes:
    """ImageMagick's raw profile: name, length and hex on lines."""
    hexed = raw.hex()
    lines = "\n".join(hexed[at : at + 72] for at in range(0, len(hexed), 72))
    return png_text(f"Raw profile type {name}", f"\n{name}\n{len(raw):8}\n{lines}\n", kind)


def png_with(
    chunks: Sequence[bytes] = (), after: Sequence[bytes] = (), image: Image.Image | None = None
) -> bytes:
    """A PNG with chunks behind IHDR, and chunks between IDAT and IEND."""
    plain = saved("PNG", image, compress_level=0)
    end = len(plain) - 12
    return plain[:33] + b"".join(chunks) + plain[33:end] + b"".join(after) + plain[end:]


# JPEG


def jpeg_segment(code: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content


def jpeg_with(segments: Sequence[bytes] = (), image: Image.Image | None = None) -> bytes:
    """A JPEG with segments behind SOI."""
    plain = saved("JPEG", image)
    return plain[:2] + b"".join(segments) + plain[2:]


def jpeg_exif(block: bytes) -> bytes:
    return jpeg_segment(0xE1, b"Exif\0\0" + block)


def jpeg_xmp(packet: bytes) -> bytes:
    return jpeg_segment(0xE1, XAP + packet)


def jpeg_more_xmp(guid: str, packet: bytes, at: int, end: int) -> bytes:
    """One segment of an extended packet: its bytes from ``at`` to ``end``."""
    head = MORE_XMP + guid.encode() + struct.pack(">II", len(packet), at)
    return jpeg_segment(0xE1, head + packet[at:end])


def jpeg_c2pa(box: bytes, size: int = 60_000, instance: int = 1, first: int = 1) -> list[bytes]:
    """A manifest store as APP11 segments of ``size`` bytes of the box's content each."""
    head, content = box[:8], box[8:]
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    return [
        jpeg_segment(0xEB, b"JP" + struct.pack(">HI", instance, first + n) + head + part)
        for n, part in enumerate(parts)
    ]


def photoshop_resource(number: int, content: bytes, name: bytes = b"") -> bytes:
    counted = bytes([len(name)]) + name
    counted += b"\0" * (len(counted) % 2)
    padded = content + b"\0" * (len(content) % 2)
    return struct.pack(">4sH", b"8BIM", number) + counted + struct.pack(">I", len(content)) + padded


def iptc_block(datasets: Sequence[tuple[int, int, bytes]]) -> bytes:
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in datasets
    )


# WebP


def riff_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp_with(chunks: Sequence[bytes] = (), image: Image.Image | None = None) -> bytes:
    """An extended WebP with chunks behind the picture's."""
    used = image or picture()
    plain = saved("WEBP", used, lossless=True)
    sides = (used.width - 1).to_bytes(3, "little") + (used.height - 1).to_bytes(3, "little")
    flags = 0x08 * any(c[:4] == b"EXIF" for c in chunks) | 0x04 * any(
        c[:4] == b"XMP " for c in chunks
    )
    body = riff_chunk(b"VP8X", struct.pack("<I", flags) + sides) + plain[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


# AVIF


def box(kind: bytes, content: bytes, version: int | None = None) -> bytes:
    head = b"" if version is None else struct.pack(">I", version << 24)
    return struct.pack(">I", 8 + len(head + content)) + kind + head + content


def exif_item(block: bytes) -> tuple[bytes, bytes]:
    return b"Exif\0", struct.pack(">I", 0) + block


def xmp_item(packet: bytes) -> tuple[bytes, bytes]:
    return b"mime\0application/rdf+xml\0", packet


def avif_with(
    items: Sequence[tuple[bytes, bytes]] = (),
    boxes: Sequence[bytes] = (),
    in_idat: bool = False,
    extents: int = 1,
) -> bytes:
    """An AVIF with more items, and with boxes behind the others.

    Each item is its type with name and content type, and its bytes. They stand in an ``mdat`` box
    of their own or in ``meta``'s ``idat``, cut into extents. The picture's own ``meta`` becomes a
    ``free`` box, which keeps its bytes where they are; a new one stands behind the pixels.
    """
    plain = saved("AVIF")
    start = plain.index(b"meta") - 4
    old = plain[start : start + int.from_bytes(plain[start : start + 4], "big")]
    kept = plain.replace(old, old[:4] + b"free" + old[8:])
    parts = {old[at + 4 : at + 8]: (at, size) for at, size in _children(old)}
    infos, places = [], []
    store = b""
    base = 0 if in_idat else len(kept) + 8
    for number, (kind, content) in enumerate(items, start=100):
        head = kind[:4] + b"name" + kind[4:]
        infos.append(box(b"infe", struct.pack(">HH", number, 0) + head, version=2))
        step = max(1, -(-len(content) // extents))
        cuts = [(at, min(step, len(content) - at)) for at in range(0, len(content), step)]
        runs = b"".join(struct.pack(">II", base + len(store) + at, n) for at, n in cuts)
        places.append(struct.pack(">HHHH", number, int(in_idat), 0, len(cuts)) + runs)
        store += content
    at, size = parts[b"iinf"]
    old_infos = old[at + 14 : at + size]
    count = int.from_bytes(old[at + 12 : at + 14], "big") + len(infos)
    iinf = box(b"iinf", struct.pack(">H", count) + old_infos + b"".join(infos), version=0)
    at, size = parts[b"iloc"]
    old_places = _as_version_1(old[at : at + size])
    iloc = box(
        b"iloc",
        struct.pack(">HH", 0x4400, len(old_places) + len(places)) + b"".join(old_places + places),
        version=1,
    )
    others = [old[a : a + n] for kind, (a, n) in parts.items() if kind not in (b"iinf", b"iloc")]
    idat = [box(b"idat", store)] if in_idat else []
    meta = box(b"meta", b"".join([*others, iinf, iloc, *idat]), version=0)
    return kept + (b"" if in_idat else box(b"mdat", store)) + meta + b"".join(boxes)


def _children(meta: bytes) -> list[tuple[int, int]]:
    found = []
    at = 12
    while at < len(meta):
        size = int.from_bytes(meta[at : at + 4], "big")
        found.append((at, size))
        at += size
    return found


def _as_version_1(iloc: bytes) -> list[bytes]:
    """libavif writes version 0, four-byte offsets and lengths, one extent an item."""
    assert iloc[8:14] == b"\0\0\0\0\x44\0"
    step = 14
    count = int.from_bytes(iloc[14:16], "big")
    entries = [iloc[16 + n * step : 16 + (n + 1) * step] for n in range(count)]
    return [entry[:2] + b"\0\0" + entry[2:] for entry in entries]


def c2pa_uuid(store: bytes, purpose: bytes = b"manifest") -> bytes:
    return box(b"uuid", C2PA_UUID + bytes(4) + purpose + b"\0" + bytes(8) + store)


# GIF


def gif_chain(content: bytes) -> bytes:
    """Content as a chain of sub-blocks with its end."""
    parts = [content[at : at + 255] for at in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif_comment(text: bytes) -> bytes:
    return b"\x21\xfe" + gif_chain(text)


def gif_application(name: bytes, rest: bytes) -> bytes:
    """An application extension; ``rest`` is what follows the name, with its end."""
    return b"\x21\xff\x0b" + name + rest


def gif_with(blocks: Sequence[bytes] = (), image: Image.Image | None = None) -> bytes:
    """A GIF with blocks in front of the picture's."""
    plain = saved("GIF", image)
    start = 13 + (3 << (plain[10] & 7) + 1 if plain[10] & 0x80 else 0)
    return b"GIF89a" + plain[6:start] + b"".join(blocks) + plain[start:]


# What stands in them


def exif_block(main: Sequence[Field], below: Sequence[Field] = (), order: str = "<") -> bytes:
    """A TIFF block: the main directory and, if it has fields, the Exif directory."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    fields = list(main)
    if not below:
        return head + _directory(fields, 8, order)
    size = len(_directory([*fields, (0x8769, LONG, bytes(4))], 8, order))
    pointer = struct.pack(f"{order}I", 8 + size)
    first = _directory([*fields, (0x8769, LONG, pointer)], 8, order)
    return head + first + _directory(list(below), 8 + size, order)


def _directory(fields: list[Field], at: int, order: str) -> bytes:
    entries, values = b"", b""
    behind = at + 2 + 12 * len(fields) + 4
    for tag, kind, raw in fields:
        stored = raw.ljust(4, b"\0")
        if len(raw) > 4:
            stored = struct.pack(f"{order}I", behind + len(values))
            values += raw + b"\0" * (len(raw) % 2)
        entries += struct.pack(f"{order}HHI", tag, kind, len(raw) // _SIZES[kind]) + stored
    return struct.pack(f"{order}H", len(fields)) + entries + bytes(4) + values


def xmp_packet(inner: str, attributes: str = "") -> str:
    """A packet with one rdf:Description, which has the attributes and holds ``inner``."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" {attributes}>'
        f"{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def c2pa_store(content: bytes = b"", label: bytes = b"c2pa") -> bytes:
    """A JUMBF superbox with a C2PA manifest store's description, and anything in it."""
    description = box(b"jumd", _MANIFEST_STORE + b"\x03" + label + b"\0")
    return box(b"jumb", description + content)
