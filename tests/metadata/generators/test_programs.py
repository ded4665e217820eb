"""Programs that write one text for each field, a caption, bars, or JSON of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegaki.metadata import read
from tegaki.results.claim import EITHER, Claim
from tests.metadata.bytes_made import (
    ASCII,
    PHOTOSHOP,
    UNDEFINED,
    exif_block,
    iptc_block,
    jpeg_exif,
    jpeg_segment,
    jpeg_with,
    jpeg_xmp,
    photoshop_resource,
    riff_chunk,
    webp_with,
    xmp_packet,
)
from tests.metadata.generators.test_tools import ai, comment, only, png

LINES = "a fox\nNegative prompt: blurry\nSteps: 30, CFG scale: 5.0, Guidance: 3.5, Eta: 0.0, "
SDCPP = (
    f"{LINES}Seed: 7, Size: 512x512, Model: m.safetensors, RNG: cuda, Sampler: dpm++2mv2 karras, "
    "Version: stable-diffusion.cpp"
)


def said(claim: Claim) -> tuple[str, str, str]:
    return claim.tool, claim.kind, claim.strength


def fields(prefix: str, plain: dict[str, Any]) -> bytes:
    return png(*((prefix + name, str(value)) for name, value in plain.items()))


# ---- stable-diffusion.cpp and KoboldCpp ----------------------------------------------------------


def test_a_comment_that_names_its_text_is_declared() -> None:
    claim = only(comment(f"parameters\0{SDCPP}\n"))
    assert said(claim) == ("stable-diffusion.cpp", "generated", "declared")
    assert (claim.prompt, claim.negative_prompt, claim.seed) == ("a fox", "blurry", 7)
    assert "people quote" not in claim.note
    assert only(comment(SDCPP)).strength == "hint"


def test_its_xmp_is_read_too() -> None:
    attributes = 'xmlns:s="https://github.com/leejet/stable-diffusion.cpp/ns/1.0/"'
    packet = xmp_packet(f"<s:parameters>{escape(SDCPP)}</s:parameters>", attributes).encode()
    claim = only(webp_with([riff_chunk(b"XMP ", packet)]))
    assert said(claim) == ("stable-diffusion.cpp", "generated", "declared")


def test_its_edit_models_are_named_apart() -> None:
    text = SDCPP.replace("Model: m.safetensors", "Model: ").replace(
        "RNG: cuda", "RNG: cuda, Unet: flux1-kontext-dev-Q8_0.gguf"
    )
    claim = only(png(("parameters", text)))
    assert (claim.model, claim.kind) == ("flux1-kontext-dev-Q8_0.gguf", "edited-with-ai")


KOBOLD = (
    "Prompt: a fox | in snow | NegativePrompt: blurry | Steps: 20 | CFGScale: 5 | Guidance: 3.5 | "
    "Seed: 7 | Size: 512x512 | Sampler: euler_a karras | Clip skip: 2 | Model: m | "
    "Version: KoboldCpp"
)


@pytest.mark.parametrize(
    "data", [png(("parameters", KOBOLD)), comment(f"parameters\0{KOBOLD}")], ids=["PNG", "JPEG"]
)
def test_koboldcpp(data: bytes) -> None:
    claim = only(data)
    assert said(claim) == ("KoboldCpp", "generated", "declared")
    assert (claim.prompt, claim.negative_prompt) == ("a fox | in snow", "blurry")
    assert (claim.seed, claim.model, claim.sampler) == (7, "m", "euler_a karras")
    assert ai(png(("parameters", KOBOLD.replace("Version: KoboldCpp", "by me")))) == []


# ---- One text for each field ---------------------------------------------------------------------

KOHYA = {
    "prompt": "a fox", "seed": 1234567, "sampler": "euler_a", "steps": 28, "scale": 7.0,
    "negative-prompt": "blurry", "original-height": 1024, "crop-top": 0,
}  # fmt: skip


def test_kohyas_scripts() -> None:
    claim = only(fields("", KOHYA))
    assert said(claim) == ("kohya sd-scripts", "generated", "declared")
    assert (claim.prompt, claim.negative_prompt, claim.seed) == ("a fox", "blurry", 1234567)
    assert "make from another" in claim.note


@pytest.mark.parametrize("missing", ["prompt", "seed", "sampler", "steps", "scale"])
def test_some_of_kohyas_keywords_are_anyones(missing: str) -> None:
    assert ai(fields("", {name: v for name, v in KOHYA.items() if name != missing})) == []


@pytest.mark.parametrize(
    "changes", [{"seed": "poppy"}, {"steps": "six"}, {"scale": "1:10"}], ids=json.dumps
)
def test_kohyas_numbers_are_numbers(changes: dict[str, str]) -> None:
    assert ai(fields("", KOHYA | changes)) == []


SYGIL = {
    "prompt": "a cottage", "seed": 247624793, "steps": 50, "cfg_scale": 7.5, "width": 512,
    "GFPGAN": False,
}  # fmt: skip
SYGIL_JSON = {
    "target": "txt2img", "prompt": "a cottage", "ddim_steps": 50, "seed": 2,
    "sampler_name": "k_lms", "model_name": "sd-v1-5",
}  # fmt: skip


def user_comment(plain: dict[str, Any]) -> bytes:
    body = b"UNICODE\0" + json.dumps(plain).encode("utf-16-be")
    return jpeg_with([jpeg_exif(exif_block([], [(0x9286, UNDEFINED, body)]))])


def test_sygil() -> None:
    claim = only(fields("SD:", SYGIL))
    assert said(claim) == ("Sygil WebUI", "generated", "declared")
    assert (claim.prompt, claim.seed) == ("a cottage", 247624793)
    changed = only(fields("SD:", SYGIL | {"denoising_strength": 0.5}))
    assert changed.kind == "edited-with-ai"
    plain = {f"SD:{name}": value for name, value in SYGIL_JSON.items()}
    claim = only(user_comment(plain))
    assert (*said(claim), claim.model) == ("Sygil WebUI", "generated", "declared", "sd-v1-5")
    assert only(user_comment(plain | {"SD:target": "img2img"})).kind == "edited-with-ai"
    assert ai(fields("SD:", {"prompt": "my notes on a cottage"})) == []


MOLD = {
    "prompt": "a cat", "model": "flux-schnell:q8", "seed": 42, "steps": 4, "width": 1024,
    "height": 1024, "version": "0.1.0",
}  # fmt: skip
NAMESPACE = 'xmlns:m="https://github.com/utensils/mold"'
MOLD_FILES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "PNG texts": lambda plain: fields("mold:", plain),
    "JPEG comment": lambda plain: comment(f"mold:parameters {json.dumps(plain)}"),
    "XMP": lambda plain: jpeg_with([jpeg_xmp(xmp_packet(
        "".join(f"<m:{name}>{value}</m:{name}>" for name, value in plain.items()), NAMESPACE
    ).encode())]),
}  # fmt: skip


@pytest.mark.parametrize("where", MOLD_FILES)
def test_mold(where: str) -> None:
    claim = only(MOLD_FILES[where](MOLD))
    assert said(claim) == ("mold", "generated", "declared")
    assert (claim.prompt, claim.model, claim.seed) == ("a cat", "flux-schnell:q8", 42)
    assert only(MOLD_FILES[where](MOLD | {"strength": 0.75})).kind == "edited-with-ai"
    assert ai(MOLD_FILES[where]({"prompt": "how I clean mold", "version": "2"})) == []


# ---- Mochi Diffusion -----------------------------------------------------------------------------

CAPTION = (
    "Include in Image: a cat; seated; Exclude from Image: blurry; Model: sd-1.5; Steps: 25; "
    "Guidance Scale: 11.0; Seed: 28; Size: 512x512; {}Scheduler: DPM-Solver++; "
    "ML Compute Unit: CPU & Neural Engine; Generator: Mochi Diffusion 4.3"
)


def iptc(*datasets: tuple[int, int, bytes]) -> bytes:
    resource = photoshop_resource(0x0404, iptc_block(datasets))
    return jpeg_with([jpeg_segment(0xED, PHOTOSHOP + resource)])


def test_mochi_diffusion() -> None:
    data = iptc((2, 65, b"Mochi Diffusion"), (2, 120, CAPTION.format("").encode()))
    claim = only(data)
    assert said(claim) == ("Mochi Diffusion", "generated", "declared")
    assert (claim.prompt, claim.negative_prompt, claim.seed) == ("a cat; seated", "blurry", 28)
    assert (claim.model, claim.sampler) == ("sd-1.5", "DPM-Solver++")
    begun = CAPTION.format("Starting Image: mine.png; ").encode()
    assert only(iptc((2, 65, b"Mochi Diffusion"), (2, 120, begun))).kind == "edited-with-ai"
    packet = xmp_packet(f"<dc:description>{escape(CAPTION.format(''))}</dc:description>")
    assert only(jpeg_with([jpeg_xmp(packet.encode())])).tool == "Mochi Diffusion"


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "Steps: I drew it in five; Seed: poppy",
        "Seed: 28; Steps: 25",
        "a cat by Mochi Diffusion",
    ],
)
def test_a_caption_of_a_person(caption: str) -> None:
    assert ai(iptc((2, 120, caption.encode()))) == []


# ---- Spaces, Fooocus-MRE, ArtBot, Krita ----------------------------------------------------------

SPACE = {
    "prompt": "a fox", "negative_prompt": "lowres", "resolution": "1024 x 1024",
    "guidance_scale": 5.5, "num_inference_steps": 24, "seed": 443, "sampler": "DPM++ 2M Karras",
    "Model": "WAI v16", "Model hash": "BDB59BAC", "use_upscaler": None,
}  # fmt: skip


def test_spaces_on_hugging_face() -> None:
    claim = only(png(("parameters", SPACE)))
    assert said(claim) == ("Hugging Face Space", "generated", "declared")
    assert (claim.prompt, claim.model, claim.seed) == ("a fox", "WAI v16", 443)
    enlarged = SPACE | {"use_upscaler": {"upscaler_strength": 0.7}}
    assert only(png(("parameters", enlarged))).kind == "generated"
    assert only(png(("parameters", SPACE | {"strength": 0.7}))).kind == "edited-with-ai"


@pytest.mark.parametrize("missing", ["guidance_scale", "num_inference_steps", "seed", "prompt"])
def test_other_json_is_no_spaces(missing: str) -> None:
    assert ai(png(("parameters", {n: v for n, v in SPACE.items() if n != missing}))) == []
    plain = {"prompt": "a fox", "guidance_scale": 1, "num_inference_steps": 2, "seed": 3}
    assert ai(png(("parameters", plain))) == []


FOOOCUS = "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 1, Size: 512x512, CFG scale: 4"
MRE = {
    "prompt": "a witch", "negative_prompt": "", "seed": 8834, "sampler": "dpmpp_2m_sde_gpu",
    "performance": "Speed", "steps": 30, "base_model": "morphxl_v10.safetensors", "img2img": False,
    "revision": False, "control_lora_canny": False, "software": "Fooocus 1.0.43 MRE",
}  # fmt: skip


@pytest.mark.parametrize(
    "file", [lambda plain: png(("Comment", plain)), lambda plain: comment(json.dumps(plain))],
    ids=["PNG", "JPEG"],
)  # fmt: skip
def test_fooocus_mre(file: Callable[[dict[str, Any]], bytes]) -> None:
    claim = only(file(MRE))
    assert said(claim) == ("Fooocus-MRE", "generated", "declared")
    assert (claim.prompt, claim.model, claim.seed) == ("a witch", MRE["base_model"], 8834)
    for name in ("img2img", "revision", "control_lora_canny"):
        assert only(file(MRE | {name: True})).kind == "edited-with-ai"
    assert ai(file(MRE | {"software": "Focus 2"})) == []


@pytest.mark.parametrize(
    ("scheme", "parameters"),
    [
        ("fooocus", {"prompt": "a fox", "base_model": "m", "seed": "1"}),
        ("a1111", f"a fox\n{FOOOCUS}, Version: Fooocus v2.5.5"),
    ],
)
def test_fooocus_does_not_say_what_it_began_with(scheme: str, parameters: Any) -> None:
    claim = only(png(("fooocus_scheme", scheme), ("parameters", parameters)))
    assert said(claim) == ("Fooocus", "generated", "declared")
    assert "from another" in claim.note


def test_ruinedfooocus_changes_pictures() -> None:
    plain = {"Prompt": "a fox", "seed": 1, "software": "RuinedFooocus", "denoise": None}
    assert only(png(("parameters", plain))).kind == "generated"
    assert only(png(("parameters", plain | {"denoise": 0.6}))).kind == "edited-with-ai"


HORDE = (
    "a stable robot\nSteps: 20, Sampler: k_euler, CFG scale: 9, Seed: 14, Size: 512x512, model: sd"
)
ARTBOT = "ArtBot - Create images with Stable Diffusion, utilizing the AI Horde"


def test_artbot_has_its_name_in_software() -> None:
    block = exif_block(
        [(0x0131, ASCII, ARTBOT.encode() + b"\0")],
        [(0x9286, UNDEFINED, b"ASCII\0\0\0" + HORDE.encode())],
    )
    for data in (jpeg_with([jpeg_exif(block)]), png(("parameters", HORDE), ("Software", ARTBOT))):
        claim = only(data)
        assert said(claim) == ("ArtBot", "generated", "declared")
        assert claim.model == "sd"
    assert said(only(png(("Software", ARTBOT)))) == ("ArtBot", "generated", "hint")


def test_krita_ai_diffusion_knows_no_hash() -> None:
    text = (
        "a cat\nNegative prompt: \nSteps: 20, Sampler: Default - DPM++ 2M, CFG scale: 7.0, "
        "Seed: 12, Size: 832x1216, Model hash: unknown, Model: dreamshaper_8.safetensors"
    )
    claim = only(png(("parameters", text)))
    assert said(claim) == ("Krita AI Diffusion", "edited-with-ai", "declared")
    assert EITHER in claim.details  # the rest of the canvas may have been drawn
    refined = only(png(("parameters", f"{text}, Denoising strength: 0.6")))
    assert said(refined) == ("Krita AI Diffusion", "edited-with-ai", "declared")
    assert EITHER not in refined.details


@pytest.mark.parametrize("version", ["neo", "neo-2.28", "classic", "classic-1.5"])
def test_forges_children_name_their_version(version: str) -> None:
    assert only(png(("parameters", f"{HORDE}, Version: {version}"))).tool == "Forge"


# ---- Any text ------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["Prompt: ", " | Steps: ", "| Version: KoboldCpp", "Include in Image: ", "; Seed: ",
     "; Steps: ", "; Generator: Mochi Diffusion", ": ", "; ", "| ", "7", "a fox", "\0",
     "parameters\0", "mold:parameters ", '{"seed": 1, "software": "Fooocus 1"}']
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_is_taken_by_every_reader(text: str) -> None:
    body = text.encode("utf-8", "replace")[:60_000]
    read(iptc((2, 65, b"Mochi Diffusion"), (2, 120, body)))
    read(jpeg_with([b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body]))
    read(png(("parameters", text), ("Comment", text), ("SD:prompt", text), ("mold:seed", text)))
