"""ComfyUI's graphs: a sampler that reaches a decoder makes a picture, other graphs do not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.metadata.generators.comfy_graph import Graph, as_graph
from tegaki.metadata.generators.comfy_graph_fields import generation_of, made_size
from tegaki.metadata.generators.comfy_graph_origin import (
    ends_at_sampler,
    enlarger,
    is_generation,
    origin,
    saves_others,
)

GRAPH: dict[str, Any] = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "some.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "60": {
        "class_type": "ControlNetApply",
        "inputs": {"conditioning": ["6", 0], "strength": 1.0},
    },
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 7, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
            "model": ["4", 0], "positive": ["60", 0], "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
}  # fmt: skip


def without(*names: str) -> dict[str, Any]:
    return {name: node for name, node in GRAPH.items() if name not in names}


def generates(plain: Any) -> bool:
    graph = as_graph(plain)
    return graph is not None and is_generation(graph)


def test_a_graph_is_read_through_its_links() -> None:
    graph = as_graph(GRAPH)
    assert graph is not None
    assert is_generation(graph)
    said = generation_of(graph)
    assert (said.prompt, said.negative_prompt) == ("a fox", "blurry")
    assert (said.model, said.seed, said.sampler) == ("some.safetensors", 7, "euler")
    assert ("steps", "20") in said.details
    assert made_size(graph) == (512, 768)


def test_a_seed_and_a_text_may_stand_in_nodes_of_their_own() -> None:
    plain = without() | {
        "seed": {"class_type": "Seed", "inputs": {"seed": 99}},
        "words": {"class_type": "PrimitiveString", "inputs": {"value": "a cat"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["words", 0], "clip": ["4", 1]}},
    }
    inputs = GRAPH["3"]["inputs"] | {"seed": ["seed", 0]}
    plain["3"] = {"class_type": "KSampler", "inputs": inputs}
    graph = as_graph(plain)
    assert graph is not None
    assert (generation_of(graph).seed, generation_of(graph).prompt) == (99, "a cat")


def test_loading_and_saving_generates_nothing() -> None:
    assert not generates(
        {
            "1": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
            "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
        }
    )


def test_a_sampler_that_reaches_nothing_generates_nothing() -> None:
    assert not generates(without("8", "9"))


def test_a_graph_that_was_cut_at_its_sampler_is_told_from_others() -> None:
    cut, whole = as_graph(without("8", "9")), as_graph(without("8"))
    assert cut is not None
    assert whole is not None
    assert ends_at_sampler(cut)
    assert not ends_at_sampler(whole)  # it saves something else


def test_a_drawing_of_a_graph_is_no_graph() -> None:
    assert as_graph({"last_node_id": 2, "nodes": [{"id": 1, "type": "KSampler"}]}) is None


def test_a_service_makes_pictures_too() -> None:
    plain = {
        "1": {"class_type": "OpenAIGPTImage1", "inputs": {"prompt": "a fox"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    }
    graph = as_graph(plain)
    assert graph is not None
    assert is_generation(graph)
    assert generation_of(graph).prompt == "a fox"


def graph_of(plain: dict[str, Any]) -> Graph:
    graph = as_graph(plain)
    assert graph is not None
    return graph


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


LOADED = {"11": node("LoadImage", image="mine.png")}


def test_a_graph_that_saves_the_loaded_picture_generates_nothing() -> None:
    """The sampler's picture is only shown."""
    saved = {"9": node("SaveImage", images=["11", 0]), "12": node("PreviewImage", images=["8", 0])}
    assert not generates(GRAPH | LOADED | saved)
    assert generates(without("9") | LOADED | {"12": saved["12"]})


def test_a_graph_that_also_saves_another_picture_says_so() -> None:
    both = GRAPH | LOADED | {"12": node("Image Save", images=["11", 0])}
    assert generates(both)
    assert saves_others(graph_of(both))
    assert not saves_others(graph_of(GRAPH))
    words = GRAPH | {"12": node("SaveText", text=["6", 0])}
    assert not saves_others(graph_of(words))


def test_a_services_answer_has_to_be_saved_where_anything_is() -> None:
    asked = LOADED | {
        "1": node("OpenAIGPTImage1", prompt="a fox"),
        "2": node("PreviewImage", images=["1", 0]),
        "3": node("SaveImage", images=["11", 0]),
    }
    assert not generates(asked)
    assert generates(asked | {"3": node("SaveImage", images=["1", 0])})


@pytest.mark.parametrize(
    "loader",
    [
        "LoadImage", "ETN_LoadImageBase64", "Image Load", "easy loadImageBase64", "VHS_LoadImages",
        "SwarmLoadImageB64", "JWImageLoadRGB", "ETN_KritaCanvas",
    ],
)  # fmt: skip
def test_what_is_sampled_may_come_from_any_loader(loader: str) -> None:
    loaded = {"5": node("VAEEncode", pixels=["11", 0]), "11": node(loader, image="mine.png")}
    assert origin(graph_of(GRAPH | loaded)) == "picture"


ENCODED = {"12": node("VAEEncode", pixels=["11", 0])}
EDITS = {
    "padded": {
        "5": node("VAEEncode", pixels=["13", 0]),
        "13": node("ImageCompositeMasked", destination=["14", 0], source=["11", 0]),
        "14": node("EmptyImage", width=64, height=64),
    },
    "switched": {
        "5": node("LatentSwitch", latent1=["12", 0], latent2=["13", 0]),
        "13": node("EmptyLatentImage", width=64, height=64),
    },
    "kontext": {
        "3": node("KSampler", model=["4", 0], positive=["13", 0], latent_image=["5", 0], seed=1),
        "13": node("ReferenceLatent", conditioning=["6", 0], latent=["12", 0]),
    },
    "qwen": {
        "3": node("KSampler", model=["4", 0], positive=["13", 0], latent_image=["5", 0], seed=1),
        "13": node("TextEncodeQwenImageEdit", clip=["4", 1], image=["11", 0], prompt="a fox"),
    },
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_empty_node_beside_it_excuses_no_picture(edit: str) -> None:
    assert origin(graph_of(GRAPH)) == "nothing"
    assert origin(graph_of(GRAPH | LOADED | ENCODED | EDITS[edit])) == "picture"


def test_a_picture_that_guides_reaches_the_outcome() -> None:
    """A first pass under a ControlNet, and a second one over its latent."""
    guided = {
        "13": node("ControlNetApply", conditioning=["6", 0], image=["11", 0]),
        "20": node("KSampler", model=["4", 0], positive=["13", 0], latent_image=["5", 0], seed=1),
        "3": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["20", 0], seed=1),
    }
    assert origin(graph_of(GRAPH | LOADED | guided)) == "picture"


def test_the_size_of_what_was_sampled_makes_no_picture() -> None:
    sized = {
        "12": node("GetImageSize", image=["8", 0]),
        "13": node("ImageScale", image=["11", 0], width=["12", 0], height=["12", 1]),
        "9": node("SaveImage", images=["13", 0]),
    }
    assert not generates(GRAPH | LOADED | sized)


def test_a_second_pass_begins_with_no_other_picture() -> None:
    """Whatever makes the first latent: some loaders do, and are not called empty."""
    passes = {
        "20": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["4", 3], seed=1),
        "21": node("VAEDecode", samples=["20", 0]),
        "22": node("VAEEncode", pixels=["21", 0]),
        "3": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["22", 0], seed=1),
    }
    assert origin(graph_of(without("5") | passes)) == "nothing"


def test_a_model_that_enlarges_is_not_the_one_that_made_it() -> None:
    enlarged = {"1": node("UpscaleModelLoader", model_name="4x.pth")} | GRAPH
    assert generation_of(graph_of(enlarged)).model == "some.safetensors"
    assert generation_of(graph_of({"1": enlarged["1"]} | without("4"))).model is None


@pytest.mark.parametrize("many", [3000, 300])
def test_a_graph_of_samplers_takes_a_few_walks(many: int) -> None:
    """Every node samples, and takes from as many others as the file's limit lets it."""
    links = 18_000 // many
    plain = {
        str(at): node(
            "KSampler",
            **{f"k{each}": [str((at * 7 + each) % many), 0] for each in range(links)},
            model=[str((at + 1) % many), 0],
            latent_image=[str((at + 3) % many), 0],
        )
        for at in range(many)
    }
    started = time.process_time()
    graph = graph_of(plain | {"save": node("SaveImage", images=["1", 0])})
    assert is_generation(graph)
    assert origin(graph) == "unknown"
    assert generation_of(graph).prompt is None
    assert made_size(graph) is None
    assert time.process_time() - started < 3


@pytest.mark.parametrize("one", ["saver", "sampler"])
def test_a_graph_of_savers_or_of_sources_takes_a_few_walks(one: str) -> None:
    if one == "sampler":
        plain = {str(at): node("SaveImage", images=["x", 0]) for at in range(9000)}
        plain |= {"x": node("KSampler", model=["4", 0], prompt="a fox", seed=1)}
    else:
        plain = {str(at): node("KSampler", model=["4", 0], prompt="a fox") for at in range(6000)}
        plain |= {"x": node("SaveImage", **{f"image_{at}x": [str(at), 0] for at in range(6000)})}
    plain["4"] = node("CheckpointLoaderSimple", ckpt_name="some.safetensors")
    started = time.process_time()
    graph = graph_of(plain)
    assert is_generation(graph)
    assert origin(graph) == "nothing"
    assert not saves_others(graph)
    assert time.process_time() - started < 4


def test_links_to_lists_are_no_links() -> None:
    inner: list[Any] = []
    for _ in range(500):
        inner = [inner]
    assert graph_of(GRAPH | {"1": node("Any", model=[inner, 0])}).link("1", "model") is None


def test_loops_end() -> None:
    plain = without()
    plain["6"] = {"class_type": "Concat", "inputs": {"a": ["60", 0]}}
    plain["60"] = {"class_type": "Concat", "inputs": {"b": ["6", 0]}}
    graph = as_graph(plain)
    assert graph is not None
    assert generation_of(graph).prompt is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["class_type", "inputs", "1", "2", "model", "samples", "text"]), inner
    ),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
def test_any_json_is_taken(plain: Any) -> None:
    graph = as_graph(plain)
    if graph is not None:
        is_generation(graph)
        saves_others(graph)
        generation_of(graph)
        made_size(graph)
        enlarger(graph)
