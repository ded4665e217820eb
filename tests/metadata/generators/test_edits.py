"""What each tool writes where it changed a picture that was there: a person may have drawn it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.metadata.generators.test_tools import only, png, with_comment, xmp

SOURCE = "Stable Diffusion F1022D28"  # of version 2, whose pictures were not signed


def easy(**more: str) -> bytes:
    return png(("prompt", "a fox"), ("use_stable_diffusion_model", "sd"), *more.items())


def easy_shown(**more: str) -> bytes:
    named = {"Prompt": "a fox", "Stable Diffusion model": "sd"} | more
    return with_comment(json.dumps(named))


def swarm(**more: Any) -> bytes:
    return png(("parameters", {"sui_image_params": {"prompt": "a fox", "model": "m"} | more}))


def invoke(**image: Any) -> bytes:
    said = {"app_id": "invoke-ai/InvokeAI", "image": {"prompt": "a fox", "seed": 1} | image}
    return png(("sd-metadata", said))


def dream(flags: str = "") -> bytes:
    return png(("Dream", f'"a fox" -s 50 -S 1 -W 512 -H 512 -C 7.5 {flags}'))


def draw_things(strength: float) -> bytes:
    said = {"c": "a fox", "model": "m", "sampler": "e", "seed": 1, "strength": strength}
    return xmp(
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><e:UserComment "
        f'xmlns:e="http://ns.adobe.com/exif/1.0/">{json.dumps(said)}</e:UserComment>'
    )


def novelai(**more: Any) -> bytes:
    said = {"prompt": "a fox", "steps": 28, "seed": 1, "sampler": "k_euler"} | more
    return png(("Software", "NovelAI"), ("Source", SOURCE), ("Comment", said))


def matrix(kind: str) -> bytes:
    said = {"PositivePrompt": "a fox", "ModelName": "m"}
    return png(("smproj", {"ProjectType": kind}), ("parameters-json", said))


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        (novelai(), novelai(request_type="NativeInfillingRequest")),
        (
            novelai(request_type="PromptGenerateRequest"),
            novelai(request_type="VibeTransfer+CharacterReference+Img2ImgRequest"),
        ),
        (swarm(), swarm(initimagecreativity=0.6)),
        (invoke(type="txt2img"), invoke(type="img2img")),
        (invoke(), invoke(orig_hash="ab", strength_steps=0.3)),
        (dream("-A k_lms -G 0.9 -cf 0.75 -U 4 0.95"), dream("-I mine.png -A k_lms -f 0.3")),
        (dream("--fnformat {seed}"), dream("-f0.3")),
        (easy(), easy(prompt_strength="0.3")),
        (easy_shown(), easy_shown(**{"Prompt Strength": "0.3"})),
        (draw_things(1), draw_things(0.3)),
        (matrix("TextToImage"), matrix("Inpainting")),
    ],
    ids=lambda data: "",
)
def test_every_tools_change_of_a_picture_is_an_edit(made: bytes, changed: bytes) -> None:
    assert only(made).kind == "generated"
    claim = only(changed)
    assert (claim.kind, claim.strength) == ("edited-with-ai", "declared")
    assert "may have been drawn" in claim.note
