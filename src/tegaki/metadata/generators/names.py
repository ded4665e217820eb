"""Names of generators that stand alone, in the fields where programs write their own name.

A name says which program saved the file, not what it did: any program can save any picture, and
anyone can write a name. So it is a hint, the same for all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.results.claim import Claim, Location

_XMP = "http://ns.adobe.com/xap/1.0/"
_NAMES = {
    "adobe firefly": "Adobe Firefly",
    "artbot": "ArtBot",
    "artbot - create images with stable diffusion, utilizing the ai horde": "ArtBot",
    "automatic1111": "AUTOMATIC1111",
    "bing image creator": "Microsoft Designer",
    "microsoft designer": "Microsoft Designer",
    "chatgpt": "OpenAI",
    "openai": "OpenAI",
    "openai chatgpt": "OpenAI",
    "gpt-4o": "OpenAI",
    "gpt-image": "OpenAI",
    "sora": "OpenAI",
    "comfyui": "ComfyUI",
    "dall-e": "OpenAI",
    "dall·e": "OpenAI",
    "diffusionbee": "DiffusionBee",
    "draw things": "Draw Things",
    "easy diffusion": "Easy Diffusion",
    "fooocus": "Fooocus",
    "gemini": "Google",
    "google gemini": "Google",
    "gemini nano banana": "Google",
    "google ai": "Google",
    "google imagen": "Google",
    "imagen": "Google",
    "nano banana": "Google",
    "nano banana pro": "Google",
    "grok": "xAI Grok",
    "grok imagine": "xAI Grok",
    "xai grok": "xAI Grok",
    "ideogram": "Ideogram",
    "invokeai": "InvokeAI",
    "leonardo.ai": "Leonardo.Ai",
    "leonardo ai": "Leonardo.Ai",
    "midjourney": "Midjourney",
    "mochi diffusion": "Mochi Diffusion",
    "mold": "mold",
    "niji journey": "Midjourney",
    "nijijourney": "Midjourney",
    "novelai": "NovelAI",
    "ruinedfooocus": "RuinedFooocus",
    "sd.next": "SD.Next",
    "seedream": "ByteDance Seedream",
    "stable diffusion": "Stable Diffusion",
    "stable diffusion web ui": "AUTOMATIC1111",
    "stable diffusion webui": "AUTOMATIC1111",
    "stable-diffusion.cpp": "stable-diffusion.cpp",
    "stability matrix": "Stability Matrix",
    "swarmui": "SwarmUI",
}
"""Whole texts in lower case, without a version, and whose they are."""
_VERSION = re.compile(r"[ /-]v?\d[\w.+-]*\Z")
_LONGEST = 80
_NOTE = "Only the program's name is there, not what it did."


def find(evidence: Evidence, known_tools: Collection[str]) -> Iterator[Claim]:
    """Names of tools that have said no more.

    Args:
        known_tools: tools of which other marks were found.
    """
    seen = set(known_tools)
    for text, carrier, place in _fields(evidence):
        tool = known_name(text)
        if tool is not None and tool not in seen:
            seen.add(tool)
            yield Generation().claim(tool, carrier, place, strength="hint", note=_NOTE)


def _fields(evidence: Evidence) -> Iterator[tuple[str, str, Location]]:
    for candidate in evidence.texts("Software"):
        yield candidate.text, "Software text", candidate.place
    for candidate in evidence.exif("Software"):
        yield candidate.text, "EXIF Software", candidate.place
    for found in evidence.xmp(_XMP, "CreatorTool"):
        yield found.value, "XMP CreatorTool", found.place


def known_name(text: str) -> str | None:
    """The generator that a text names and nothing else, a version aside."""
    if len(text) > _LONGEST:
        return None
    name = text.strip().lower()
    return _NAMES.get(name) or _NAMES.get(_VERSION.sub("", name))
