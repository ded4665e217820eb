"""What single tools write, and what only looks like it."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.metadata import read
from tegaki.results.claim import Claim
from tests.metadata.bytes_made import jpeg_with, png_chunk, png_with
from tests.metadata.generators.test_comfy_graph import GRAPH
from tests.metadata.samples import SAMPLES

LAST = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"


def text(key: str, value: str) -> bytes:
    return png_chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + value.encode("utf-8"))


def png(*texts: tuple[str, Any]) -> bytes:
    plain = [(key, v if isinstance(v, str) else json.dumps(v)) for key, v in texts]
    return png_with([text(key, value) for key, value in plain])


def comment(words: str) -> bytes:
    body = words.encode()
    return jpeg_with([b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body])


def xmp(properties: str) -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"{properties}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return png(("XML:com.adobe.xmp", packet))


def saved(picture: Image.Image, info: PngInfo) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def with_comment(words: str) -> bytes:
    """PNG whose EXIF holds a UserComment."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + words.encode()
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", exif=exif.tobytes())
    return buffer.getvalue()


def only(data: bytes) -> Claim:
    (claim,) = read(data)
    return claim


def ai(data: bytes) -> list[Claim]:
    return [c for c in read(data) if c.kind in ("generated", "edited-with-ai")]


# ---- web UIs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "tool"),
    [
        ("Version: v1.10.1", "AUTOMATIC1111"),
        ("Version: 1.6.0-RC-12", "AUTOMATIC1111"),
        ("Version: f2.0.1v1.10.1-previous-669-gdfdcbab6", "Forge"),
        ("Version: neo", "Forge"),
        ("Version: f1.0.0v2-v1.10.1RC-latest-2498-g5120e679", "reForge"),
        ("Version: f1.3.0-v1.10.1RC-latest", "reForge"),
        ("Version: ComfyUI", "ComfyUI"),
        ("Version: Fooocus v2.5.5", "Fooocus"),
        ("App: SD.Next, Version: 56a8aea", "SD.Next"),
        ("Version: 56a8aea, Backend: Diffusers", "SD.Next"),
        ("Version: stable-diffusion.cpp", "stable-diffusion.cpp"),
        ("Version: my own", "A1111-style (unstated)"),
        ('Model: a.safetensors, Hashes: {"model": "0"}', "ComfyUI"),
    ],
)
def test_programs_are_told_apart_by_their_version(version: str, tool: str) -> None:
    assert only(png(("parameters", f"a fox\n{LAST}, {version}"))).tool == tool


EARLY = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: 7460a6fa"


@pytest.mark.parametrize(
    ("line", "strength"),
    [
        (EARLY, "declared"),  # as of 2022, without a version
        ("Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512", "declared"),
        ("Steps: 50, Seed: 2026, CFG scale: 4, Model hash: D7DB018506", "declared"),
        ("Steps: 50, Seed: 2026, CFG scale: 4, Version: v1.10.1", "hint"),
        ("Steps: 50, Seed: 2026, CFG scale: 4", "hint"),
        ("Steps: 50, Seed: 2026, CFG scale: 4, Size: 8x8", "hint"),
        ("Steps: 50, Seed: 2026, CFG scale: 4, Size: 8x8, Version: v1.10.1", "declared"),
    ],
)
def test_few_fields_are_a_hint(line: str, strength: str) -> None:
    claim = only(png(("parameters", f"a fox\n{line}")))
    assert claim.strength == strength
    assert ("too few" in claim.note) == (strength == "hint")


QUOTED = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8"


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        (f"Mine is drawn by hand, theirs has {QUOTED}", "hint"),
        (f"a fox.Negative prompt: blurry.{QUOTED}", "declared"),
        (f"a fox. {QUOTED}, Version: v1.10.1", "declared"),
        (f"a fox\n{QUOTED}", "declared"),
    ],
)
def test_fields_behind_other_words_may_be_quoted(text: str, strength: str) -> None:
    claim = only(with_comment(text))
    assert claim.strength == strength
    assert ("people quote" in claim.note) == (strength == "hint")


@pytest.mark.parametrize("words", [f"I drew this, in ink, after:\na fox\n{EARLY}", f"fox\n{EARLY}"])
def test_a_comment_is_a_hint_where_no_web_ui_writes_one(words: str) -> None:
    for data in (comment(words), png(("comment", words))):
        assert [(c.tool, c.strength) for c in read(data)] == [("AUTOMATIC1111", "hint")]
    assert read(png(("Comment", words))) == []
    buffer = io.BytesIO()
    Image.new("P", (8, 8)).save(buffer, "GIF", comment=words.encode())
    assert only(buffer.getvalue()).strength == "declared"


def test_other_marks_are_not_read_from_loose_comments() -> None:
    assert read(comment(json.dumps({"sui_image_params": {"prompt": "a fox"}}))) == []
    assert read(png(("comment", {"software": "RuinedFooocus", "Prompt": "a fox"}))) == []


def test_prose_around_a_quotation_is_no_mark() -> None:
    assert read(comment(f"I am tired of posts that end with\n{LAST}\nand call it art.")) == []
    assert ai(png(("parameters", f"a fox\n{LAST}\nTemplate: a __animal__")))


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ("Denoising strength: 0.3", "edited-with-ai"),
        ("Denoising strength: 0.7, Mask blur: 4, Inpaint area: Only masked", "edited-with-ai"),
        ("Denoising strength: 0.4, Hires upscale: 2, Hires upscaler: Latent", "generated"),
    ],
)
def test_what_began_with_a_picture_is_an_edit(extra: str, kind: str) -> None:
    claim = only(png(("parameters", f"a fox\n{LAST}, {extra}, Version: v1.10.1")))
    assert claim.kind == kind
    assert ("may have been drawn" in claim.note) == (kind == "edited-with-ai")
    assert ("Denoising strength", extra.split(",")[0].split(": ")[1]) in claim.details


# ---- ComfyUI -----------------------------------------------------------------------------------


def graph(**changes: Any) -> dict[str, Any]:
    return {name: node for name, node in (GRAPH | changes).items() if node is not None}


def test_a_loaded_picture_makes_an_edit() -> None:
    loaded = graph(
        **{
            "5": {"class_type": "VAEEncode", "inputs": {"pixels": ["11", 0], "vae": ["4", 2]}},
            "11": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
        }
    )
    assert only(png(("prompt", loaded))).kind == "edited-with-ai"


def test_a_picture_that_guides_makes_an_edit() -> None:
    guided = graph(
        **{
            "60": {
                "class_type": "ControlNetApply",
                "inputs": {"conditioning": ["6", 0], "image": ["11", 0]},
            },
            "11": {"class_type": "LoadImage", "inputs": {"image": "pose.png"}},
        }
    )
    assert only(png(("prompt", guided))).kind == "edited-with-ai"


@pytest.mark.parametrize(
    "sampler",
    [
        {"class_type": "easy kSampler", "inputs": {"pipe": ["4", 0], "image_output": "Save"}},
        {"class_type": "ttN pipeKSampler_v2", "inputs": {"pipe": ["4", 0], "seed": 1}},
        {"class_type": "ImpactKSamplerBasicPipe", "inputs": {"basic_pipe": ["4", 0]}},
        {
            "class_type": "UltimateSDUpscale",
            "inputs": {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "seed": 1},
        },
    ],
    ids=lambda node: node["class_type"],
)
def test_samplers_of_other_makers_count(sampler: dict[str, Any]) -> None:
    assert [c.tool for c in read(png(("prompt", graph(**{"3": sampler}))))] == ["ComfyUI"]


def test_a_service_that_answers_in_words_makes_no_picture() -> None:
    asked = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
        "2": {"class_type": "GeminiNode", "inputs": {"prompt": "rate it", "images": ["1", 0]}},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    }
    assert read(png(("prompt", asked))) == []


@pytest.mark.parametrize("size", [10**400, -1, True, 0, 2**40])
def test_sizes_beyond_reason_are_no_sizes(size: int) -> None:
    huge = graph(
        **{"5": {"class_type": "EmptyLatentImage", "inputs": {"width": size, "height": 8}}}
    )
    info = PngInfo()
    info.add_text("prompt", json.dumps(huge))
    data = saved(Image.new("RGB", (128, 128)), info)
    assert only(data).strength == "declared"


def test_an_unused_latent_says_nothing_of_the_shape() -> None:
    spare = {"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 999, "height": 9}}}
    info = PngInfo()
    info.add_text("prompt", json.dumps(spare | GRAPH))
    assert only(saved(Image.new("RGB", (128, 192)), info)).strength == "declared"
    assert only(saved(Image.new("RGB", (192, 128)), info)).strength == "hint"


def test_a_graph_beside_texts_that_are_none_is_found() -> None:
    assert only(png(*[("prompt", "a fox")] * 20, ("prompt", GRAPH))).tool == "ComfyUI"


def test_a_graph_that_saves_another_picture_too_is_a_hint() -> None:
    other = {
        "11": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
        "12": {"class_type": "SaveImage", "inputs": {"images": ["11", 0]}},
    }
    claim = only(png(("prompt", graph(**other))))
    assert (claim.strength, "may be that one" in claim.note) == ("hint", True)
    assert read(png(("prompt", graph(**other, **{"9": None})))) == []


# ---- others ------------------------------------------------------------------------------------


def test_old_commands_of_invokeai_are_read_glued_or_not() -> None:
    for flags in ("-s50 -b1 -W512 -H512 -C7.5 -Ak_lms -S42", "-s 50 -S 42 -A k_lms"):
        claim = only(png(("Dream", f'"a fox" {flags}')))
        assert (claim.tool, claim.prompt, claim.seed, claim.sampler) == (
            "InvokeAI", "a fox", 42, "k_lms",
        )  # fmt: skip


def test_words_in_square_brackets_are_invokeais_negative_prompt() -> None:
    said = {"app_id": "invoke-ai/InvokeAI", "image": {"prompt": [{"prompt": "a [sad] fox [dog]"}]}}
    for data in (png(("sd-metadata", said)), png(("Dream", '"a [sad] fox [dog]" -s 50 -S 1'))):
        claim = only(data)
        assert (claim.prompt, claim.negative_prompt) == ("a fox", "sad dog")


def test_easy_diffusions_shown_names_are_all_read() -> None:
    claim = only(SAMPLES["easydiffusion-png-shown-names"].build())
    assert claim.details == (("steps", "28"),)


def test_an_ingredients_label_is_not_the_pictures() -> None:
    trained = "<i:DigitalSourceType>trainedAlgorithmicMedia</i:DigitalSourceType>"
    assert ai(xmp(trained))
    placed = f'<xmpMM:Pantry rdf:parseType="Resource">{trained}</xmpMM:Pantry>'
    assert ai(xmp(placed)) == []


def test_midjourneys_packet_is_just_its_two_properties() -> None:
    trained = "<i:DigitalSourceType>trainedAlgorithmicMedia</i:DigitalSourceType>"
    guid = "<i:DigImageGUID>0</i:DigImageGUID>"
    assert only(xmp(trained + guid)).tool == "Midjourney"
    assert ai(xmp(trained + guid + "<xmp:CreatorTool>Firefly</xmp:CreatorTool>"))[0].tool == (
        "unstated"
    )
    composite = trained.replace("trained", "compositeWithTrained")
    assert only(xmp(composite + guid)).kind == "edited-with-ai"


def test_midjourneys_label_is_told_once_and_where_it_stands() -> None:
    other = "<i:DigitalSourceType>digitalCapture</i:DigitalSourceType>"
    trained = "<i:DigitalSourceType>trainedAlgorithmicMedia</i:DigitalSourceType>"
    guid = "<i:DigImageGUID>0</i:DigImageGUID>"
    assert [c.tool for c in read(xmp(other + trained + guid))] == ["Midjourney"]
    started = time.process_time()
    assert len(read(xmp(trained * 19_000 + guid))) == 1
    assert time.process_time() - started < 3  # was 9 s


def test_a_jobs_model_is_its_resource_not_what_enlarged_it(shared: Any) -> None:
    data = (shared / "fixtures" / "civitai_comfy_upscale.jpg").read_bytes()
    assert only(data).model == "Civitai model version 2514310"


def test_a_text_called_stealth_is_not_hidden_in_pixels() -> None:
    assert read(png(("stealth", {"Software": "NovelAI", "Comment": "{}"}))) == []
    assert read(png(("stealth", f"a fox\n{LAST}"))) == []


def test_halves_of_characters_are_replaced_everywhere() -> None:
    half = '"\\ud83e"'
    for data in (
        png(("parameters", f"a\n{LAST}, Model: {half}, Version: {half}")),
        png(("AIGC", f'{{"Label": "1", "ContentProducer": {half}, "ProduceID": {half}}}')),
        png(("generation_data", f'{{"prompt": {half}, "baseModel": {half}, "steps": {half}}}')),
    ):
        for claim in read(data):
            json.dumps(claim.to_dict(), ensure_ascii=False).encode("utf-8")


def test_a_name_is_not_a_file() -> None:
    with pytest.raises(TypeError, match="a file's bytes"):
        read("a.png")  # type: ignore[arg-type]
