"""NovelAI's signature on real files: both copies of the Comment, and what breaks it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tegaki.metadata.pixels.signature import verify_signature
from tegaki.metadata.pixels.stealth import find_stealth

EXIF_IFD, USER_COMMENT = 0x8769, 0x9286


def file_comment(path: Path) -> dict[str, Any]:
    """The Comment in the file's texts; in a WebP it is one level deeper, behind ``ASCII``."""
    with Image.open(path) as image:
        if image.format == "PNG":
            return dict(json.loads(image.info["Comment"]))
        text = image.getexif().get_ifd(EXIF_IFD)[USER_COMMENT][8:]
    return dict(json.loads(json.loads(text)["Comment"]))


def hidden_comment(path: Path) -> dict[str, Any]:
    (text,) = find_stealth(path.read_bytes())
    return dict(json.loads(json.loads(text.text)["Comment"]))


def samples(path: Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)[:, :, :3]


@pytest.mark.parametrize("comment_of", [file_comment, hidden_comment], ids=["file", "pixels"])
@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("novelai_v3_signed_128.png", True),
        ("novelai_v45_signed.png", True),
        ("novelai_v45_signed.webp", True),
        ("novelai_reinjected_badsig_128.png", False),
        ("novelai_v2_unsigned_128.png", False),
    ],
)
def test_real_files(shared: Path, name: str, verdict: bool, comment_of: Any) -> None:
    path = shared / "fixtures" / name
    assert verify_signature(comment_of(path), samples(path)) is verdict


@pytest.fixture
def signed(shared: Path) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
    path = shared / "fixtures" / "novelai_v3_signed_128.png"
    return file_comment(path), samples(path).copy()


def test_one_changed_sample_breaks_it(signed: Any) -> None:
    comment, rgb = signed
    rgb[77, 5, 2] ^= 1
    assert verify_signature(comment, rgb) is False


def test_any_changed_word_breaks_it(signed: Any) -> None:
    comment, rgb = signed
    for key in set(comment) - {"signed_hash"}:
        assert verify_signature({**comment, key: "another"}, rgb) is False, key


def test_numbers_keep_the_spelling_that_was_signed(signed: Any) -> None:
    comment, rgb = signed
    floats = {key: int(v) for key, v in comment.items() if isinstance(v, float) and v == int(v)}
    assert floats, "the fixture has a number such as 10.0"
    assert verify_signature({**comment, **floats}, rgb) is False


def test_the_order_of_the_keys_counts(signed: Any) -> None:
    comment, rgb = signed
    assert verify_signature(dict(reversed(comment.items())), rgb) is False


@pytest.mark.parametrize(
    "signature",
    [None, 7, "", "not base64!", "\N{SNOWMAN}", base64.b64encode(bytes(63)).decode(), ["x"]],
)
def test_a_signature_of_another_form_fails(signature: Any) -> None:
    rgb = np.zeros((2, 2, 3), np.uint8)
    assert verify_signature({"prompt": "x", "signed_hash": signature}, rgb) is False


def test_what_json_can_hold_never_raises() -> None:
    comment = json.loads('{"signed_hash": "AAAA", "a": [NaN, 1e999, "\\ud800"], "b": {"c": null}}')
    assert verify_signature(comment, np.zeros((1, 1, 3), np.uint8)) is False
