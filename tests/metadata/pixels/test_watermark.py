"""The watermark reader on marks of an independent writer, and on pictures without any."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from tools.watermark_false_alarms import made_up

from tegaki.metadata.pixels import watermark as watermark_reader
from tegaki.metadata.pixels.watermark import (
    MIN_MARGIN,
    PAYLOADS,
    find_watermark,
    may_hold_watermark,
    score_watermarks,
)
from tegaki.results.claim import Location
from tests.metadata.pixels.encoders import Pixels, watermark


def bits_of(text: bytes) -> list[int]:
    return [byte >> shift & 1 for byte in text for shift in range(7, -1, -1)]


# written out again from the tools' sources, apart from the reader's table
WRITTEN = {
    "StableDiffusionV1": bits_of(b"StableDiffusionV1"),
    "SDV2": bits_of(b"SDV2"),
    "0xB3EC907BB19E": [int(d) for d in "101100111110110010010000011110111011000110011110"],
    "0x2AFE879CF52E": [int(d) for d in "1010101111111010000111100111001111010100101110"],
    "InvokeAI": bits_of(b"InvokeAI"),
}


def textured(width: int = 645, height: int = 517, seed: int = 0) -> Pixels:
    """Mild colours: a mark in samples at 0 or 255 would be cut off."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [110 + 40 * np.sin((x * (c + 1) + y * (3 - c)) / 90) for c in range(3)]
    noise = rng.normal(0, 12, (height, width, 3))
    return np.clip(np.stack(waves, axis=2) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("method", ["dwtDct", "dwtDctSvd"])
@pytest.mark.parametrize("name", WRITTEN)
def test_every_payload_is_read_and_no_other(name: str, method: str) -> None:
    (hit,) = find_watermark(watermark(textured(), WRITTEN[name], method))
    assert (hit.payload, hit.way, hit.bits) == (name, method, len(WRITTEN[name]))
    assert hit.matched >= 0.94 * hit.bits
    assert MIN_MARGIN <= hit.margin <= 0.5


@pytest.mark.parametrize("name", WRITTEN)
def test_a_mark_written_with_red_and_blue_swapped_is_read(name: str) -> None:
    marked = watermark(textured()[:, :, ::-1], WRITTEN[name])[:, :, ::-1]
    (hit,) = find_watermark(marked)
    assert (hit.payload, hit.way) == (name, "dwtDct, red and blue swapped")


@pytest.mark.parametrize("method", ["dwtDct", "dwtDctSvd"])
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("lost", ["nothing", "the upper half", "the left half"])
def test_a_part_of_the_blocks_tells_whether_a_look_is_worth_it(
    name: str, method: str, lost: str
) -> None:
    """White cannot hold a mark: a part of a picture may have none."""
    pixels = textured(832, 768)
    if lost == "the upper half":
        pixels[:384] = 255
    elif lost == "the left half":
        pixels[:, :416] = 255
    marked = watermark(pixels, WRITTEN[name], method)
    assert may_hold_watermark(Image.fromarray(marked))
    if lost == "nothing":
        assert find_watermark(marked)


def test_few_unmarked_pictures_are_worth_a_look() -> None:
    assert sum(may_hold_watermark(Image.fromarray(rgb)) for rgb in made_up()) < 120 // 3


def test_a_hit_becomes_a_claim() -> None:
    (hit,) = find_watermark(watermark(textured(), WRITTEN["InvokeAI"]))
    claim = hit.claim(Location("PNG pixels", 0, 9))
    assert (claim.tool, claim.kind, claim.strength) == ("InvokeAI", "generated", "hint")
    assert claim.place == Location("PNG pixels", 0, 9)
    assert claim.note == f"{hit.matched} of 64 bits of InvokeAI read by dwtDct."


@pytest.mark.parametrize("seed", range(3))
def test_other_payloads_are_no_hit(seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, 48).tolist()
    assert find_watermark(watermark(textured(), bits)) == []


def test_eight_wrong_bits_of_48_are_no_hit() -> None:
    bits = list(WRITTEN["0xB3EC907BB19E"])
    bits[:8] = [1 - bit for bit in bits[:8]]
    assert find_watermark(watermark(textured(), bits)) == []


def test_a_lossy_copy_has_no_mark() -> None:
    marked = Image.fromarray(watermark(textured(), WRITTEN["SDV2"]))
    half = marked.resize((marked.width * 3 // 4, marked.height * 3 // 4))
    assert find_watermark(np.asarray(half)) == []


@pytest.mark.parametrize(
    ("size", "looked"),
    [((256, 256), True), ((255, 256), False), ((8192, 8), True), ((20000, 7), False)],
)
def test_below_256_by_256_pixels_nothing_is_looked_for(size: tuple[int, int], looked: bool) -> None:
    scores = list(score_watermarks(textured(*size)))
    assert len(scores) == (3 * len(PAYLOADS) if looked else 0)


def test_a_cut_picture_keeps_no_more_blocks_than_whole_ones() -> None:
    marked = watermark(textured(), WRITTEN["InvokeAI"])
    assert find_watermark(marked[: 517 // 8 * 8, :])  # rows below the last block carry nothing
    assert find_watermark(marked[:, 8:]) == []  # a column of blocks less: all bits in other places


def test_made_up_pictures_have_no_mark() -> None:
    pictures = list(made_up())
    assert len(pictures) == 120
    assert [find_watermark(rgb) for rgb in pictures] == [[]] * len(pictures)


def test_no_fixture_has_a_mark(shared: Path) -> None:
    """None of them was written by a tool that leaves one."""
    looked = 0
    for path in sorted((shared / "fixtures").iterdir()):
        if path.suffix in (".png", ".webp"):
            with Image.open(path) as image:
                assert find_watermark(np.asarray(image.convert("RGBA"))[:, :, :3]) == [], path.name
            looked += 1
    assert looked > 30


def test_the_singular_value_is_that_of_numpy() -> None:
    """The vote of each block, from the library's own formula, on strong colours."""
    marked = textured(256, 256, seed=5)
    marked[::16, :, 2] = 255
    marked[:, ::24, 0] = 0
    u = _u(marked)
    low = (u[0::2, 0::2] + u[0::2, 1::2] + u[1::2, 0::2] + u[1::2, 1::2]) / 2
    blocks = low.reshape(32, 4, 32, 4).transpose(0, 2, 1, 3).reshape(-1, 4, 4)
    votes = np.linalg.svd(blocks, compute_uv=False)[:, 0] % 36 > 18
    means = np.array([votes[k::32].mean() for k in range(32)])
    scores = {(hit.payload, hit.way): hit for _, hit in score_watermarks(marked)}
    score = scores["SDV2", "dwtDctSvd"]
    assert score.margin == pytest.approx(np.abs(means - 0.5).mean(), abs=0.01)


def _u(rgb: Pixels) -> npt.NDArray[np.float64]:
    r, g, b = (rgb[:, :, channel].astype(np.float64) for channel in range(3))
    return np.asarray(0.492 * (b - (0.299 * r + 0.587 * g + 0.114 * b)) + 128)


def test_a_megapixel_takes_less_than_thirty_milliseconds() -> None:
    rgb = textured(1024, 1024)
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        find_watermark(rgb)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.03


def test_of_a_very_wide_picture_only_a_part_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of its blocks is more than a mark needs."""
    read = []
    readings = watermark_reader._readings

    def spy(rgb: Pixels) -> list[tuple[str, watermark_reader.Bits]]:
        read.append(rgb.shape)
        return list(readings(rgb))

    monkeypatch.setattr(watermark_reader, "_readings", spy)
    find_watermark(np.zeros((8, 1_000_000, 3), np.uint8))
    watermark_reader.may_hold_watermark(Image.new("RGB", (1_000_000, 8)))
    assert [shape[1] for shape in read] == [2**19, 2**19]
