"""What pixels say of a picture's history and ground, and nothing of what is drawn.

All functions take uint8 ``(height, width, 3)`` in RGB with at least 16 pixels a side. Bars, grid
and resampling are traces of handling; ground and mean colour describe the drawing roughly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
_Plane = npt.NDArray[np.float32]

SMALLEST_SIDE = 16
_SAME = 8  # levels of 255: one flat colour after JPEG stays within
_OTHER = 24  # levels: surely another colour
_EDGE = 8  # rows beyond a bar's end that ringing of JPEG and resampling can reach
_CROP = 512  # pixels a side; larger pictures are measured at their centre
_BLOCK = 8  # JPEG's
_WINDOW = 64  # pixels a side, of spectra
_STRONG_LINE = 32.0  # levels; capped there, else one dark line outweighs the grid


def measure_pixels(pixels: Pixels) -> dict[str, float]:
    """Every feature that is read from pixels, by name."""
    grey = _grey(pixels)
    return (
        dict(zip(("top bar", "bottom bar", "left bar", "right bar"), bars(pixels), strict=True))
        | dict(zip(("grid across", "grid down", "old grid"), jpeg_grid(grey), strict=True))
        | dict(zip(("sharp across", "sharp down", "fine detail"), top_bands(grey), strict=True))
        | dict(zip(("flat ground", "white ground"), flat_ground(pixels), strict=True))
        | dict(zip(("red", "green", "blue"), mean_colour(pixels), strict=True))
    )


def bars(pixels: Pixels) -> tuple[float, float, float, float]:
    """Bars at the top, bottom, left and right, as shares 0-1 of the height or width.

    A bar is rows of one colour that end all along their edge. Ground around a figure ends at the
    figure's outline only, and is no bar.
    """
    across = pixels.transpose(1, 0, 2)
    return _bar(pixels), _bar(pixels[::-1]), _bar(across), _bar(across[::-1])


def _bar(rows: Pixels) -> float:
    count = len(rows)
    colour = rows[0].mean(axis=0)
    depth = 0
    while depth < count and _is_flat(rows[depth], colour):
        depth += 1
    if depth in (0, count):
        return 0.0
    beyond = rows[min(depth + _EDGE, count - 1)]
    differs = np.abs(beyond - colour).max(axis=1) > _OTHER
    return depth / count if differs.mean() > 0.5 else 0.0


def _is_flat(row: Pixels, colour: npt.NDArray[np.float64]) -> bool:
    return bool((np.abs(row - colour) <= _SAME).all())


def flat_ground(pixels: Pixels) -> tuple[float, float]:
    """Share of the picture in the border's commonest colour; and again, if that is white, else 0.

    Colours count as one within 8 levels in 255.
    """
    step = max(1, min(pixels.shape[:2]) // 128)
    small = pixels[::step, ::step]
    border = np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]])
    codes = (border >> 4).astype(np.int32) @ np.array([256, 16, 1], dtype=np.int32)
    commonest = np.bincount(codes).argmax()
    colour = np.median(border[codes == commonest], axis=0)
    share = float((np.abs(small - colour).max(axis=2) <= _SAME).mean())
    return share, share if colour.min() >= 255 - _SAME else 0.0


def mean_colour(pixels: Pixels) -> tuple[float, float, float]:
    """Mean red, green and blue, 0-255."""
    red, green, blue = pixels.mean(axis=(0, 1)).tolist()
    return red, green, blue


def jpeg_grid(grey: _Plane) -> tuple[float, float, float]:
    """How far 8 x 8 blocks stand out: in place, across and down, and shifted (the stronger).

    Differences across a corner of four pixels, |a - b - c + d|, are averaged by column (row)
    modulo 8: natural pictures have all eight alike, JPEG lifts the one at the blocks' seams. The
    value is the log of the lift. A shifted grid is one of an earlier life, before cropping.

    Source: Z. Fan, R. L. de Queiroz, "Identification of bitmap compression history", IEEE
    Transactions on Image Processing 12(2), 2003.
    """
    corner = np.abs(grey[:-1, :-1] - grey[:-1, 1:] - grey[1:, :-1] + grey[1:, 1:])
    corner = np.minimum(corner, _STRONG_LINE)
    across, down = _lifts(corner.mean(axis=0)), _lifts(corner.mean(axis=1))
    shifted = max(across[:-1].max(), down[:-1].max())
    return float(across[-1]), float(down[-1]), float(shifted)


def _lifts(means: _Plane) -> npt.NDArray[np.float64]:
    whole = means[: len(means) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    by_phase = whole.mean(axis=0, dtype=np.float64) + 0.01
    lifts: npt.NDArray[np.float64] = np.log(by_phase / np.median(by_phase))
    return lifts


def top_bands(grey: _Plane) -> tuple[float, float, float]:
    """Log10 shares of spectral energy in the top quarter of frequencies, across and down, and
    in the band below it, any direction.

    Enlarging leaves the top empty, shrinking fills it; a picture squashed to a square has one
    more than the other. Energy below 1/16 cycle a pixel (areas, not lines) is not counted. The
    spectrum is the mean over windows of one size, so that it does not tell the picture's.

    Source: P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra",
    IEEE Transactions on Audio and Electroacoustics 15(2), 1967.
    """
    side = min(_WINDOW, *grey.shape)
    power = _spectrum(grey, side)
    down = np.abs(np.fft.fftfreq(side))[:, np.newaxis]
    across = np.fft.rfftfreq(side)[np.newaxis, :]
    furthest = np.maximum(down, across)
    total = power[furthest > 1 / 16].sum() + 1e-9

    def share(band: npt.NDArray[np.bool_]) -> float:
        return float(np.log10(power[band].sum() / total + 1e-9))

    return (
        share((across > 3 / 8) & (down <= 3 / 8)),
        share((down > 3 / 8) & (across <= 3 / 8)),
        share((furthest > 1 / 4) & (furthest <= 3 / 8)),
    )


def _spectrum(grey: _Plane, side: int) -> _Plane:
    """Mean power over windows side by side, ``(side, side // 2 + 1)``."""
    rows, columns = grey.shape[0] // side, grey.shape[1] // side
    tiles = grey[: rows * side, : columns * side].reshape(rows, side, columns, side)
    tiles = tiles.transpose(0, 2, 1, 3)
    tiles = tiles - tiles.mean(axis=(2, 3), keepdims=True)
    taper = np.hanning(side).astype(np.float32)
    power: _Plane = np.abs(np.fft.rfft2(tiles * taper * taper[:, np.newaxis])) ** 2
    mean: _Plane = power.mean(axis=(0, 1))
    return mean


def _grey(pixels: Pixels) -> _Plane:
    """Luma of the centre, cut where blocks of the whole begin (ITU-R BT.601)."""
    height, width = pixels.shape[:2]
    top = max(0, (height - _CROP) // 2) // _BLOCK * _BLOCK
    left = max(0, (width - _CROP) // 2) // _BLOCK * _BLOCK
    centre = pixels[top : top + _CROP, left : left + _CROP].astype(np.float32)
    return centre @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
