"""Watermarks of the library ``invisible-watermark``, by the payloads that tools are known for.

The mark (``ShieldMnt/invisible-watermark:imwatermark/maxDct.py``, ``dwtDctSvd.py``) lies in U of
YUV, in the low-pass quarter of a one-level Haar transform, one bit to each block of 4x4
coefficients, which is 8x8 pixels. Only a picture that was never compressed with loss still has it.

OpenCV rounds Y and U to whole numbers before the transform. Here nothing is rounded, so that the
transform, a sum, can be taken before the conversion. A coefficient then differs from OpenCV's by
less than 2, where the encoder leaves 9 to the nearest border between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.results.claim import Claim, Location

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

_SCALE = 36.0  # the library's default for U, in both methods
_MIN_PIXELS = 256 * 256  # the library marks nothing smaller (imwatermark/watermark.py)
# 0.2 loses marks that are read to the last bit (0.14 in flat pictures) and keeps no false one out:
# tools/watermark_false_alarms.py finds none with 0.1 either.
MIN_MARGIN = 0.1
_MOST_PIXELS = 4 * 1024 * 1024
_MOST_COLUMNS = _MOST_PIXELS // 8
_POWER_ROUNDS = 4
_SAMPLED, _WORTH = 4096, 0.65
_RED, _GREEN, _BLUE, _TO_U = np.array([0.299, 0.587, 0.114, 0.492], np.float32)


@dataclass(frozen=True, slots=True)
class Payload:
    """A mark that a tool writes.

    ``least``: matching bits that make a hit. Chance alone gives that many with a probability of
    at most 8e-10, the SDXL payload's (binomial tail).
    """

    tool: str
    name: str
    bits: tuple[bool, ...]
    least: int


@dataclass(frozen=True, slots=True)
class WatermarkHit:
    """How well one payload fits.

    Attributes:
        name: the tool that writes it.
        payload: what it says, as bytes or as a number.
        way: how it was read: the library's method, and what else is odd.
        matched, bits: how many of the payload's bits were read, and how many it has.
        margin: mean distance of a bit's votes from one half, 0 to .5: how decided the blocks are.
    """

    name: str
    payload: str
    way: str
    matched: int
    bits: int
    margin: float

    def claim(self, place: Location) -> Claim:
        """What the mark says: a hint. It can be written into any picture, and nothing signs it."""
        return Claim(
            tool=self.name,
            carrier="invisible watermark",
            kind="generated",
            strength="hint",
            place=place,
            note=f"{self.matched} of {self.bits} bits of {self.payload} read by {self.way}.",
        )


def _of_bytes(text: bytes) -> tuple[bool, ...]:
    return _of_digits("".join(f"{byte:08b}" for byte in text))


def _of_digits(digits: str) -> tuple[bool, ...]:
    return tuple(digit == "1" for digit in digits)


PAYLOADS = (
    # CompVis/stable-diffusion:scripts/txt2img.py
    Payload("Stable Diffusion v1", "StableDiffusionV1", _of_bytes(b"StableDiffusionV1"), 108),
    # Stability-AI/stablediffusion:scripts/txt2img.py
    Payload("Stable Diffusion v2", "SDV2", _of_bytes(b"SDV2"), 32),
    # huggingface/diffusers:src/diffusers/pipelines/stable_diffusion_xl/watermark.py
    Payload("Stable Diffusion XL", "0xB3EC907BB19E", _of_digits(f"{0xB3EC907BB19E:b}"), 44),
    # black-forest-labs/flux:src/flux/util.py; two leading zeros of the constant are never written
    Payload("FLUX", "0x2AFE879CF52E", _of_digits(f"{0x2AFE879CF52E:b}"), 43),
    # invoke-ai/InvokeAI, the watermark node's default text
    Payload("InvokeAI", "InvokeAI", _of_bytes(b"InvokeAI"), 57),
)


def find_watermark(rgb: npt.NDArray[np.uint8]) -> list[WatermarkHit]:
    """The known payloads that a picture carries; at most one hit for each.

    Args:
        rgb: uint8 ``(height, width, 3)``, at the size and with the samples of the file. Below
            256 x 256 pixels in all nothing is looked for.
    """
    best: dict[str, WatermarkHit] = {}
    for payload, hit in score_watermarks(rgb):
        if hit.matched >= payload.least and hit.margin >= MIN_MARGIN:
            rival = best.get(payload.name)
            if rival is None or hit.matched > rival.matched:
                best[payload.name] = hit
    return list(best.values())


def score_watermarks(rgb: npt.NDArray[np.uint8]) -> Iterator[tuple[Payload, WatermarkHit]]:
    """How well each payload fits in each way of reading, hit or not; see ``find_watermark``."""
    height, width = rgb.shape[:2]
    if is_large_enough(width, height):
        yield from _scores(rgb[: rows_read(width), :_MOST_COLUMNS])


def may_hold_watermark(image: Image.Image) -> bool:
    """Whether :func:`find_watermark` may find something, from a part of the blocks.

    They stand in rows spread over the picture, since a part of it may be white or black and have
    lost its mark. Of 169 marked pictures (drawings, photographs, flat and shaded areas, each
    payload) whose mark the full look finds, none had fewer than 72 % of a payload's bits here; of
    77 unmarked ones, 67 had less than 65 % of all.

    Args:
        image: of mode RGB or RGBA, with room for a mark.
    """
    width, height = image.size
    width = min(width, _MOST_COLUMNS)  # beyond, one row of blocks is all that is read
    down, across = min(height, rows_read(width)) // 8, width // 8
    taken = np.unique(np.linspace(0, down - 1, -(-_SAMPLED // across)).astype(int))
    rows = [image.crop((0, 8 * row, width, 8 * row + 8)) for row in taken.tolist()]
    rgb = np.concatenate([np.asarray(row)[:, :, :3] for row in rows])
    numbers = np.add.outer(taken * across, np.arange(across)).ravel()
    return any(hit.matched >= _WORTH * hit.bits for _, hit in _scores(rgb, numbers))


def is_large_enough(width: int, height: int) -> bool:
    """Whether anything is looked for in a picture of that size."""
    return height * width >= _MIN_PIXELS and min(height, width) >= 8


def rows_read(width: int) -> int:
    """How many rows a mark is looked for in: blocks are counted row by row, the first suffice."""
    return max(8, _MOST_PIXELS // width)


def _scores(
    rgb: npt.NDArray[np.uint8], numbers: npt.NDArray[np.intp] | None = None
) -> Iterator[tuple[Payload, WatermarkHit]]:
    """``numbers``: those of the blocks in the whole picture, where they do not begin with 0."""
    readings = list(_readings(rgb))
    if numbers is None:
        numbers = np.arange(readings[0][1].size)
    for payload in PAYLOADS:
        period = len(payload.bits)
        turns = numbers % period  # block k votes for bit k modulo the length
        counts = np.bincount(turns, minlength=period)
        for way, votes in readings:
            means = np.bincount(turns, votes, period) / np.maximum(counts, 1)
            matched, margin = _compare(means, payload.bits)
            yield payload, WatermarkHit(payload.tool, payload.name, way, matched, period, margin)


def _readings(rgb: npt.NDArray[np.uint8]) -> Iterator[tuple[str, Bits]]:
    """A name and the blocks' votes, row by row, for each way that marks are known to be written.

    Red and blue swapped: ``Stability-AI/generative-models`` before pull request 25 (July 2023) and
    ``huggingface/diffusers`` before pull request 7013 (February 2024) gave the encoder, which
    takes BGR, their RGB.
    """
    blocks, swapped = _blocks(rgb)
    yield "dwtDct", _votes(_largest_but_first(blocks))
    yield "dwtDct, red and blue swapped", _votes(_largest_but_first(swapped))
    yield "dwtDctSvd", _votes(_largest_singular_value(blocks))


def _blocks(rgb: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Low-pass Haar coefficients of U, and of U with red and blue swapped, in blocks.

    Returns:
        Two arrays float32 ``(4, 4, blocks)``, every value 0 to 510: row and column in the block,
        and the blocks row by row. Pixels right of and below the last whole block are left out.
    """
    down, across = rgb.shape[0] // 8, rgb.shape[1] // 8
    whole = rgb[: down * 8, : across * 8]
    rows = np.add(whole[0::2], whole[1::2], dtype=np.uint16)
    # no matrix product: a threaded one waits long for cores that other work keeps busy
    red, green, blue = (
        np.add(rows[:, 0::2, channel], rows[:, 1::2, channel], dtype=np.float32)
        for channel in range(3)
    )
    straight, swapped = _low_pass_u(red, green, blue), _low_pass_u(blue, green, red)
    return _in_blocks(straight, down, across), _in_blocks(swapped, down, across)


def _in_blocks(coefficients: Floats, down: int, across: int) -> Floats:
    """``(down * 4, across * 4)`` to ``(4, 4, down * across)``."""
    apart = coefficients.reshape(down, 4, across, 4)
    return apart.transpose(1, 3, 0, 2).reshape(4, 4, down * across)


def _low_pass_u(red: Floats, green: Floats, blue: Floats) -> Floats:
    """Haar coefficients of U from sums of 2x2 samples, of which they are the half.

    U = .492 (B - Y) + 128 with Y = .299 R + .587 G + .114 B, as OpenCV has it.
    """
    luma = _RED * red + _GREEN * green + _BLUE * blue
    coefficients: Floats = (_TO_U * (blue - luma) + np.float32(4 * 128)) / np.float32(2)
    return coefficients


def _largest_but_first(blocks: Floats) -> Floats:
    """The largest coefficient of each block, its first left out; none of them is negative."""
    largest: Floats = blocks.reshape(16, -1)[1:].max(axis=0)
    return largest


def _largest_singular_value(blocks: Floats) -> Floats:
    """By power iteration from (1, 1, 1, 1).

    A block has no negative coefficient, so its first singular vector has none either (Perron and
    Frobenius) and is never orthogonal to the start. U varies little around 128: the second value
    is a small part of the first, and few rounds suffice.
    """
    vector = np.full((4, blocks.shape[2]), 0.5, np.float32)
    for _ in range(_POWER_ROUNDS):
        vector = (blocks * (blocks * vector).sum(axis=1)[:, None]).sum(axis=0)
        vector /= np.maximum(np.linalg.norm(vector, axis=0), np.float32(1e-9))
    largest: Floats = np.linalg.norm((blocks * vector).sum(axis=1), axis=0)
    return largest


def _votes(values: Floats) -> Bits:
    return np.remainder(values, np.float32(_SCALE)) > _SCALE / 2


def _compare(means: npt.NDArray[np.float64], payload: tuple[bool, ...]) -> tuple[int, float]:
    """Bits that match, and the margin, from the mean vote for each bit."""
    bits = means * 255 > 127  # the library's border, a little under one half
    return int((bits == np.array(payload)).sum()), float(np.abs(means - 0.5).mean())
