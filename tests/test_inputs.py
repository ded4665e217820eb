"""What can be handed to a detector: the same pixels have the same logits in every form."""

from __future__ import annotations

import io
import itertools
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tegaki import Detector, InputError, Limits, Result
from tegaki.imaging import HeldPicture
from tegaki.scoring import NO_FILE
from tests.conftest import painting
from tests.imaging.made import chunk, gama, grey_profile, iccp, p3_profile, with_chunks


@pytest.fixture(scope="module")
def png() -> bytes:
    return saved(painting(300, 400))


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def error(row: Result) -> str:
    assert row.error is not None
    return f"{row.error.type}: {row.error.message}"


FORMS: dict[str, Callable[[bytes], Any]] = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "a memoryview with steps": lambda data: np.repeat(np.frombuffer(data, np.uint8), 2).data[::2],
    "a file in memory": io.BytesIO,
    "Pillow, opened": opened,
    "Pillow, decoded": lambda data: opened(data).convert("RGBA"),
    "RGB samples": lambda data: np.array(opened(data)),
    "RGBA samples": lambda data: np.array(opened(data).convert("RGBA")),
    "samples in Fortran's order": lambda data: np.asfortranarray(np.array(opened(data))),
    "samples, read-only": lambda data: np.asarray(opened(data)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_pixels_have_the_same_logits(detector: Detector, png: bytes, form: str) -> None:
    row, expected = detector.inspect(FORMS[form](png)), detector.inspect(png)
    assert row.views == expected.views
    assert (row.verdict, row.width, row.height, row.alpha) == (expected.verdict, 300, 400, False)
    assert row.path == ""


def test_grey_samples(detector: Detector) -> None:
    grey = painting().convert("L")
    assert detector.inspect(np.array(grey)).views == detector.inspect(saved(grey)).views


def test_paths_and_files(detector: Detector, png: bytes, tmp_path: Path) -> None:
    path = tmp_path / "絵.png"
    path.write_bytes(png)
    expected = detector.inspect(str(path))
    assert expected.path == str(path)
    (entry,) = os.scandir(tmp_path)
    for form in (path, entry):
        assert detector.inspect(form) == expected
    with path.open("rb") as file:
        assert detector.inspect(file) == expected
        assert not file.closed
        assert error(detector.inspect(file)).startswith("EmptyFile: nothing is left to read after")
    with path.open("rb", buffering=0) as file:
        assert detector.inspect(file, "another name").path == "another name"
    with Image.open(path) as picture:
        assert detector.inspect(picture).path == str(path)


def test_a_file_is_read_from_where_it_stands(detector: Detector, png: bytes) -> None:
    file = io.BytesIO(b"before" + png)
    file.seek(6)
    assert detector.inspect(file) == detector.inspect(png)


def test_a_member_of_an_archive(detector: Detector, png: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inside.png", png)
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "b.zip").write_bytes(whole.replace(png[-40:-20], bytes(20)))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("inside.png") as file:
        assert detector.inspect(file) == detector.inspect(png, "inside.png")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive, archive.open("inside.png") as file:
        assert error(detector.inspect(file)).startswith("UnreadableFile: it could not be read: Bad")


def test_pixels_without_a_file_say_so(detector: Detector, png: bytes) -> None:
    for picture in (opened(png), np.array(opened(png))):
        row = detector.inspect(picture)
        assert (row.sha256, row.size_bytes, row.format, row.claims) == (None, None, None, ())
        assert NO_FILE in row.reasons
    assert NO_FILE not in detector.inspect(png).reasons


# ---- Pillow's modes ----------------------------------------------------------------------------


def modes() -> Iterator[tuple[str, Image.Image, str]]:
    """Pictures of every mode that a file can have, and the format that keeps it."""
    rgb = painting(200, 240)
    fading = rgb.convert("RGBA")
    fading.putalpha(Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (240, 1))))
    palette = rgb.quantize(64)
    see_through = palette.copy()
    see_through.info["transparency"] = 3
    sixteen = Image.fromarray(np.arange(200 * 240, dtype=np.uint16).reshape(240, 200) + 9000)
    yield "1", rgb.convert("1"), "PNG"
    yield "L", rgb.convert("L"), "PNG"
    yield "LA", fading.convert("LA"), "PNG"
    yield "P", palette, "PNG"
    yield "P with a transparent colour", see_through, "PNG"
    yield "RGB", rgb, "BMP"
    yield "RGBA", fading, "PNG"
    yield "I;16", sixteen, "PNG"
    yield "CMYK", rgb.convert("CMYK"), "TIFF"
    yield "YCbCr", rgb.convert("YCbCr"), "TIFF"


@pytest.mark.parametrize(
    ("picture", "kind"), [pytest.param(picture, kind, id=mode) for mode, picture, kind in modes()]
)
def test_every_mode_is_judged_as_its_file(
    detector: Detector, picture: Image.Image, kind: str
) -> None:
    held, file = detector.inspect(picture), detector.inspect(saved(picture, kind))
    assert held.error is None
    assert (held.views, held.alpha) == (file.views, file.alpha)
    assert detector.inspect(opened(saved(picture, kind))).views == file.views


def colored() -> Iterator[tuple[str, bytes]]:
    """Files in other colour spaces than sRGB."""
    rgb, grey = painting(200, 240), painting(200, 240).convert("L")
    profile = p3_profile()
    yield "PNG", with_chunks(saved(rgb), iccp(profile))
    yield "PNG with alpha", saved(rgb.convert("RGBA"), icc_profile=profile)
    yield "palette", saved(rgb.quantize(64), icc_profile=profile)
    yield "grey", saved(grey, icc_profile=grey_profile(1))
    yield "JPEG", saved(rgb, "JPEG", icc_profile=profile)
    yield "gAMA", with_chunks(saved(rgb), gama(0.6))
    yield "gAMA and sRGB", with_chunks(saved(rgb), gama(0.6), chunk(b"sRGB", b"\0"))
    primaries = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    yield "gAMA and cHRM", with_chunks(saved(rgb), gama(0.45455), chunk(b"cHRM", primaries))


@pytest.mark.parametrize("data", [pytest.param(data, id=kind) for kind, data in colored()])
def test_colours_are_converted_as_for_files(detector: Detector, data: bytes) -> None:
    picture, expected = opened(data), detector.inspect(data)
    assert detector.inspect(picture).views == expected.views
    assert detector.inspect(picture.copy()).views == expected.views
    plain = np.array(opened(data).convert("RGB"))
    said_srgb = b"sRGB" in data
    assert (detector.inspect(plain).views == expected.views) is said_srgb


@pytest.mark.parametrize("size", [(200, 900), (1200, 300)])
def test_long_pictures_have_the_same_tiles_as_files(
    detector: Detector, size: tuple[int, int]
) -> None:
    data = saved(painting(*size))
    expected = detector.inspect(data)
    assert len(expected.views) > 1
    for picture in (opened(data), np.array(opened(data))):
        row = detector.inspect(picture)
        assert (row.views, row.judged_area) == (expected.views, expected.judged_area)
        assert row.thumbnail == expected.thumbnail


@pytest.mark.parametrize("mode", ["RGBa", "La", "PA", "RGBX", "HSV"])
def test_modes_that_no_file_has(detector: Detector, mode: str) -> None:
    source = {"RGBa": "RGBA", "La": "LA", "PA": "P"}.get(mode, "RGB")
    row = detector.inspect(painting().convert(source).convert(mode))
    assert row.error is None
    assert row.alpha is False


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_modes_without_one_meaning(detector: Detector, mode: str) -> None:
    row = detector.inspect(Image.new(mode, (100, 100)))
    assert error(row) == f"UnsupportedPicture: pixels of kind {mode} have no defined 8-bit RGB form"
    assert (row.width, NO_FILE in row.reasons) == (100, True)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_orientation_is_applied_as_for_files(
    detector: Detector, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(painting(150, 260), kind, exif=exif, **options)
    expected, picture = detector.inspect(data), opened(data)
    row = detector.inspect(picture)
    assert (row.views, row.width, row.height) == (expected.views, expected.width, expected.height)
    if kind != "TIFF":  # which Pillow turns upright by itself
        assert detector.inspect(picture.copy()).views == expected.views


def test_a_picture_is_left_as_it_was(detector: Detector) -> None:
    data = saved(painting(), "WEBP", xmp=b"<x:xmpmeta tiff:Orientation='6'/>", lossless=True)
    picture = opened(data)
    picture.load()
    info, pixels = dict(picture.info), picture.tobytes()
    assert detector.inspect(picture).views == detector.inspect(data).views
    assert (picture.info, picture.tobytes()) == (info, pixels)


def test_a_picture_stands_for_its_frame(detector: Detector) -> None:
    frames = [painting(seed=k) for k in range(2)]
    picture = opened(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    picture.seek(1)
    row = detector.inspect(picture)
    assert row.views == detector.inspect(np.array(picture.convert("RGB"))).views
    assert row.animated is False


# ---- limits and mistakes -----------------------------------------------------------------------


def test_limits_are_those_of_files(png: bytes) -> None:
    detector = Detector.load("fast", limits=Limits(max_pixels=100_000, max_bytes=1000))
    for picture in (opened(png), np.zeros((400, 300), np.uint8)):
        assert error(detector.inspect(picture)) == (
            "TooManyPixels: 300 x 400 pixels, over the limit of 100,000"
        )
    for content in (png, bytearray(png), memoryview(png)):
        expected = f"FileTooLarge: {len(png):,} bytes, over the limit of 1,000"
        assert error(detector.inspect(content)) == expected
    assert error(detector.inspect(io.BytesIO(png))) == "FileTooLarge: over the limit of 1,000 bytes"


@pytest.mark.parametrize("shape", [(0, 0), (0, 9, 3), (63, 500), (500, 63, 4)])
def test_small_arrays(detector: Detector, shape: tuple[int, ...]) -> None:
    assert error(detector.inspect(np.zeros(shape, np.uint8))).startswith("TooSmall: ")


def test_blank_and_empty(detector: Detector) -> None:
    assert error(detector.inspect(Image.new("RGB", (99, 99)))).startswith("BlankPicture: ")
    assert error(detector.inspect(np.full((99, 99, 4), 7, np.uint8))).startswith("BlankPicture: ")
    for nothing in (b"", bytearray(), io.BytesIO()):
        assert error(detector.inspect(nothing)) == "EmptyFile: the file is empty"


def test_a_damaged_picture_that_pillow_has_opened(detector: Detector, png: bytes) -> None:
    assert error(detector.inspect(opened(png[:-500]))).startswith("TruncatedPicture: ")


def closed(picture: Image.Image) -> Image.Image:
    picture.close()
    return picture


def closed_file() -> io.BytesIO:
    file = io.BytesIO()
    file.close()
    return file


MISTAKES: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "a number": (lambda _: 3, "^a path, bytes, .* is taken, not int$"),
    "nothing": (lambda _: None, "not NoneType$"),
    "a list": (lambda _: ["a.png"], "not list$"),
    "floats": (lambda _: np.zeros((99, 99)), r"float64: samples must be uint8.*astype\('uint8'\)"),
    "channels first": (lambda _: np.zeros((3, 99, 99), np.uint8), "shape 3 x 99 x 99: it must be"),
    "a batch": (lambda _: np.zeros((2, 99, 99, 3), np.uint8), "shape 2 x 99 x 99 x 3"),
    "one number": (lambda _: np.uint8(3), "not uint8$"),
    "no dimension": (lambda _: np.array(3, np.uint8), "shape none"),
    "text in memory": (lambda _: io.StringIO("a"), "open as text; open it in binary mode"),
    "a file of text": (lambda _: open(__file__), "open as text"),  # noqa: SIM115
    "a closed file": (lambda _: closed_file(), "the file is closed"),
    "a file to write": (lambda _: open(os.devnull, "wb"), "open for writing alone"),  # noqa: SIM115
    "a closed picture": (lambda png: closed(opened(png)), "the Pillow picture is closed"),
    "a closed picture, decoded": (
        lambda png: closed(opened(png).convert("L")),
        "the Pillow picture is closed",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_of_a_program_are_raised(detector: Detector, png: bytes, mistake: str) -> None:
    make, said = MISTAKES[mistake]
    thing = make(png)
    with pytest.raises(InputError, match=said):
        detector.inspect(thing)
    assert issubclass(InputError, TypeError)
    if isinstance(thing, io.IOBase):
        thing.close()


@given(st.lists(st.integers(0, 6), max_size=4), st.sampled_from(["u1", "i1", "f4", "?", "U3", "O"]))
@settings(max_examples=60, deadline=None)
def test_an_array_is_a_picture_or_a_typed_mistake(shape: list[int], dtype: str) -> None:
    array = np.zeros(shape, dtype)
    is_picture = dtype == "u1" and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4)))
    try:
        held = HeldPicture(array).info
    except InputError:
        assert not is_picture
    else:
        assert is_picture
        assert (held.height, held.width) == tuple(shape[:2])


# ---- many --------------------------------------------------------------------------------------


def test_many_of_any_mix_in_order(detector: Detector, png: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png)
    array, picture = np.array(opened(png)), opened(png)

    def mix() -> Iterator[Any]:
        yield from (tmp_path / "a.png", png, array, "missing.png")
        yield from (picture, io.BytesIO(png), picture, b"", array)

    one, four = (list(detector.inspect_many(mix(), workers=n)) for n in (1, 4))
    assert [row.views for row in one] == [row.views for row in four]
    logits = detector.inspect(png).views
    assert [row.views == logits for row in four] == [
        True, True, True, False, True, True, True, False, True,
    ]  # fmt: skip
    assert [row.error.type for row in four if row.error] == ["FileNotFound", "EmptyFile"]


def test_many_are_taken_lazily(detector: Detector, png: bytes) -> None:
    taken = itertools.count()
    array = np.array(opened(png))
    rows = detector.inspect_many((array for _ in taken), workers=2)
    assert len(list(itertools.islice(rows, 3))) == 3
    assert next(taken) < 3 + 2 * 4 + 2


def test_a_batch_is_many(detector: Detector) -> None:
    batch = np.stack([np.array(painting(seed=k)) for k in range(3)])
    expected = [detector.inspect(each).views for each in batch]
    assert [row.views for row in detector.inspect_many(batch)] == expected


def test_a_mistake_among_many_is_raised_at_its_turn(detector: Detector, png: bytes) -> None:
    for mistake in (3, np.zeros((9, 9))):
        rows = detector.inspect_many([png, png, mistake, png], workers=2)  # type: ignore[list-item]
        assert [next(rows).error, next(rows).error] == [None, None]
        with pytest.raises(InputError):
            next(rows)


@pytest.mark.parametrize(
    "one", ["a.png", Path("a.png"), b"", io.BytesIO(), painting(), np.zeros((9, 9, 3), np.uint8)],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_one_picture_for_many_is_a_mistake(detector: Detector, one: Any) -> None:
    with pytest.raises(InputError, match="several pictures; for one there is inspect"):
        detector.inspect_many(one)
