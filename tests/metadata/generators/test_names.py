"""Names of generators that stand alone."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tegaki.metadata import read
from tests.metadata.generators.test_comfy_graph import GRAPH
from tests.metadata.generators.test_tools import ai, only, png, xmp


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("Midjourney", "Midjourney"), ("Stable Diffusion", "Stable Diffusion"),
        ("Adobe Firefly", "Adobe Firefly"), ("NovelAI", "NovelAI"), ("Draw Things", "Draw Things"),
        ("Fooocus v2.5.5", "Fooocus"), ("ComfyUI", "ComfyUI"), ("InvokeAI/4.2.0", "InvokeAI"),
        ("ChatGPT", "OpenAI"), ("GPT-4o", "OpenAI"), ("DALL-E 3", "OpenAI"), ("Gemini", "Google"),
        ("Google Gemini 3", "Google"), ("Nano Banana", "Google"), ("Grok", "xAI Grok"),
        ("Grok Imagine", "xAI Grok"),
    ],
)  # fmt: skip
def test_a_name_alone_is_a_hint(name: str, tool: str) -> None:
    exif = Image.Exif()
    exif[0x0131] = name
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    creator = f"<xmp:CreatorTool>{name}</xmp:CreatorTool>"
    for data in (png(("Software", name)), buffer.getvalue(), xmp(creator)):
        claim = only(data)
        assert (claim.tool, claim.kind, claim.strength) == (tool, "generated", "hint")
        assert claim.note == "Only the program's name is there, not what it did."


@pytest.mark.parametrize(
    "words",
    [
        "not Midjourney",
        "Gemini constellation",
        "I grok it",
        "Grok!",
        "drawn after Midjourney",
        "Midjourney and a brush",
        "NovelAI " * 100,
        "",
    ],
)
def test_a_name_among_other_words_is_none(words: str) -> None:
    assert ai(png(("Software", words))) == []
    assert ai(png(("Title", "Midjourney"), ("Author", "NovelAI"), ("Description", "ComfyUI"))) == []


def test_a_name_beside_its_tools_own_mark_is_not_told_again() -> None:
    (claim,) = read(png(("Software", "ComfyUI"), ("Software", "ComfyUI"), ("prompt", GRAPH)))
    assert claim.strength == "declared"
    two = read(png(("Software", "Midjourney"), ("prompt", GRAPH)))
    assert [(c.tool, c.strength) for c in two] == [("ComfyUI", "declared"), ("Midjourney", "hint")]
