"""The text that AUTOMATIC1111's web UI and its relatives write.

    a prompt of any number of lines
    Negative prompt: which may be missing, and may be of several lines
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, Version: v1.10

AUTOMATIC1111/stable-diffusion-webui:modules/processing.py. A text counts only if its last line
has "Steps" and two more of the fields that writers give, each with a value of its form, and no
prose follows: people write about prompts too, and quote them, and number the steps of a drawing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed

_STEPS = re.compile(r"^Steps: \d{1,6}(?:,|$)", re.M)
_INLINE_STEPS = re.compile(r"(?:^|[^\w:]|\\n)(?P<steps>Steps: \d{1,6}, [A-Z][A-Za-z ]{2,30}: )")
_INLINE_NEGATIVE = "Negative prompt: "
_NEGATIVE = re.compile(r"^Negative prompt: ?", re.M)
_SUPPORT = {
    "Sampler": re.compile(r"[][\w+. ()/-]{2,60}\Z"),
    "CFG scale": re.compile(r"-?\d{1,4}(?:\.\d{1,20})?\Z"),
    "Seed": re.compile(r"-?\d{1,20}\Z"),
    "Size": re.compile(r"\d{1,5}x\d{1,5}\Z"),
    "Model hash": re.compile(r"[0-9A-Fa-f]{6,64}\Z"),
}
"""Fields that writers give, and the form of their values."""
_LEAST = 2
_ALL = 4  # what the versions of 2022 wrote
_LONGEST_KEY = 80
_LONGEST_LINE = 64 * 1024  # an APP1 segment holds no more; real lines have up to some thousands
_MOST_FIELDS = 500  # real lines have up to some forty
_MOST_FAILURES = 8  # values that begin as JSON and are none: each may have been read to the end,
_SHORT = 4096  # so after the first only those that are as near to it are tried
_TEMPLATE = re.compile(r"^(?:Negative )?[Tt]emplate: ", re.M)
_BEHIND = re.compile(r"(?:Negative )?Template: ")  # extensions for prompts add these lines
_JSON = json.JSONDecoder()
_MODELS = ("Model", "model", "Unet")  # the second by ArtBot, the third by stable-diffusion.cpp
_GUIDES = (
    "ControlNet", "Control type", "Control model", "Control mode", "IP Adapter", "FaceID",
    "FaceSwap", "InstantID", "InstantIR", "IY model", "PhotoMaker", "PuLID", "ReSwapper",
    "Init image", "Resize before",
)  # fmt: skip
"""How the names of fields begin that are there only where a picture was given."""
_FROM_NOTHING = "txt2img"
_WITH_A_PICTURE = frozenset(("img2img", "inpaint", "instruct", "control"))
"""SD.Next's operations (modules/processing_args.py)."""
_CHANGES = re.compile(r"(?i)img2img|inpaint|edit|kontext|instruct|control")
"""Parts of the names of pipelines that are given a picture."""


@dataclass(frozen=True, slots=True)
class WebUiText:
    """A text in this layout. ``fields``: of the last line, by their names there. ``is_joined``: its
    line breaks are gone."""

    prompt: str
    negative_prompt: str | None
    fields: dict[str, str]
    is_joined: bool = False

    @property
    def begins_with_a_picture(self) -> bool | None:
        """Whether another picture was changed, or guided this one: a denoising strength without
        the enlargement that has one too, a mask, a control; ``None`` where that is open."""
        f = self.fields
        if any(name.startswith(_GUIDES) for name in f):
            return True
        if "Operations" in f:
            return _of_operations(f["Operations"])
        enlarged = "First pass size" in f or any(name.startswith("Hires") for name in f)  # by 2022
        changed = "Denoising strength" in f and not enlarged
        if changed or "Mask blur" in f or "Inpaint area" in f:
            return True
        return None if _CHANGES.search(f.get("Pipeline", "")) else False

    @property
    def support(self) -> int:
        """How many of the fields that writers give stand beside "Steps", with a value of their
        form."""
        return sum(bool(form.match(self.fields.get(name, ""))) for name, form in _SUPPORT.items())

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
            model=next(filter(None, map(f.get, _MODELS)), None),
            seed=as_seed(f.get("Seed")),
            sampler=f.get("Sampler"),
            details=tuple((name, f[name]) for name in shown if name in f),
            from_picture=self.begins_with_a_picture,
        )


def _of_operations(operations: str) -> bool | None:
    """Second passes of a picture made from nothing are told as changes too, and a lone enlargement
    does not say of what."""
    done = {each.strip() for each in operations.split(";")}
    if done & _WITH_A_PICTURE:
        return None if _FROM_NOTHING in done else True
    return False if _FROM_NOTHING in done else None


def read_text(text: str) -> WebUiText | None:
    """A text in this layout, or ``None``."""
    if "Steps: " not in text:
        return None
    starts = [found.start() for found in _STEPS.finditer(text)]
    if not starts:
        return _one_line(text)
    last, _, behind = text[starts[-1] :].partition("\n")
    if behind.strip() and not _BEHIND.match(behind):
        return None
    head = text[: starts[-1]]
    prompt, negative = head, None
    negatives = list(_NEGATIVE.finditer(head))
    if negatives:
        cut = negatives[-1]
        prompt = head[: cut.start()]
        negative = _TEMPLATE.split(head[cut.end() :])[0].strip()  # SD.Next's stands behind it
    found = WebUiText(prompt.strip(), negative, fields_of(last))
    return found if found.support >= _LEAST else None


def _one_line(text: str) -> WebUiText | None:
    """A text whose line breaks are gone, as sites and editors leave it: ``a fox.Negative prompt:
    blurry.Steps: 20, Sampler: ...``. Only with what the versions of 2022 wrote at least, and with
    nothing behind it: within a line people quote more than they do on lines of their own."""
    starts = list(_INLINE_STEPS.finditer(text))
    if not starts:
        return None
    steps = starts[-1].start("steps")
    head, line = text[:steps], text[steps:].strip()
    if "\n" in line:
        return None
    fields = fields_of(line)
    prompt, cut, negative = head.rpartition(_INLINE_NEGATIVE)
    if not cut:
        prompt, negative = head, ""
    found = WebUiText(_stripped(prompt), _stripped(negative) if cut else None, fields, True)
    known = sum(name in fields for name in _SUPPORT)
    return found if _ALL <= found.support == known else None


def _stripped(text: str) -> str:
    """Without the line break at its end, which may have been written out."""
    return text.strip().removesuffix("\\n").strip()


def fields_of(line: str) -> dict[str, str]:
    """``Name: value, Name: "quoted, value", Name: [JSON]`` as a dictionary; JSON stays text."""
    line = line[:_LONGEST_LINE]
    fields: dict[str, str] = {}
    at, end, failures = 0, len(line), 0
    for _ in range(_MOST_FIELDS):
        while at < end and line[at] in " ,":
            at += 1
        if at >= end:
            break
        colon, comma = (line.find(mark, at, at + _LONGEST_KEY) for mark in ":,")
        if colon < 0 or 0 <= comma < colon:  # a value with a comma: part of the one before
            at = line.find(",", at)
            if at < 0:
                break
            continue
        start = colon + 2 if line.startswith(" ", colon + 1) else colon + 1
        found = None
        again = failures < _MOST_FAILURES and (not failures or len(line) - start <= _SHORT)
        if again and line.startswith(('"', "[", "{"), start):
            found = _json(line, start)
            failures += found is None
        value, behind = found or _plain(line, start)
        fields.setdefault(line[at:colon].strip(), value)
        at = behind
    return fields


def _json(line: str, at: int) -> tuple[str, int] | None:
    try:
        found, end = _JSON.raw_decode(line, at)
    except (ValueError, RecursionError):
        return None
    return (found if isinstance(found, str) else line[at:end]), end


def _plain(line: str, at: int) -> tuple[str, int]:
    comma = line.find(",", at)
    end = len(line) if comma < 0 else comma
    return line[at:end].strip(), end
