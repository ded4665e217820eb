"""What fuzzing calls: every reader of provenance, each bytes to nothing, none ever raising."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tegaki.formats import Structure
from tegaki.formats.gif import walk_gif
from tegaki.formats.isobmff import walk_isobmff
from tegaki.formats.jpeg import walk_jpeg
from tegaki.formats.png import SIGNATURE, walk_png
from tegaki.formats.tiff import walk_tiff
from tegaki.formats.webp import walk_webp
from tegaki.metadata import examine
from tegaki.metadata.c2pa import interpret, reader
from tegaki.metadata.containers.survey import read_marks, survey
from tegaki.metadata.extract import claims_of_texts
from tegaki.metadata.findings import Blob, Findings
from tegaki.metadata.generators import names
from tegaki.metadata.generators.comfy_graph import as_graph
from tegaki.metadata.generators.comfy_graph_fields import generation_of, made_size
from tegaki.metadata.generators.comfy_graph_origin import enlarger, is_generation
from tegaki.metadata.generators.evidence import EXIF_NAMES, Evidence
from tegaki.metadata.generators.infotext import read_text
from tegaki.metadata.limits import DEFAULT
from tegaki.metadata.marks import ExifField, Marks, Text
from tegaki.metadata.parsers import exif, iptc, xmp
from tegaki.metadata.parsers.json_text import parsed
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.metadata.pixels.signature import Signatures, verify_signature
from tegaki.metadata.pixels.stealth import find_stealth
from tegaki.metadata.pixels.watermark import find_watermark
from tegaki.results.claim import Location
from tegaki.utils.text import safe_json

_Walk = Callable[[bytes], Structure]
_Read = Callable[[Blob, Findings], None]


def _container(walk: _Walk) -> Callable[[bytes], None]:
    """One container's walk and marks, whatever the first bytes are."""

    def target(data: bytes) -> None:
        found, file = Findings(DEFAULT), walk(data)
        read_marks(file, data, found)
        found.marks(file)

    return target


def _block(read: _Read) -> Callable[[bytes], None]:
    """One reader of blocks, over bytes that stand in the file and over inflated ones."""

    def target(data: bytes) -> None:
        for pieces in (((0, 40),), ()):
            read(Blob(memoryview(data), _PLACE, pieces), Findings(DEFAULT))

    return target


def _png(data: bytes) -> None:
    """Chunks as they are, and with checksums that fit: no mutation would find those."""
    walk = _container(walk_png)
    walk(data)
    mended, at = bytearray(data), len(SIGNATURE)
    while at + 12 <= len(data):
        end = at + 8 + struct.unpack_from(">I", data, at)[0]
        if end + 4 > len(data):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
    walk(bytes(mended))


def _text(data: bytes) -> None:
    read_text(data.decode("utf-8", "replace"))


def _graph(data: bytes) -> None:
    graph = as_graph(parsed(data.decode("utf-8", "replace")))
    if graph is not None:
        is_generation(graph)
        generation_of(graph)
        made_size(graph)
        enlarger(graph)


def _tools(data: bytes) -> None:
    """Every reader of texts: pieces between bytes 255, each a byte for its name and its text."""
    texts, fields = [], []
    for piece in data.split(b"\xff")[:8]:
        if piece:
            number, text = (
                piece[0] % (len(_KEYS) + len(_TAGS)),
                piece[1:].decode("utf-8", "replace"),
            )
            if number < len(_KEYS):
                texts.append(Text(_KEYS[number], text, _PLACE))
            else:
                fields.append(ExifField("exif", _TAGS[number - len(_KEYS)], text, b"", _PLACE))
    marks = Marks("PNG", texts=tuple(texts), exif=tuple(fields))
    picture = StoredPicture(b"", None)
    evidence = Evidence(marks, tuple(texts[:1]), picture)
    claims = list(claims_of_texts(evidence, Signatures(None)))
    for claim in [*claims, *names.find(evidence, ())]:
        safe_json(claim.to_dict()).encode("utf-8")


def _stealth(data: bytes) -> None:
    for walk in (walk_png, walk_webp):
        find_stealth(data, DEFAULT, StoredPicture(data, walk(data)))


def _signature(data: bytes) -> None:
    """A byte for the width, the Comment as JSON, a NUL, and the samples."""
    text, _, samples = data[1:].partition(b"\0")
    comment = parsed(text.decode("utf-8", "replace"))
    if isinstance(comment, dict):
        verify_signature(comment, _rgb(data[:1] + samples))


def _watermark(data: bytes) -> None:
    """The samples as they are, and eight times as wide and as high: marks need some room."""
    rgb = _rgb(data)
    find_watermark(rgb)
    find_watermark(np.kron(rgb, np.ones((8, 8, 1), np.uint8)))


def _rgb(data: bytes) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """uint8 ``(height, width, 3)`` from a byte for the width and samples, cut to whole rows."""
    width = 1 + (data[0] if data else 0) % 64
    height = max(1, min(64, len(data[1:]) // (3 * width)))
    samples = data[1:].ljust(3 * width * height, b"\0")[: 3 * width * height]
    return np.frombuffer(samples, np.uint8).reshape(height, width, 3)


def _c2pa(data: bytes) -> None:
    """A whole file by c2pa-python, where the walk finds a manifest store in it."""
    marks = survey(data)
    if marks.c2pa is not None and reader.available():
        interpret.read_manifest(data, marks.format, marks.c2pa)


def _c2pa_store(data: bytes) -> None:
    """The JSON that c2pa-python would give, and the claims that are made of it."""
    store = parsed(data.decode("utf-8", "replace"))
    if isinstance(store, dict):
        for claim in interpret.interpret_store(store, _PLACE).claims:
            safe_json(claim.to_dict()).encode("utf-8")


def _hidden(data: bytes) -> None:
    """A payload in the lowest bits of a picture, as stealth writers lay it.

    The first byte chooses the magic, and whether its length is that of the payload or the next
    four bytes.
    """
    magic, says = _MAGICS[data[0] % len(_MAGICS)] if data else _MAGICS[0], data[:1] >= b"\x80"
    payload = data[5:4096] if says else data[1:4096]
    length = data[1:5].ljust(4, b"\0") if says else struct.pack(">I", 8 * len(payload))
    bits = np.unpackbits(np.frombuffer(magic + length + payload, np.uint8))
    channels, mode = (3, "RGB") if b"rgb" in magic else (1, "RGBA")
    width = -(-len(bits) // (_HEIGHT * channels))
    columns = np.zeros(width * _HEIGHT * channels, np.uint8)
    columns[: len(bits)] = bits
    samples = np.full((_HEIGHT, width, len(mode)), 254, np.uint8)
    samples[:, :, -channels:] |= columns.reshape(width, _HEIGHT, channels).transpose(1, 0, 2)
    stored = io.BytesIO()
    Image.fromarray(samples, mode).save(stored, "PNG", compress_level=0)
    find_stealth(stored.getvalue())


_HEIGHT = 64
_MAGICS = (b"stealth_pnginfo", b"stealth_pngcomp", b"stealth_rgbinfo", b"stealth_rgbcomp")
_PLACE = Location("PNG tEXt", 0, 1)
_TAGS = tuple(EXIF_NAMES)
_KEYS = (
    "parameters", "prompt", "workflow", "Comment", "Description", "Software", "Source", "Title",
    "comment", "Dream", "sd-metadata", "invokeai_metadata", "generation_data", "parameters-json",
    "smproj", "fooocus_scheme", "use_stable_diffusion_model", "postprocessing", "AIGC", "comf",
)  # fmt: skip

TARGETS: dict[str, Callable[[bytes], Any]] = {
    "all": examine,
    "survey": survey,
    "png": _png,
    "jpeg": _container(walk_jpeg),
    "webp": _container(walk_webp),
    "bmff": _container(walk_isobmff),
    "gif": _container(walk_gif),
    "tiff": _container(walk_tiff),
    "exif": _block(exif.read),
    "xmp": _block(xmp.read),
    "iptc": _block(iptc.read),
    "a1111": _text,
    "graph": _graph,
    "tools": _tools,
    "stealth": _stealth,
    "hidden": _hidden,
    "signature": _signature,
    "watermark": _watermark,
    "c2pa": _c2pa,
    "c2pa-store": _c2pa_store,
}
