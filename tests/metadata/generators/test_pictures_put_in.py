"""Parameters that tell of another picture, or leave open whether there was one: never
``generated``, which would accuse whoever drew it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tegaki.metadata import read
from tegaki.metadata.generators.evidence import MOST_NODES
from tegaki.metadata.generators.generation import is_edit_model
from tegaki.metadata.parsers.json_text import MOST
from tegaki.results.claim import EITHER, Claim
from tegaki.verdict.fusion import sentences
from tests.metadata.bytes_made import ASCII, UNDEFINED, exif_block, jpeg_exif, jpeg_with
from tests.metadata.generators.test_comfy_graph import GRAPH, LOADED, node
from tests.metadata.generators.test_tools import only, png, with_comment

LAST = "Steps: 20, Size: 1024x1024, Sampler: Euler a, Seed: 2461, CFG scale: 6"


def is_either(claim: Claim) -> bool:
    assert claim.kind == "edited-with-ai"
    said = EITHER in claim.details
    assert said == ("may be generated or edited" in claim.note)
    return said


# InvokeAI


def invoke(**changes: Any) -> Claim:
    said = {
        "generation_mode": "sdxl_txt2img", "positive_prompt": "a fox", "negative_prompt": "",
        "width": 1024, "height": 1024, "seed": 5, "steps": 30, "scheduler": "kdpm_2",
        "model": {"name": "Juggernaut XL v9", "base": "sdxl"}, "ref_images": [],
        "app_version": "6.10.0",
    } | changes  # fmt: skip
    plain = {name: value for name, value in said.items() if value is not None}
    claim = only(png(("invokeai_metadata", plain)))
    assert (claim.tool, claim.strength) == ("InvokeAI", "declared")
    return claim


REFERENCE = {"id": "r:1", "isEnabled": True, "config": {"image": {"image_name": "sketch.png"}}}
LAYERS = {"controlLayers": [{"isEnabled": True}], "rasterLayers": [{"isEnabled": True}]}


@pytest.mark.parametrize(
    "changes",
    [
        {"generation_mode": None, "upscale_initial_image": {"image_name": "a.png"}},
        {"generation_mode": None, "upscale_model": {"name": "RealESRGAN"}, "model": None},
        {"generation_mode": "qwen_image_txt2img", "ref_images": [REFERENCE]},
        {"ipAdapters": [{"image": {"image_name": "a.png"}}]},
        {"controlnets": [{"control_model": {}, "image": {}}]},
        {"t2iAdapters": [{"image": {}}]},
        {"regions": [{"referenceImages": [{"config": {}}]}]},
        {"canvas_v2_metadata": LAYERS},
        {"generation_mode": "sdxl_img2img"},
        {"generation_mode": "flux_outpaint"},
        {"generation_mode": "wan_i2v"},
        {"init_image": "a.png"},
        {"canvas_v2_metadata": {"referenceImages": [{"ipAdapter": {}}]}},
        {"canvas_v2_metadata": {"regionalGuidance": [{"referenceImages": [{}]}]}},
        {"control_layers": {"layers": [{"type": "control_adapter_layer"}], "version": 3}},
        {"control_layers": {"layers": [{"type": "regional_guidance_layer", "ipAdapters": [{}]}]}},
    ],
    ids=json.dumps,
)
def test_invokeai_names_the_picture(changes: dict[str, Any]) -> None:
    assert not is_either(invoke(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"generation_mode": None},  # FLUX Fill, and models of services
        {"generation_mode": None, "model": {"name": "Gemini 3 Pro Image"}},
        {"model": {"name": "Qwen Image Edit 2511"}},
    ],
    ids=json.dumps,
)
def test_invokeai_leaves_it_open(changes: dict[str, Any]) -> None:
    assert is_either(invoke(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generation_mode": "flux2_txt2img"},
        {"ref_images": [REFERENCE | {"isEnabled": False}]},
        {"canvas_v2_metadata": {"controlLayers": [{"isEnabled": False}]}},
        {"regions": [{"referenceImages": []}], "controlnets": []},
        {"canvas_v2_metadata": {"referenceImages": [], "regionalGuidance": [{}]}},
        {"control_layers": {"layers": [{"type": "regional_guidance_layer", "ipAdapters": []}]}},
        {"control_layers": {"layers": [{"type": "ip_adapter_layer", "isEnabled": False}]}},
    ],
    ids=json.dumps,
)
def test_invokeai_made_it_from_nothing(changes: dict[str, Any]) -> None:
    assert invoke(**changes).kind == "generated"


# SD.Next, and other web UIs


def web_ui(extra: str) -> Claim:
    claim = only(with_comment(f"inked portrait\nNegative prompt: \n{LAST}, {extra}"))
    assert claim.strength == "declared"
    return claim


SDNEXT = "App: SD.Next, Version: 0c7038e"


@pytest.mark.parametrize(
    ("extra", "kind", "either"),
    [
        ('Pipeline: XLImg2ImgPipeline, Operations: "img2img; hires"', "edited-with-ai", False),
        ("Operations: inpaint, Denoising strength: 0.5", "edited-with-ai", False),
        ('Operations: "instruct; upscale"', "edited-with-ai", False),
        ('Operations: "control; img2img"', "edited-with-ai", False),
        ('Operations: "txt2img; img2img"', "edited-with-ai", True),
        ("Operations: none", "edited-with-ai", True),
        ("Operations: upscale", "edited-with-ai", True),
        ("Pipeline: StableDiffusionXLImg2ImgPipeline", "edited-with-ai", True),
        ("Pipeline: QwenImageEditPlusPipeline", "edited-with-ai", True),
        ("Operations: txt2img, Model: FLUX.1-Kontext-dev", "edited-with-ai", True),
        ("Operations: txt2img, IP Adapter: plus:0.5", "edited-with-ai", False),
        ("Operations: txt2img, Control type: ControlNet", "edited-with-ai", False),
        ("Operations: txt2img, PuLID: Strength=0.6", "edited-with-ai", False),
        ("Operations: txt2img, IY model: sim", "edited-with-ai", False),
        ("Operations: none, Resize before: 512x512", "edited-with-ai", False),
        ("Pipeline: StableDiffusionXLPipeline, Operations: txt2img", "generated", False),
        ('Pipeline: XLImg2ImgPipeline, Operations: "txt2img; hires"', "generated", False),
        ('Operations: "txt2img; upscale", Hires upscaler: None', "generated", False),
        ("Pipeline: StableDiffusionXLPipeline", "generated", False),
    ],
)
def test_sdnext_tells_by_its_operations(extra: str, kind: str, either: bool) -> None:
    claim = web_ui(f"{SDNEXT}, {extra}")
    assert (claim.tool, claim.kind) == ("SD.Next", kind)
    assert (EITHER in claim.details) == either


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ('Version: v1.10.1, ControlNet 0: "Module: lineart, Model: x"', "edited-with-ai"),
        ("Version: v1.10.1, Model: sd-v1-5-inpainting", "edited-with-ai"),
        ("Version: neo, Model: flux1-dev-kontext_fp8_scaled", "edited-with-ai"),
        ("Version: v1.10.1, Model: LimitedEdition_v3", "generated"),
        ("Version: v1.10.1, ADetailer ControlNet model: x", "generated"),
    ],
)
def test_web_uis_are_given_pictures_too(extra: str, kind: str) -> None:
    assert web_ui(extra).kind == kind


# Models' names


@pytest.mark.parametrize(
    "name",
    [
        "qwen_image_edit_2509_q6p.ckpt", "Qwen-Image-Edit-2511", "FLUX.1-Kontext-dev",
        "flux1-fill-dev.safetensors", "z_image_omni_bf16", "OmniGen2", "timbrooks/instruct-pix2pix",
        "HiDream-E1-1", "cosxl_edit.safetensors", "step1x-edit-i1258", "SeedEdit 3.0",
        "dreamshaper_8-inpainting", "FireRed-Image-Edit-1.0", "ImageEdit_v2",
        "flux2-dev.safetensors", "FLUX.2-klein-4B", "flux_2_dev_q8p.ckpt",
    ],
)  # fmt: skip
def test_edit_models_are_known_by_name(name: str) -> None:
    assert is_edit_model(name)


@pytest.mark.parametrize(
    "name",
    [
        "flux_1_dev_q5p.ckpt", "Limited Edition XL", "meditation_v2", "creditMix", "EditorialXL",
        "qwen_image_fp8", "fillet_v1", "omnibusMix", "reddit_v3", "flux1-dev-q2_k",
        "conflux2", "", None,
    ],
)  # fmt: skip
def test_other_models_are_not(name: str | None) -> None:
    assert not is_edit_model(name)


def draw_things(**changes: Any) -> Claim:
    said = {"c": "a fox", "uc": "", "model": "flux_1_dev_q5p.ckpt", "sampler": "UniPC Trailing",
            "seed": 7, "steps": 30, "strength": 1, "size": "1024x1024"} | changes  # fmt: skip
    comment = json.dumps(said).replace("&", "&amp;")
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/">'
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt><rdf:li>"
        f"{comment}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    claims = [c for c in read(png(("XML:com.adobe.xmp", packet))) if c.tool == "Draw Things"]
    assert [claim.strength for claim in claims] == ["declared"]
    return claims[0]


def test_draw_things_edits_at_full_strength_too() -> None:
    assert is_either(draw_things(model="qwen_image_edit_2509_q6p.ckpt"))
    assert not is_either(draw_things(strength=0.7))
    assert not is_either(draw_things(image_guidance=1.5))
    assert not is_either(draw_things(control=[{"file": "controlnet_lineart.ckpt"}]))
    assert draw_things().kind == "generated"
    assert draw_things(control=[]).kind == "generated"


def test_draw_things_may_write_exif() -> None:
    said = {"c": "a fox", "model": "qwen_image_edit_q6p.ckpt", "seed": 7, "strength": 1}
    body = b"ASCII\0\0\0" + json.dumps(said).encode()
    block = exif_block([(0x0131, ASCII, b"Draw Things\0")], [(0x9286, UNDEFINED, body)])
    claim = only(jpeg_with([jpeg_exif(block)]))
    assert (claim.tool, claim.prompt) == ("Draw Things", "a fox")
    assert is_either(claim)


def swarm(**changes: Any) -> Claim:
    said = {"prompt": "a fox", "model": "some_v1", "seed": 7, "steps": 20, "swarm_version": "0.9.8"}
    return only(png(("parameters", {"sui_image_params": said | changes})))


@pytest.mark.parametrize(
    "changes",
    [
        {"initimage": "inputs/a.png"},
        {"initimagecreativity": 0.6},
        {"maskblur": 4, "maskimage": "inputs/m.png"},
        {"promptimages": ["inputs/a.png"]},
        {"promptvideos": ["inputs/a.mp4"]},
        {"controlnetmodel": "lineart", "controlnetstrength": 1.0},
        {"controlnettwomodel": "lineart"},
        {"useipadapter": "plus"},
        {"revisionstrength": 1.0},
    ],
    ids=json.dumps,
)
def test_swarmui_names_how_a_picture_is_used(changes: dict[str, Any]) -> None:
    claim = swarm(**changes)
    assert claim.tool == "SwarmUI"
    assert not is_either(claim)


def test_swarmui_leaves_out_pictures_that_were_never_files() -> None:
    assert is_either(swarm(model="qwen_image_edit_2511_fp8"))
    off: dict[str, Any] = {"controlnetmodel": "(None)", "revisionstrength": 0, "promptimages": []}
    assert swarm(**off).kind == "generated"


@pytest.mark.parametrize(
    "changes",
    [
        {"reference_strength_multiple": [0.6]},
        {"director_reference_strengths": [1.0]},
        {"controlnet_model": "hed"},
        {"request_type": "VibeTransferRequest"},
    ],
    ids=json.dumps,
)
def test_novelai_references_are_pictures(changes: dict[str, Any]) -> None:
    said: dict[str, Any] = {
        "prompt": "a fox",
        "steps": 28,
        "seed": 5,
        "sampler": "k_euler",
        "uc": "",
    }
    source = "Stable Diffusion F64BA557"
    for extra, kind in ((changes, "edited-with-ai"), (dict.fromkeys(changes), "generated")):
        data = png(("Software", "NovelAI"), ("Source", source), ("Comment", said | extra))
        assert only(data).kind == kind


JOB = "Job ID: 12345678-1234-1234-1234-123456789012"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("https://s.mj.run/abc a fox --v 6.1", "edited-with-ai"),
        ("<https://s.mj.run/abc> a fox --v 6.1", "edited-with-ai"),
        ("a fox --cref https://s.mj.run/abc --v 6.1", "edited-with-ai"),
        ("a fox --v 7 --oref https://s.mj.run/abc", "edited-with-ai"),
        ("a fox --sref 12-3 https://s.mj.run/abc", "edited-with-ai"),
        ("a fox --sref 123 --v 6.1", "generated"),
        ("a fox holding a sign https://example.org --v 6.1", "generated"),
    ],
)
def test_midjourney_is_given_addresses_of_pictures(asked: str, kind: str) -> None:
    assert only(png(("Description", f"{asked} {JOB}"))).kind == kind


@pytest.mark.parametrize(
    ("control", "kind"),
    [("None", "generated"), ("lineart", "edited-with-ai")],
)
def test_easy_diffusion_is_guided_by_pictures(control: str, kind: str) -> None:
    said = {"prompt": "a fox", "use_stable_diffusion_model": "m", "seed": "1"}
    assert only(png(*said.items(), ("use_controlnet_model", control))).kind == kind
    in_words = {"Prompt": "a fox", "Stable Diffusion model": "m", "ControlNet model": control}
    assert only(png(*in_words.items())).kind == kind


# What stands beside a graph


EDITED = GRAPH | LOADED | {"5": node("VAEEncode", pixels=["11", 0], vae=["4", 2])}


@pytest.mark.parametrize(
    "beside",
    [
        f"a fox\n{LAST}, Version: ComfyUI",
        f"a fox\n{LAST}, Model: m.safetensors, Hashes: {{}}",
        {"sui_image_params": {"prompt": "a fox", "model": "m", "seed": 1}},
    ],
    ids=["its version", "a node that saves", "SwarmUI"],
)
def test_a_text_says_no_more_than_the_graph_beside_it(beside: str | dict[str, Any]) -> None:
    edited = read(png(("parameters", beside), ("prompt", EDITED)))
    assert {claim.kind for claim in edited} == {"edited-with-ai"}
    assert "graph beside it" in " ".join(claim.note for claim in edited)
    made = read(png(("parameters", beside), ("prompt", GRAPH)))
    assert {claim.kind for claim in made} == {"generated"}


PLAIN = f"a fox\n{LAST}, Version: ComfyUI"
UNKNOWN = GRAPH | {"5": node("VAEEncode", pixels=["11", 0]), "11": node("AcmePicture", id="mine")}
MANY = {str(at): node("LoadImage") for at in range(MOST_NODES + 1)}
LONG = GRAPH | {"5": node("AcmeLatent", image="A" * MOST)}


@pytest.mark.parametrize(
    "graph",
    [UNKNOWN, LONG, json.dumps(UNKNOWN)[:-9], MANY],
    ids=["has a node that is not known", "is long", "is cut", "has many nodes"],
)
def test_a_text_says_no_more_than_a_graph_that_cannot_be_followed(graph: Any) -> None:
    claims = read(png(("parameters", PLAIN), ("prompt", graph)))
    assert [claim.carrier for claim in claims][-1] == "A1111 text"
    assert all(map(is_either, claims))


def test_a_prompt_in_braces_is_no_graph() -> None:
    claim = only(png(("parameters", PLAIN), ("prompt", "{red|white} fox, masterpiece")))
    assert claim.kind == "generated"


def test_both_are_said_in_words() -> None:
    claims = [draw_things(model="qwen_image_edit_2509_q6p.ckpt")]
    said = list(sentences(claims))
    assert said[0].startswith(
        "The file says that it was made, or changed with AI, by Draw Things ("
    )
    assert "may be generated or edited" in said[1]


# Services

ENLARGED = LOADED | {
    "22": node("ImageUpscaleWithModel", upscale_model=["23", 0], image=["11", 0]),
    "23": node("UpscaleModelLoader", model_name="urn:air:other:upscaler:civitai:1@2"),
    "12": node("SaveImage", images=["22", 0]),
}


@pytest.mark.parametrize(
    ("said", "graph", "kind", "either"),
    [
        ({"prompt": "a fox", "workflow": "txt2img"}, GRAPH, "generated", False),
        ({"workflow": "txt2img"}, GRAPH, "generated", False),
        ({"prompt": "a fox", "workflow": "img2img-facefix"}, GRAPH, "edited-with-ai", False),
        ({"prompt": "a fox", "workflowId": "img2img-hires"}, EDITED, "edited-with-ai", False),
        ({"prompt": "a fox"}, EDITED, "edited-with-ai", False),
        ({"prompt": "a fox", "workflow": "txt2img"}, ENLARGED, "edited-with-ai", True),
        ({"workflow": "upscale"}, ENLARGED, "edited-with-ai", False),
    ],
)
def test_civitais_jobs_tell_by_their_kind_and_their_graph(
    said: dict[str, Any], graph: dict[str, Any], kind: str, either: bool
) -> None:
    job = json.dumps(graph | {"extraMetadata": json.dumps(said)})
    claim = only(with_comment(job))
    assert (claim.tool, claim.kind, claim.strength) == ("Civitai", kind, "declared")
    assert (EITHER in claim.details) == either


@pytest.mark.parametrize(
    ("project", "kind", "either"),
    [
        ("TextToImage", "generated", False), ("FluxTextToImage", "generated", False),
        ("ImageToImage", "edited-with-ai", False), ("Upscale", "edited-with-ai", False),
        ("Krea2ImageEdit", "edited-with-ai", False), ("SomethingNew", "edited-with-ai", True),
    ],
)  # fmt: skip
def test_stability_matrix_names_its_projects(project: str, kind: str, either: bool) -> None:
    said = {"PositivePrompt": "a fox", "ModelName": "m"}
    claim = only(png(("smproj", {"ProjectType": project}), ("parameters-json", said)))
    assert (claim.kind, EITHER in claim.details) == (kind, either)
