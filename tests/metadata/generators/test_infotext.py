"""The web UI's text: read whole where it is one, and nothing else taken for one."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.metadata.generators.infotext import fields_of, read_text

TEXT = (
    "a fox, watercolour,\nsoft light\nNegative prompt: blurry,\nlow quality\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5.5, Seed: 3623174757, "
    "Size: 512x768, Model hash: 45a21ea00a, Model: some_model, Version: v1.10.1"
)


def test_a_text_is_read_whole() -> None:
    found = read_text(TEXT)
    assert found is not None
    said = found.generation()
    assert said.prompt == "a fox, watercolour,\nsoft light"
    assert said.negative_prompt == "blurry,\nlow quality"
    assert (said.model, said.seed, said.sampler) == ("some_model", 3623174757, "DPM++ 2M")
    assert ("Version", "v1.10.1") in said.details


def test_the_negative_prompt_may_be_missing() -> None:
    found = read_text("a fox\nSteps: 4, Seed: 1, CFG scale: 1")
    assert found is not None
    assert (found.prompt, found.negative_prompt) == ("a fox", None)


def test_a_prompt_may_speak_of_negative_prompts() -> None:
    found = read_text(
        "a sign: Negative prompt: yes\nNegative prompt: no\nSteps: 4, Seed: 1, Size: 8x8"
    )
    assert found is not None
    assert (found.prompt, found.negative_prompt) == ("a sign: Negative prompt: yes", "no")


def test_values_in_quotes_and_json_keep_their_commas() -> None:
    resources = '[{"type":"checkpoint","modelName":"a, b"}]'
    line = (
        f'Steps: 1, Seed: 2, Size: 1x1, Lora hashes: "a: 1, b: 2", Civitai resources: {resources}, '
        "Civitai metadata: {}"
    )
    fields = fields_of(line)
    assert fields["Lora hashes"] == "a: 1, b: 2"
    assert json.loads(fields["Civitai resources"]) == [{"type": "checkpoint", "modelName": "a, b"}]
    assert fields["Civitai metadata"] == "{}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Steps: 20",
        "Steps: twenty, Sampler: Euler, Seed: 1, Size: 1x1",
        "My ten steps to better line art. Steps: 20, Sampler: Euler, Seed: 1",
        "I drew this in Krita after a tutorial on Steps: and Sampler: settings, Seed: no",
        "Steps: 20, Colours: 3, Time: 2 h",
        "Steps: 20, Seed: 5",
        "My first sampler in wool.\nSteps: 40, Sampler: cross stitch, Size: 30x30 cm",
        "How I draw a fox\nSteps: 5, Size: A4, Seed: a photo of a fox",
        "Steps: 6, Sampler: the long one, CFG scale: 1:10, Seed: poppy, Size: 20x20 inches",
    ],
)
def test_what_people_write_is_no_such_text(text: str) -> None:
    assert read_text(text) is None


FIELDS = "Steps: 50, Sampler: Euler a, CFG scale: 4, Seed: 29, Size: 512x512, Version: v1.10.1"


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        (f"a fox.{FIELDS}", "a fox.", None),
        (f"a fox {FIELDS}", "a fox", None),
        (f"a fox,{FIELDS}", "a fox,", None),
        (f"a fox.Negative prompt: blurry.{FIELDS}", "a fox.", "blurry."),
        (f"a fox Negative prompt: blurry, {FIELDS}", "a fox", "blurry,"),
        (f"a fox\\nNegative prompt: blurry\\n{FIELDS}", "a fox", "blurry"),
        (f"a fox\nNegative prompt: blurry {FIELDS}", "a fox", "blurry"),
    ],
)
def test_a_text_whose_line_breaks_are_gone(text: str, prompt: str, negative: str | None) -> None:
    found = read_text(text)
    assert found is not None
    assert (found.prompt, found.negative_prompt) == (prompt, negative)
    assert (found.fields["Steps"], found.fields["Version"]) == ("50", "v1.10.1")


@pytest.mark.parametrize(
    "text",
    [
        "I like Steps: 20, Sampler: Euler a, Seed: 1 best",  # of its fields two have their form
        "My settings are Steps: 50, Sampler: Euler a, CFG scale: 4",
        "Prompt: a harbour, Steps are drawn with a fineliner; Seed: none",
        f"aSteps: {FIELDS[7:]}",
        f"Their picture has {FIELDS}\nMine is drawn by hand.",
        f"Theirs: {FIELDS}, Model hash: abcdef12 and mine is drawn by hand.",
        "Steps: many. " * 1000,
    ],
)
def test_a_line_that_people_write_is_none(text: str) -> None:
    assert read_text(text) is None


def test_one_long_line_takes_linear_time() -> None:
    started = time.process_time()
    assert read_text("a Steps: 20, Sampler: " * 200_000) is None
    assert read_text("Negative prompt: " * 200_000 + " Steps: 20, Sampler: ") is None
    assert time.process_time() - started < 3


@given(
    st.text(alphabet=st.sampled_from('Steps: 20,\n"[]{}\\abSeedSizNegativ prompt'), max_size=300)
)
def test_any_text_is_taken(text: str) -> None:
    read_text(text)
    read_text("Steps: 1, " + text)


@pytest.mark.parametrize(
    ("extra", "edited"),
    [
        ("Denoising strength: 0.7, First pass size: 512x512", False),  # as of 2022
        ("Denoising strength: 0.7, Hires upscale: 2", False),
        ("Denoising strength: 0.7", True),
    ],
)
def test_an_enlargement_of_its_own_is_no_other_picture(extra: str, edited: bool) -> None:
    found = read_text(f"a fox\nSteps: 4, Seed: 1, Size: 8x8, {extra}")
    assert found is not None
    assert found.begins_with_a_picture == edited


def test_objects_that_never_end_are_not_read_at_every_field() -> None:
    nested = '"x":{"a":1,' * 480 + '"c":[' + "1," * 500_000
    started = time.perf_counter()
    assert read_text(f"Steps: 20, Sampler: Euler, Seed: 1, {nested}") is not None
    assert time.perf_counter() - started < 3  # was 8.5 s


def test_a_value_that_is_no_json_spoils_none_behind_it() -> None:
    fields = fields_of('Steps: 1, Note: [fox:cat:0.5], Lora hashes: "a: 1, b: 2"')
    assert (fields["Note"], fields["Lora hashes"]) == ("[fox:cat:0.5]", "a: 1, b: 2")


def test_a_long_line_takes_linear_time() -> None:
    assert read_text("Steps: 1, Seed: 2, Size: 1x1, " + "[" * 500_000) is not None
    assert read_text("Steps: 1, Seed: 2, Size: 1x1, " + ", a" * 500_000) is not None
    assert read_text("Steps: 1\n" * 200_000) is None
