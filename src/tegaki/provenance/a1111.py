"""The text that AUTOMATIC1111's web UI and its relatives write.

    a prompt of any number of lines
    Negative prompt: which may be missing, and may be of several lines
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, Version: v1.10

AUTOMATIC1111/stable-diffusion-webui:modules/processing.py. A text counts only if its last line
has "Steps" and two more of the four that every writer gives: people write about prompts too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tegaki.provenance.generation import Generation
from tegaki.provenance.jsontext import as_seed

_STEPS = re.compile(r"^Steps: \d{1,6}(?:,|$)", re.M)
_NEGATIVE = re.compile(r"^Negative prompt: ?", re.M)
_KEY = re.compile(r"[ ,]*([^:,\n]{1,80}):[ ]?")
_SUPPORT = ("Sampler", "CFG scale", "Seed", "Size")
_MOST_FIELDS = 500
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class WebUiText:
    """A text in this layout. ``fields``: of the last line, by their names there."""

    prompt: str
    negative_prompt: str | None
    fields: dict[str, str]

    def generation(self) -> Generation:
        """What it says of the generation."""
        f = self.fields
        shown = ("Steps", "CFG scale", "Size", "Schedule type", "Version", "App", "Pipeline")
        return Generation(
            prompt=self.prompt or None,
            negative_prompt=self.negative_prompt or None,
            model=f.get("Model"),
            seed=as_seed(f.get("Seed")),
            sampler=f.get("Sampler"),
            details=tuple((name, f[name]) for name in shown if name in f),
        )


def read_text(text: str) -> WebUiText | None:
    """A text in this layout, or ``None``."""
    if "Steps: " not in text:
        return None
    starts = [found.start() for found in _STEPS.finditer(text)]
    if not starts:
        return None
    last = text[starts[-1] :]
    fields = fields_of(last.partition("\n")[0])
    if sum(name in fields for name in _SUPPORT) < 2:
        return None
    head = text[: starts[-1]]
    negatives = list(_NEGATIVE.finditer(head))
    if not negatives:
        return WebUiText(head.strip(), None, fields)
    cut = negatives[-1]
    return WebUiText(head[: cut.start()].strip(), head[cut.end() :].strip(), fields)


def fields_of(line: str) -> dict[str, str]:
    """``Name: value, Name: "quoted, value", Name: [JSON]`` as a dictionary; JSON stays text."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(line) and len(fields) < _MOST_FIELDS:
        key = _KEY.match(line, at)
        if key is None:  # a value with a comma and no name: part of the one before
            comma = line.find(",", at + 1)
            at = len(line) if comma < 0 else comma + 1
            continue
        at = key.end()
        value, at = _value(line, at)
        fields.setdefault(key[1].strip(), value)
    return fields


def _value(line: str, at: int) -> tuple[str, int]:
    if line[at : at + 1] in ('"', "[", "{"):
        try:
            found, end = _JSON.raw_decode(line, at)
            return (found if isinstance(found, str) else line[at:end]), end
        except (ValueError, RecursionError):
            pass
    comma = line.find(",", at)
    end = len(line) if comma < 0 else comma
    return line[at:end].strip(), end
