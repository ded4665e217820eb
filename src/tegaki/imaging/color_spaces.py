"""Colour spaces that a file describes by numbers, as ICC profiles that littleCMS reads."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
Point = tuple[float, float]
"""Chromaticity, x and y."""

_ENTRIES = 4096  # of a curve: PQ is steep near black
_WHITE_NITS = 203  # of HDR: what a white page has (ITU-R BT.2408, table 1)
_HLG_WHITE = 0.75  # its signal in HLG (the same)
_HLG_GAMMA = 1.2  # of a display with 1,000 nits (ITU-R BT.2100, table 5)
_D65 = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])  # of ICC profiles
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True, slots=True)
class Primaries:
    """Chromaticities of the three colours and of white."""

    red: Point
    green: Point
    blue: Point
    white: Point = _D65

    def is_near(self, other: Primaries, within: float = 0.005) -> bool:
        """Whether no coordinate is further away."""
        own = (*self.red, *self.green, *self.blue, *self.white)
        others = (*other.red, *other.green, *other.blue, *other.white)
        return all(abs(a - b) <= within for a, b in zip(own, others, strict=True))


SRGB = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_BT601_525 = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_BT601_625 = Primaries((0.640, 0.330), (0.290, 0.600), (0.150, 0.060))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
# ITU-T H.273 (07/2024), table 2: ColourPrimaries.
_PRIMARIES = {
    1: SRGB,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: _BT601_625,
    6: _BT601_525,
    7: _BT601_525,
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries(*_P3, white=(0.314, 0.351)),
    12: Primaries(*_P3),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}


def profile_of_gamma(gamma: float, primaries: Primaries) -> bytes | None:
    """An ICC profile for samples that are light to the power of ``gamma`` (PNG's ``gAMA`` divided
    by 100,000); ``None`` where no display has such a one."""
    if not 0.1 <= gamma <= 10:
        return None
    return _profile(primaries, lambda samples: samples ** (1 / gamma))


def profile_of_code_points(primaries: int, transfer: int, *, full_range: bool) -> bytes | None:
    """An ICC profile for RGB samples with code points of ITU-T H.273; ``None`` where they are
    unspecified, reserved or not known here.

    HDR is shown as on a display whose white is that of a white page: PQ from 203 nits on and HLG
    from 75 % of its signal on are white (ITU-R BT.2408).
    """
    curve = _CURVES.get(transfer)
    if primaries not in _PRIMARIES or curve is None:
        return None
    if full_range:
        return _profile(_PRIMARIES[primaries], curve)
    return _profile(_PRIMARIES[primaries], lambda s: curve(np.clip((s * 255 - 16) / 219, 0, 1)))


def _srgb(samples: Samples) -> Samples:  # IEC 61966-2-1
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def _pq(samples: Samples) -> Samples:  # ITU-R BT.2100, table 4
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = samples ** (1 / m2)
    light: Samples = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return light * (10_000 / _WHITE_NITS)


def _hlg(samples: Samples) -> Samples:  # ITU-R BT.2100, table 5
    a, b, c = 0.17883277, 0.28466892, 0.55991073

    def scene(signal: Samples) -> Samples:
        return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)

    relative: Samples = scene(samples) / scene(np.array(_HLG_WHITE))
    return relative**_HLG_GAMMA


_CURVES: dict[int, Callable[[Samples], Samples]] = {
    1: _srgb,  # cameras' curves: displays show them by one like that of sRGB
    4: lambda samples: samples**2.2,
    5: lambda samples: samples**2.8,
    6: _srgb,
    8: lambda samples: samples,
    13: _srgb,
    14: _srgb,
    15: _srgb,
    16: _pq,
    17: lambda samples: samples**2.6,
    18: _hlg,
}
"""ITU-T H.273 (07/2024), table 3, TransferCharacteristics: samples 0-1 to light, 1 is white."""


def _profile(primaries: Primaries, curve: Callable[[Samples], Samples]) -> bytes | None:
    """A display profile of a matrix and one curve (ICC.1:2022, 8.3.3)."""
    columns = _to_d50(primaries)
    if columns is None:
        return None
    light = np.clip(curve(np.linspace(0, 1, _ENTRIES)), 0, 1)
    entries = np.round(light * 65535).astype(">u2").tobytes()
    points = [_xyz_tag(_D50), *(_xyz_tag(column) for column in columns.T)]
    trc = b"curv" + struct.pack(">II", 0, _ENTRIES) + entries
    names = (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    start = 128 + 4 + 12 * len(names)
    table, body = struct.pack(">I", len(names)), b"".join(points) + trc
    for index, name in enumerate(names):
        at = start + 20 * min(index, len(points))
        size = 20 if index < len(points) else len(trc)
        table += name + struct.pack(">II", at, size)
    total = start + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s", total, 0x04400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (header.ljust(68, b"\0") + _xyz_tag(_D50)[8:]).ljust(128, b"\0") + table + body


def _xyz_tag(point: Samples) -> bytes:
    fixed = [round(float(value) * 65536) for value in point]
    return b"XYZ " + struct.pack(">I3i", 0, *fixed)


def _to_d50(primaries: Primaries) -> Samples | None:
    """XYZ of the three colours as columns, as seen under D50; ``None``: they span no triangle."""
    colours = (primaries.red, primaries.green, primaries.blue, primaries.white)
    if any(y < 0.001 for _, y in colours):
        return None
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in colours]).T
    triangle, white = columns[:, :3], columns[:, 3]
    if abs(np.linalg.det(triangle)) < 1e-6:
        return None
    xyz = triangle * np.linalg.solve(triangle, white)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted: Samples = np.linalg.solve(_BRADFORD, cones[:, np.newaxis] * (_BRADFORD @ xyz))
    return adapted if bool(np.isfinite(adapted).all() and np.abs(adapted).max() < 100) else None
