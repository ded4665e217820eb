"""What a ComfyUI graph begins with: any loaded picture that reaches what is saved makes it an edit,
and what cannot be followed is never said to be made from nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tegaki.metadata.generators.comfy_graph_fields import generation_of
from tegaki.metadata.generators.comfy_graph_origin import enlarger, is_generation, origin
from tegaki.results.claim import EITHER, Claim
from tests.metadata.generators.test_comfy_graph import GRAPH, LOADED, graph_of, node, without
from tests.metadata.generators.test_tools import ai, only, png

SAVED = {"9": node("SaveImage", images=["8", 0])}


def claim_of(plain: dict[str, Any]) -> Claim:
    claim = only(png(("prompt", plain)))
    assert (claim.tool, claim.carrier) == ("ComfyUI", "ComfyUI graph")
    return claim


def asked(kind: str, **inputs: Any) -> dict[str, Any]:
    """A service's node, whose answer is saved, beside a picture that is loaded."""
    return LOADED | {"8": node(kind, **inputs)} | SAVED


# Services

TEXT_NODES = {
    "growing inputs": asked(
        "GeminiNanoBanana2V2",
        **{"prompt": "a harbour", "model": "Nano Banana 2", "model.resolution": "1K", "seed": 42},
    ),
    "Wan": asked("WanTextToImageApi", prompt="a harbour", model="wan2.5-t2i-preview", seed=7),
    "Grok": asked("GrokImageNode", prompt="a harbour", model="grok-imagine", aspect_ratio="1:1"),
    "Bria": asked("BriaTextToImageNode", prompt="a harbour", seed=7),
    "Higgsfield": asked("HiggsfieldImageGenerate", prompt="a harbour", model="Soul"),
    "OpenRouter": asked("OpenRouterImageGenerate", prompt="a harbour", model="a/b", seed=7),
    "Comfy cloud": asked("ComfyCloudTextToImageNode", prompt="a harbour"),
    "prompt within a growing input": asked("OpenRouterStudio", **{"model.prompt": "a harbour"}),
    "unknown": asked("AcmeImageGenerate", prompt="a harbour", model="acme-1", seed=7),
    "prompt from a node": asked("WanTextToImageApi", prompt=["10", 0], model="wan", seed=7)
    | {"10": node("PrimitiveString", value="a harbour")},
}  # fmt: skip


@pytest.mark.parametrize("name", TEXT_NODES)
def test_a_service_that_is_given_words_generates(name: str) -> None:
    claim = claim_of(TEXT_NODES[name])
    assert (claim.kind, claim.strength) == ("generated", "declared")
    assert claim.prompt == "a harbour"


@pytest.mark.parametrize(
    "inputs",
    [
        {"image": ["11", 0]},
        {"images": ["11", 0]},
        {"model.images.image_1": ["11", 0]},
        {"model.reference_images.image_2": ["12", 0]},
        {"image_input": ["12", 0]},
        {"style_reference": ["12", 0]},
        {"image_prompt": ["12", 0]},
        {"anything": ["12", 0]},
    ],
    ids=lambda inputs: next(iter(inputs)),
)
@pytest.mark.parametrize("name", TEXT_NODES)
def test_a_service_that_is_given_a_picture_edits(name: str, inputs: dict[str, Any]) -> None:
    plain = TEXT_NODES[name] | {"12": node("ImageScale", image=["11", 0], width=64, height=64)}
    changed = plain["8"]["inputs"] | inputs
    claim = claim_of(plain | {"8": node(plain["8"]["class_type"], **changed)})
    assert (claim.kind, claim.strength) == ("edited-with-ai", "declared")
    assert "may have been drawn" in claim.note


def test_a_node_of_which_only_a_prompt_is_known_is_a_hint() -> None:
    claim = claim_of(asked("AcmePictures", prompt="a harbour", seed=7))
    assert (claim.kind, claim.strength) == ("generated", "hint")
    assert ai(png(("prompt", asked("AcmePictures", prompt="a harbour")))) == []


@pytest.mark.parametrize(
    "kind", ["OpenRouterLLMNode", "GeminiNode", "GroundingDinoSAMSegment", "WD14Tagger"]
)
def test_a_picture_that_is_described_or_cut_out_is_not_generated(kind: str) -> None:
    """The answer is a text, or a mask; the picture that was loaded is saved."""
    plain = LOADED | {
        "1": node(kind, prompt="what is there?", model="m", image=["11", 0]),
        "2": node("ShowText", text=["1", 0]),
        "3": node("SaveImage", images=["11", 0]),
    }
    assert ai(png(("prompt", plain))) == []
    cut_out = LOADED | {
        "1": node("GroundingDinoSAMSegment", prompt="fox", threshold=0.3, image=["11", 0]),
        "3": node("SaveImage", images=["1", 0]),
    }
    assert ai(png(("prompt", cut_out))) == []


def test_words_about_a_picture_are_no_picture() -> None:
    """A model describes the loaded picture, and another draws what it says."""
    described = LOADED | {
        "20": node("GeminiNode", prompt="describe", model="m", images=["11", 0]),
        "6": node("CLIPTextEncode", text=["20", 0], clip=["4", 1]),
    }
    assert claim_of(GRAPH | described).kind == "generated"
    sized = LOADED | {
        "20": node("GetImageSize", image=["11", 0]),
        "5": node("EmptyLatentImage", width=["20", 0], height=["20", 1], batch_size=1),
    }
    assert claim_of(GRAPH | sized).kind == "generated"


# Samplers

REACHED = {
    "condition that takes the picture": {
        "6": node("TextEncodeZImageOmni", clip=["4", 1], prompt="ink it", image1=["11", 0]),
    },
    "condition with growing inputs": {
        "6": node("TextEncodeQwenImage21", **{"clip": ["4", 1], "images.image_1": ["11", 0]}),
    },
    "condition that no name tells": {
        "60": node("AcmeConditioning", conditioning=["6", 0], extra=["11", 0]),
    },
    "model that the picture goes into": {
        "3": node("KSampler", model=["20", 0], positive=["6", 0], latent_image=["5", 0], seed=1),
        "20": node("IPAdapterAdvanced", model=["4", 0], image=["11", 0]),
    },
    "seen by another model": {
        "60": node("unCLIPConditioning", conditioning=["6", 0], clip_vision_output=["20", 0]),
        "20": node("CLIPVisionEncode", clip_vision=["21", 0], image=["11", 0]),
        "21": node("CLIPVisionLoader", clip_name="v.safetensors"),
    },
    "latent": {"5": node("VAEEncode", pixels=["11", 0], vae=["4", 2])},
    "mask": {"5": node("SetLatentNoiseMask", samples=["20", 0], mask=["11", 1]),
             "20": node("EmptyLatentImage", width=64, height=64)},
    "part of what is saved": {
        "20": node("ImageCompositeMasked", destination=["11", 0], source=["8", 0]),
        "9": node("SaveImage", images=["20", 0]),
    },
    "by a switch": {
        "5": node("AnySwitch", any_01=["20", 0], any_02=["21", 0]),
        "20": node("EmptyLatentImage", width=64, height=64),
        "21": node("VAEEncode", pixels=["11", 0], vae=["4", 2]),
    },
    "named in a node of its own": {"5": node("AcmeLatent", vae=["4", 2], at="mine.png [input]")},
    "written out": {"5": node("AcmeLatent", vae=["4", 2], picture="iVBORw0KGgo" * 200)},
    "frames of a video": {"5": node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
                          "20": node("VHS_LoadVideo", video="mine.mp4")},
    "sampler that is guided": {
        "3": node("SharkSampler", model=["4", 0], positive=["6", 0], latent_image=["5", 0],
                  sampler=["20", 0], seed=1),
        "20": node("ClownSampler", guides=["21", 0]),
        "21": node("ClownGuide", guide=["22", 0]),
        "22": node("VAEEncode", pixels=["11", 0], vae=["4", 2]),
    },
    "on the web": {"5": node("AcmeLatent", image="https://example.org/mine?at=1", width=64)},
    "a file with a query": {"5": node("AcmeLatent", at="//example.org/mine.png?at=1", width=64)},
    "two files": {"5": node("AcmeLatent", paths=["mine.png", "other.png"], width=64)},
    "a list that is wrapped": {"5": node("AcmeLatent", at={"__value__": ["a.png"]}, width=64)},
}  # fmt: skip


@pytest.mark.parametrize("way", REACHED)
def test_every_way_of_a_loaded_picture_makes_an_edit(way: str) -> None:
    plain = GRAPH | LOADED | REACHED[way]
    assert origin(graph_of(plain)) == "picture"
    claim = claim_of(plain)
    assert (claim.kind, claim.strength) == ("edited-with-ai", "declared")
    assert EITHER not in claim.details


NOT_FOLLOWED = {
    "a node of unknown making": {"5": node("VAEEncode", pixels=["20", 0]), "20": node("Acme")},
    "a latent from a file": {"5": node("LoadLatent", latent="x.latent")},
    "a node that is not there": {"5": node("VAEEncode", pixels=["99", 0], vae=["4", 2])},
    "a saved picture's other part": {
        "20": node("AcmeBlend", image_a=["8", 0], image_b=["21", 0]),
        "21": node("Acme"),
        "9": node("SaveImage", images=["20", 0]),
    },
    "a condition that is not there": {
        "60": node("ControlNetApply", conditioning=["99", 0]),
    },
    "a switch": {
        "5": node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
        "20": node("AcmeSwitch", input1=["21", 0], input2=["22", 0], select=["23", 0]),
        "21": node("AnySwitch", value=["24", 0]),
        "22": node("EmptyImage", width=64, height=64),
        "23": node("PrimitiveInt", value=1),
        "24": node("AcmePicture", id="mine"),
    },
    "an embedding from a file": {
        "3": node("KSampler", model=["20", 0], positive=["6", 0], latent_image=["5", 0], seed=1),
        "20": node("IPAdapterEmbeds", model=["4", 0], pos_embed=["21", 0]),
        "21": node("IPAdapterLoadEmbeds", embeds="mine.ipadpt"),
    },
    "a condition from a file": {"6": node("LoadConditioning", path="mine.pt2")},
    "a loader with a model's word in its name": {
        "5": node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
        "20": node("LoadImageForIPAdapter", id="mine"),
    },
    "a picture out of a text": {
        "5": node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
        "20": node("StringToImage", string=["21", 0]),
        "21": node("AcmeText"),
    },
    "a pose that is written out": {
        "60": node("ControlNetApply", conditioning=["6", 0], image=["20", 0]),
        "20": node("PoseEditor", width=64, height=64, pose="[[0, 1]]" * 20),
    },
}


@pytest.mark.parametrize("way", NOT_FOLLOWED)
def test_what_cannot_be_followed_may_be_either(way: str) -> None:
    plain = GRAPH | NOT_FOLLOWED[way]
    assert origin(graph_of(plain)) == "unknown"
    claim = claim_of(plain)
    assert (claim.kind, claim.strength) == ("edited-with-ai", "declared")
    assert EITHER in claim.details
    assert "may be generated or edited" in claim.note


FROM_NOTHING = {
    "as it is": {},
    "a loaded picture that goes nowhere": LOADED | {"12": node("PreviewImage", images=["11", 0])},
    "an efficient loader": {
        "4": node("Efficient Loader", ckpt_name="m.safetensors", empty_latent_width=64),
        "3": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["4", 3], seed=1),
    },
    "an efficient loader whose model is chosen elsewhere": {
        "4": node("Efficient Loader", ckpt_name=["20", 0], empty_latent_width=64),
        "3": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["4", 3], seed=1),
        "20": node("Checkpoint Selector", ckpt_name="m.safetensors"),
    },
    "a model that enlarges latents": {
        "20": node("LatentUpscaleModelLoader", model_name="x2"),
        "5": node("LatentUpscaleWithModel", upscale_model=["20", 0], samples=["21", 0]),
        "21": node("EmptyLatentImage", width=64, height=64),
    },
    "a choice of sizes": {
        "5": node("EmptyLatentImage", width=["20", 0], height=["20", 1], batch_size=1),
        "20": node("ResolutionSelector", aspect_ratio="1:1"),
    },
    "numbers beside pictures": {
        "5": node("AcmeLatent", width=64, num_frames=["20", 0], mask_start=["20", 0]),
        "20": node("PrimitiveInt", value=1),
    },
    "an edit model without a picture": {
        "4": node("UNETLoader", unet_name="qwen_image_edit_2511.safetensors"),
    },
    "a second pass over a larger picture": {
        "20": node("UpscaleModelLoader", model_name="4x.pth"),
        "21": node("ImageUpscaleWithModel", upscale_model=["20", 0], image=["8", 0]),
        "22": node("VAEEncode", pixels=["21", 0], vae=["4", 2]),
        "23": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["22", 0], seed=1),
        "24": node("VAEDecode", samples=["23", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["24", 0]),
    },
    "a switch of sizes": {
        "5": node("AcmeSwitch", input1=["20", 0], input2=["21", 0]),
        "20": node("EmptyLatentImage", width=64, height=64),
        "21": node("EmptySD3LatentImage", width=64, height=32),
    },
    "a first frame that is left out": {
        "5": node("WanImageToVideo", positive=["6", 0], negative=["7", 0], vae=["4", 2], width=64,
                  height=64, length=1),
    },
    "a text on the picture": {
        "20": node("AddText", image=["8", 0], text="for a friend"),
        "9": node("SaveImage", images=["20", 0]),
    },
}  # fmt: skip


@pytest.mark.parametrize("way", FROM_NOTHING)
def test_what_is_made_from_nothing_is_generated(way: str) -> None:
    claim = claim_of(GRAPH | FROM_NOTHING[way])
    assert (claim.kind, claim.strength) == ("generated", "declared")


@pytest.mark.parametrize(
    "sampler",
    [
        node("KolorsSampler", kolors_model=["4", 0], kolors_embeds=["6", 0], seed=5, steps=25),
        node("WanVideoSampler", model=["4", 0], text_embeds=["6", 0], seed=5),
        node("OmniGenSampler", pipeline=["4", 0], seed=5),
        node("SUPIR_sample", SUPIR_model=["4", 0], latents=["5", 0], seed=5),
        node("XlabsSampler", model=["4", 0], conditioning=["6", 0], latent_image=["5", 0]),
    ],
    ids=lambda each: each["class_type"],
)
def test_samplers_of_wrappers_sample(sampler: dict[str, Any]) -> None:
    assert claim_of(GRAPH | {"3": sampler}).kind == "generated"


@pytest.mark.parametrize(
    "kind", ["KSamplerSelect", "ImageResampler", "ModelUpsampler", "BasicScheduler"]
)
def test_what_only_sounds_like_a_sampler_makes_nothing(kind: str) -> None:
    plain = LOADED | {
        "1": node(kind, model=["4", 0], image=["11", 0]),
        "4": node("CheckpointLoaderSimple", ckpt_name="m.safetensors"),
        "2": node("SaveImage", images=["11", 0]),
    }
    assert not is_generation(graph_of(plain))


def test_prompts_and_seeds_stand_some_links_away() -> None:
    far = {
        "3": node("SamplerCustomAdvanced", noise=["20", 0], guider=["22", 0], latent=["5", 0]),
        "20": node("RandomNoise", noise_seed=["21", 0]),
        "21": node("Seed (rgthree)", seed=996478046243637),
        "22": node("BasicGuider", model=["4", 0], conditioning=["23", 0]),
        "23": node("FluxGuidance", guidance=3.5, conditioning=["6", 0]),
    }  # fmt: skip
    found = generation_of(graph_of(GRAPH | far))
    assert (found.seed, found.prompt, found.negative_prompt) == (996478046243637, "a fox", None)
    assert found.model == "some.safetensors"


def test_what_is_set_to_zero_is_no_negative_prompt() -> None:
    zero = {"7": node("ConditioningZeroOut", conditioning=["6", 0])}
    found = generation_of(graph_of(GRAPH | zero))
    assert (found.prompt, found.negative_prompt) == ("a fox", None)


def test_one_node_may_hold_both_prompts() -> None:
    both = {
        "3": node("KolorsSampler", kolors_model=["4", 0], kolors_embeds=["6", 0], seed=5),
        "6": node("KolorsTextEncode", prompt="a fox", negative_prompt="blurry"),
        "4": node("DownloadAndLoadKolorsModel", model="Kwai-Kolors/Kolors"),
    }
    found = generation_of(graph_of(GRAPH | both))
    assert (found.prompt, found.negative_prompt, found.seed) == ("a fox", "blurry", 5)
    assert found.model == "Kwai-Kolors/Kolors"


# Enlarging

UPSCALER = {"4": node("UpscaleModelLoader", model_name="RealESRGAN_x4plus_anime_6B.pth")}


@pytest.mark.parametrize(
    "enlarge",
    [
        node("ImageUpscaleWithModel", upscale_model=["4", 0], image=["11", 0]),
        node("FaceRestoreCFWithModel", facerestore_model=["4", 0], image=["11", 0]),
        node("SeedVR2VideoUpscaler", dit=["4", 0], image=["11", 0]),
        node("StabilityUpscaleFastNode", image=["11", 0]),
        node("RecraftCrispUpscaleNode", image=["11", 0]),
        node("ReActorFaceSwap", input_image=["11", 0], source_image=["11", 0]),
    ],
    ids=lambda each: each["class_type"],
)
def test_a_loaded_picture_that_a_network_enlarges_is_a_hint(enlarge: dict[str, Any]) -> None:
    plain = LOADED | UPSCALER | {"8": enlarge} | SAVED
    claim = claim_of(plain)
    assert (claim.kind, claim.strength) == ("edited-with-ai", "hint")
    assert ("node", enlarge["class_type"]) in claim.details


@pytest.mark.parametrize(
    "change",
    [
        node("ImageScale", image=["11", 0], width=64, height=64),
        node("ImageScaleBy", image=["11", 0], scale_by=2.0),
        node("ImageUpscale", image=["11", 0]),
        node("BiRefNetRembg", model=["4", 0], image=["11", 0]),
        node("LineArtPreprocessor", image=["11", 0], resolution=512),
        node("DepthAnything", da_model=["4", 0], image=["11", 0]),
    ],
    ids=lambda each: each["class_type"],
)
def test_a_loaded_picture_that_is_resized_or_cut_out_is_no_claim(change: dict[str, Any]) -> None:
    assert ai(png(("prompt", LOADED | UPSCALER | {"8": change} | SAVED))) == []
    assert enlarger(graph_of(LOADED | UPSCALER | {"8": change} | SAVED)) is None


def test_an_enlargement_that_is_not_saved_is_no_claim() -> None:
    enlarged = node("ImageUpscaleWithModel", upscale_model=["4", 0], image=["11", 0])
    plain = LOADED | UPSCALER | {"8": enlarged, "9": node("SaveImage", images=["11", 0])}
    assert ai(png(("prompt", plain))) == []
    shown = {"12": node("PreviewImage", images=["8", 0])}
    assert ai(png(("prompt", plain | shown))) == []
    assert only(png(("prompt", without_save(plain) | shown))).strength == "hint"


def test_a_loaded_picture_is_saved_through_any_input() -> None:
    """Beside it a picture is made and only shown."""
    shown = {"9": node("PreviewImage", images=["8", 0])}
    saved = {"12": node("SaveAny", anything=["11", 0])}
    assert ai(png(("prompt", GRAPH | LOADED | shown | saved))) == []
    words = {"12": node("SaveText", text=["6", 0]), "13": node("SaveAudio", audio=["11", 0])}
    assert claim_of(GRAPH | LOADED | shown | words).strength == "declared"


@pytest.mark.parametrize("kind", ["ETN_SendImageWebSocket", "ImageOut", "Image_Sender"])
def test_a_loaded_picture_is_sent(kind: str) -> None:
    """A program that drives ComfyUI saves what it is sent; what is made is only shown."""
    shown = {"9": node("PreviewImage", images=["8", 0])}
    sent = {"12": node(kind, images=["11", 0])}
    assert ai(png(("prompt", GRAPH | LOADED | shown | sent))) == []
    assert claim_of(GRAPH | shown | {"12": node(kind, images=["8", 0])}).kind == "generated"


def without_save(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in plain.items() if each["class_type"] != "SaveImage"}


def test_a_graph_without_savers_ends_where_it_shows() -> None:
    shown = {"12": node("PreviewImage", images=["8", 0])}
    compared = {"13": node("Image Comparer", image_a=["8", 0], image_b=["11", 0])}
    assert origin(graph_of(without("9") | LOADED | shown | compared)) == "nothing"
    assert origin(graph_of(without("9") | LOADED | compared)) == "picture"
