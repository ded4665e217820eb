"""The text that AUTOMATIC1111's web UI and its relatives write.

    a prompt of any number of lines
    Negative prompt: which may be missing, and may be of several lines
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, Version: v1.10

AUTOMATIC1111/stable-diffusion-webui:modules/processing.py. A text counts only if its last line
has "Steps" and two more of the four that every writer gives, and no prose follows: people write
about prompts too, and quote them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tegaki.provenance.generation import Generation
from tegaki.provenance.jsontext import as_seed

_STEPS = re.compile(r"^Steps: \d{1,6}(?:,|$)", re.M)
_NEGATIVE = re.compile(r"^Negative prompt: ?", re.M)
_SUPPORT = ("Sampler", "CFG scale", "Seed", "Size")
_LONGEST_KEY = 80
_LONGEST_LINE = 1024 * 1024
_MOST_FIELDS = 500  # real lines have up to some forty
_TEMPLATE = re.compile(r"^(?:Negative )?[Tt]emplate: ", re.M)
_BEHIND = re.compile(r"(?:Negative )?Template: ")  # extensions for prompts add these lines
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class WebUiText:
    """A text in this layout. ``fields``: of the last line, by their names there."""

    prompt: str
    negative_prompt: str | None
    fields: dict[str, str]

    @property
    def begins_with_a_picture(self) -> bool:
        """Whether another picture was changed: a denoising strength without the enlargement that
        has one too, or a mask."""
        f = self.fields
        changed = "Denoising strength" in f and not any(name.startswith("Hires") for name in f)
        return changed or "Mask blur" in f or "Inpaint area" in f

    def generation(self) -> Generation:
        """What it says of the generation."""
        f = self.fields
        shown = (
            "Steps", "CFG scale", "Size", "Schedule type", "Denoising strength", "Mask blur",
            "Inpaint area", "Version", "App", "Pipeline",
        )  # fmt: skip
        return Generation(
            prompt=self.prompt or None,
            negative_prompt=self.negative_prompt or None,
            model=f.get("Model"),
            seed=as_seed(f.get("Seed")),
            sampler=f.get("Sampler"),
            details=tuple((name, f[name]) for name in shown if name in f),
            from_picture=self.begins_with_a_picture,
        )


def read_text(text: str) -> WebUiText | None:
    """A text in this layout, or ``None``."""
    if "Steps: " not in text:
        return None
    starts = [found.start() for found in _STEPS.finditer(text)]
    if not starts:
        return None
    last, _, behind = text[starts[-1] :].partition("\n")
    if behind.strip() and not _BEHIND.match(behind):
        return None
    fields = fields_of(last)
    if sum(name in fields for name in _SUPPORT) < 2:
        return None
    head = text[: starts[-1]]
    negatives = list(_NEGATIVE.finditer(head))
    if not negatives:
        return WebUiText(head.strip(), None, fields)
    cut = negatives[-1]
    negative = _TEMPLATE.split(head[cut.end() :])[0]  # SD.Next puts its template behind it
    return WebUiText(head[: cut.start()].strip(), negative.strip(), fields)


def fields_of(line: str) -> dict[str, str]:
    """``Name: value, Name: "quoted, value", Name: [JSON]`` as a dictionary; JSON stays text."""
    fields: dict[str, str] = {}
    at, end = 0, min(len(line), _LONGEST_LINE)
    for _ in range(_MOST_FIELDS):
        while at < end and line[at] in " ,":
            at += 1
        if at >= end:
            break
        colon, comma = (line.find(mark, at, at + _LONGEST_KEY) for mark in ":,")
        if colon < 0 or 0 <= comma < colon:  # a value with a comma: part of the one before
            at = line.find(",", at, end)
            if at < 0:
                break
            continue
        value, behind = _value(line, colon + 1)
        fields.setdefault(line[at:colon].strip(), value)
        at = behind
    return fields


def _value(line: str, at: int) -> tuple[str, int]:
    if line[at : at + 1] == " ":
        at += 1
    if line[at : at + 1] in ('"', "[", "{"):
        try:
            found, end = _JSON.raw_decode(line, at)
            return (found if isinstance(found, str) else line[at:end]), end
        except (ValueError, RecursionError):
            pass
    comma = line.find(",", at)
    end = len(line) if comma < 0 else comma
    return line[at:end].strip(), end
