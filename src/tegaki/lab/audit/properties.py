"""What is measured of a picture, and which of it is not drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tegaki.formats import walk
from tegaki.formats.structure import read_header
from tegaki.imaging import PictureInfo
from tegaki.lab.audit.pixels import Pixels, measure_pixels
from tegaki.lab.corpus import Original

Features = dict[str, float | str]
"""One picture's measurements by name; words are categories."""

Kind = Literal["file", "trace", "content"]
"""``file``: known without a look at one pixel. ``trace``: what handling left in the pixels.
``content``: roughly what is drawn."""


@dataclass(frozen=True, slots=True)
class Property:
    """One way in which a label can be given away: features that belong together."""

    name: str
    kind: Kind
    features: tuple[str, ...]


def sized(width: int, height: int) -> Features:
    """The features of a size in pixels."""
    return {
        "width": float(width),
        "height": float(height),
        "width x height": float(width * height),
        **{
            f"{name} divisible by {step}": float(side % step == 0)
            for step in (8, 64)
            for name, side in (("width", width), ("height", height))
        },
        "aspect": width / height,
    }


_ALL = (
    Property("format", "file", ("format",)),
    Property("mode", "file", ("mode",)),
    Property("encoding", "file", ("encoding",)),
    Property("dimensions", "file", tuple(name for name in sized(1, 1) if name != "aspect")),
    Property("aspect", "file", ("aspect",)),
    Property("bytes per pixel", "file", ("bytes per pixel",)),
    Property("JPEG quality", "file", ("JPEG quality",)),
    Property("chroma subsampling", "file", ("chroma subsampling",)),
    Property("alpha", "file", ("alpha",)),
    Property("metadata", "file", ("metadata bytes",)),
    Property("padding bars", "trace", ("top bar", "bottom bar", "left bar", "right bar")),
    Property("JPEG grid", "trace", ("grid across", "grid down", "old grid")),
    Property("resampling", "trace", ("sharp across", "sharp down", "fine detail")),
    Property("flat ground", "content", ("flat ground", "white ground")),
    Property("mean colour", "content", ("red", "green", "blue")),
)


def properties_of(features: Iterable[str]) -> tuple[Property, ...]:
    """The properties that can be judged where these features were measured."""
    known = set(features)
    return tuple(p for p in _ALL if known.issuperset(p.features))


def together(name: str, properties: Sequence[Property], kinds: frozenset[Kind]) -> Property:
    """All features of the properties of these kinds as one property, of the last kind found."""
    chosen = [p for p in properties if p.kind in kinds]
    kind: Kind = "trace" if any(p.kind == "trace" for p in chosen) else "file"
    return Property(name, kind, tuple(feature for p in chosen for feature in p.features))


def of_original(info: Original) -> Features:
    """What a manifest keeps of a file before it was brought into the normal form."""
    return {
        "format": info.format,
        "mode": info.mode,
        **sized(info.width, info.height),
        "bytes per pixel": info.bytes / (info.width * info.height),
        "JPEG quality": float("nan") if info.quality is None else float(info.quality),
        "alpha": float(info.alpha),
    }


def of_file(data: bytes, info: PictureInfo, pixels: Pixels) -> Features:
    """What a file and its decoded pixels say."""
    header = read_header(data, walk(data), info.format)
    return {
        "format": info.format,
        "encoding": header.kind,
        **sized(info.width, info.height),
        "bytes per pixel": len(data) / (info.width * info.height),
        "JPEG quality": header.quality,
        "chroma subsampling": header.subsampling,
        "alpha": float(info.alpha or False),
        "metadata bytes": float(header.metadata),
        **measure_pixels(pixels),
    }


def of_crop(pixels: Pixels) -> Features:
    """What a square of bare pixels says: its size and format are the same for all."""
    height, width = pixels.shape[:2]
    return {
        "format": "pixels",
        **sized(width, height),
        "bytes per pixel": float(pixels.shape[2]),
        **measure_pixels(pixels),
    }


def columns(
    rows: Sequence[Features], names: Sequence[str]
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The features that vary, float64 ``(pictures, k)``, and their names; categories numbered.

    NaN (a JPEG quality of what is no JPEG) is kept: trees treat it as a value of its own.
    """
    found = [(name, _numbers([row[name] for row in rows])) for name in names]
    varying = [(name, column) for name, column in found if len(np.unique(column)) > 1]
    matrix = np.column_stack([column for _, column in varying] or [np.zeros((len(rows), 0))])
    return matrix, tuple(name for name, _ in varying)


def _numbers(values: Sequence[float | str]) -> npt.NDArray[np.float64]:
    if any(isinstance(value, str) for value in values):
        return np.unique([str(v) for v in values], return_inverse=True)[1].astype(np.float64)
    return np.array(values, dtype=np.float64)
