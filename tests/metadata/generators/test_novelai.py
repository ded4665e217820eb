"""NovelAI's metadata and its signature, in files: what proves, and what only hints."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.formats import walk
from tegaki.metadata import examine, read
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.metadata.pixels.signature import Signatures
from tegaki.results.claim import Claim
from tests.metadata.generators.test_tools import only, saved


@pytest.fixture
def signed(shared: Any) -> Image.Image:
    with Image.open(shared / "fixtures" / "novelai_v3_signed_128.png") as picture:
        picture.load()
        return picture.copy()


def info_of(picture: Image.Image) -> PngInfo:
    info = PngInfo()
    for key, value in picture.info.items():
        if isinstance(value, str):
            info.add_text(str(key), value)
    return info


def in_text(data: bytes) -> Claim:
    return next(c for c in read(data) if "tEXt" in c.place.path)


def test_transplanted_metadata_is_caught_in_every_kind_of_picture(signed: Image.Image) -> None:
    info = info_of(signed)
    assert in_text(saved(signed, info)).strength == "proof"
    for mode in ("RGB", "RGBA", "L", "P", "LA", "1"):
        claim = in_text(saved(Image.linear_gradient("L").convert(mode), info))
        assert claim.strength == "hint", mode
        assert "does not fit these pixels" in claim.note


def test_a_picture_painted_over_with_transparency_is_not_proven(signed: Image.Image) -> None:
    info = info_of(signed)
    changed = signed.copy()
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, (changed.height, changed.width), dtype=np.uint8) * 255
    changed.putalpha(Image.fromarray(mask))
    assert in_text(saved(changed, info)).strength == "hint"


def test_a_second_comment_hides_no_signature(signed: Image.Image) -> None:
    info = info_of(signed)
    info.add_text("Comment", "{}")
    assert "proof" in {c.strength for c in read(saved(signed, info)) if "tEXt" in c.place.path}


def test_false_comments_take_no_proof_from_the_copy_in_the_pixels(signed: Image.Image) -> None:
    info = PngInfo()
    info.add_text("Software", "NovelAI")
    for number in range(4):
        comment = signed_comment(signed) | {"seed": number, "signed_hash": "AAAA"}
        info.add_text("Comment", json.dumps(comment))
    strengths = {claim.place.path: claim.strength for claim in read(saved(signed, info))}
    assert strengths["PNG pixels (alpha)"] == "proof"


def test_a_text_without_model_and_signature_is_a_hint() -> None:
    said = {"prompt": "a fox", "steps": 28, "seed": 1, "scale": 5}
    bare = [("Software", "NovelAI"), ("Comment", json.dumps(said))]
    old = ("Source", "Stable Diffusion F1022D28")
    for texts, strength in ((bare, "hint"), ([*bare, old], "declared")):
        info = PngInfo()
        for key, value in texts:
            info.add_text(key, value)
        assert only(saved(Image.linear_gradient("L"), info)).strength == strength


def signed_comment(picture: Image.Image) -> dict[str, Any]:
    return dict(json.loads(picture.info["Comment"]))


def novelais(comment: dict[str, Any], **more: str) -> PngInfo:
    info = PngInfo()
    for key, value in {"Software": "NovelAI", "Comment": json.dumps(comment), **more}.items():
        info.add_text(key, value)
    return info


def test_what_stands_beside_a_signed_comment_is_not_proven(signed: Image.Image) -> None:
    info = novelais(signed_comment(signed), Title="AI augmented image", Source="My Own Brush")
    claim = in_text(saved(signed, info))
    assert (claim.strength, claim.kind) == ("proof", "generated")
    assert (claim.model, "model's name is not signed" in claim.note) == ("My Own Brush", True)
    empty = novelais({}, Title="AI augmented image", Description="a fox")
    assert only(saved(Image.new("RGB", (8, 8)), empty)).strength == "hint"


def test_the_same_samples_in_another_shape_are_another_picture(signed: Image.Image) -> None:
    samples = np.asarray(signed.convert("RGB"))
    reshaped = Image.fromarray(samples.reshape(256, 64, 3))
    claim = in_text(saved(reshaped, novelais(signed_comment(signed))))
    assert (claim.strength, "does not fit these pixels" in claim.note) == ("hint", True)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_not_proven(signed: Image.Image, form: str) -> None:
    """The signed picture is the first, which need not be shown."""
    first, other = signed.convert("RGB"), Image.linear_gradient("L").resize((128, 128))
    said = {"Software": "NovelAI", "Comment": json.dumps(signed_comment(signed))}
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + json.dumps(said).encode()
    options = {"exif": exif.tobytes()} | (
        {"lossless": True, "exact": True} if form == "WEBP" else {}
    )
    moving = options | {"save_all": True, "append_images": [other.convert("RGB")]}
    for given, strength in ((options, "proof"), (moving, "hint")):
        buffer = io.BytesIO()
        first.save(buffer, form, **given)
        (claim,) = read(buffer.getvalue())
        assert claim.strength == strength
    assert "may show several" in claim.note


def test_dropping_the_signature_makes_no_text_stronger(signed: Image.Image) -> None:
    plain = {k: v for k, v in signed_comment(signed).items() if k != "signed_hash"}
    claim = in_text(saved(signed, novelais(plain)))
    assert (claim.strength, "has no signature" in claim.note) == ("hint", True)
    later = {"prompt": "a fox", "steps": 28, "seed": 1}
    for source in ("NovelAI Diffusion V4.5 C02D4F98", "Stable Diffusion XL C1E1DE52"):
        assert only(saved(signed.convert("L"), novelais(later, Source=source))).strength == "hint"
    early = novelais(later, Source="Stable Diffusion F64BA557")
    assert only(saved(signed.convert("L"), early)).strength == "declared"
    short = novelais({"req_type": "lineart"}, Source="NovelAI Diffusion V4.5 C02D4F98")
    augmented = only(saved(signed.convert("L"), short))
    assert (augmented.kind, augmented.strength) == ("edited-with-ai", "declared")


def test_few_signatures_of_one_file_are_checked() -> None:
    """Each is over all samples; those of one Comment are checked once."""
    comments = [{"signed_hash": "A" * 86 + "==", "seed": at // 2} for at in range(40)]
    data = saved(Image.new("RGB", (8, 8)), PngInfo())
    signatures = Signatures(StoredPicture(data, walk(data)))
    answers = [signatures.answer(each) for each in comments]
    assert answers == ["differs"] * 8 + ["unchecked"] * 32


def test_without_pixels_a_signature_is_not_checked(signed: Image.Image) -> None:
    (claim, *_) = examine(saved(signed, info_of(signed)), pixels=False).claims
    assert (claim.strength, "could not be checked" in claim.note) == ("hint", True)
