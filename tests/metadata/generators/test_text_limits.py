"""Texts that take long or hold too much: bounded, and said to be left out."""

from __future__ import annotations

import json
import struct
import time

import pytest

from tegaki.metadata import examine, read
from tegaki.metadata.generators import infotext
from tegaki.metadata.generators.evidence import Evidence
from tests.metadata.bytes_made import png_chunk, png_with
from tests.metadata.generators.test_comfy_graph import GRAPH
from tests.metadata.generators.test_tools import LAST, ai, graph, only, png, text, with_comment

NEVER_ENDING = ', "x":{"a":1' * 480 + ', "c":[' + "1," * 500_000


@pytest.mark.parametrize(
    "tail",
    [", " * 400_000, ", a:[" * 300_000, ", a" * 400_000, "[" * 10**6, NEVER_ENDING],
    ids=range(5),
)
def test_hostile_lines_take_no_time(tail: str) -> None:
    started = time.perf_counter()
    read(png(("parameters", f"x\n{LAST}{tail}")))
    assert time.perf_counter() - started < 3  # was hours for some of them


def test_brackets_that_never_close_take_no_time() -> None:
    started = time.perf_counter()
    said = {"app_id": "invoke-ai/InvokeAI", "image": {"prompt": "[" * 10**6, "seed": 1}}
    read(png(("sd-metadata", said)))
    read(png(*[("Dream", f'"{"[" * 15_000}" -s 50 -S 1 -W 512 -H 512 -C 7.5')] * 100))
    assert time.perf_counter() - started < 3  # was hours


def test_values_that_are_no_json_are_read_to_the_end_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a line has: the second and later ones only near the end of the line."""
    read_through = []
    whole = infotext._json

    def spy(line: str, at: int) -> tuple[str, int] | None:
        read_through.append(len(line) - at)
        return whole(line, at)

    monkeypatch.setattr(infotext, "_json", spy)
    infotext.fields_of(f"{LAST}, " + '"x":{"a":1,' * 5000 + '"c":[1')
    assert read_through[0] > 50_000
    assert len(read_through) <= 8
    assert all(length <= 4096 for length in read_through[1:])


def test_a_line_has_an_end() -> None:
    fields = infotext.fields_of(f"{LAST}, Filler: {'x' * 64 * 1024}, Late: 1")
    assert "Filler" in fields
    assert "Late" not in fields


def test_the_company_of_texts_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    has = Evidence.has

    def spy(self: Evidence, *keys: str) -> bool:
        asked.append(keys)
        return has(self, *keys)

    monkeypatch.setattr(Evidence, "has", spy)
    pair = [text("prompt", "no graph"), text("parameters", f"a\n{LAST}")]
    few, many = 0, 0
    for repeat in (1, 50):
        asked.clear()
        read(png_with(pair * repeat))
        few, many = many, len(asked)
    assert few == many > 0


def test_many_links_and_many_graphs_take_no_time() -> None:
    started = time.process_time()
    links = {f"i{n}": ["6", 0] for n in range(400_000)}
    read(png(("prompt", graph(**{"6": {"class_type": "CLIPTextEncode", "inputs": links}}))))
    pair = [text("prompt", json.dumps(GRAPH)), text("parameters", f"a\n{LAST}")]
    found = examine(png_with(pair * 2000))
    assert len(found.claims) == 100
    assert "only the first 100 are told" in found.damage[-1]
    assert time.process_time() - started < 6


def test_json_of_one_file_has_a_bound() -> None:
    wide = "[" + "[]," * 400_000 + "[]]"
    marks = [("parameters", wide)] * 4 + [("parameters", f"a fox\n{LAST}")]
    assert [c.prompt for c in ai(png(*marks))] == ["a fox"]


def damage(data: bytes) -> tuple[str, ...]:
    return examine(data).damage


def test_json_over_the_bound_is_said_to_be_left_out() -> None:
    over = "JSON passes the limit of 2 MiB for a file; it was left out."
    note = {"class_type": "Note", "inputs": {"text": "x" * 2_500_000}}
    assert damage(png(("prompt", graph(note=note)))) == (f"In PNG iTXt prompt at byte 33, {over}",)
    (said,) = damage(png(("parameters", '{"a":"' + "x" * 2_097_000 + '"}'), ("prompt", GRAPH)))
    assert said.startswith("In PNG iTXt prompt at byte 2097")
    said = exif_damage(b"prompt:" + json.dumps(graph(note=note)).encode())
    assert said == f"In PNG eXIf 0x010F Make at byte 67, {over}"
    assert damage(png(("prompt", GRAPH), ("parameters", f"a fox\n{LAST}"))) == ()


def exif_damage(make: bytes) -> str:
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x010F, 2, len(make), 26, 0) + make
    (said,) = damage(png_with([png_chunk(b"eXIf", tiff)]))
    return said


def test_json_that_nests_too_deep_is_said_to_be_left_out() -> None:
    (said,) = damage(png(("prompt", "[" * 1_000_000)))
    assert said == "In PNG iTXt prompt at byte 33, JSON nests too deep; it was left out."
    inner = json.dumps({"Software": "NovelAI", "Comment": "[" * 500_000})
    assert "nests too deep" in " ".join(damage(with_comment(inner)))


def test_graphs_over_their_bound_are_said_to_be_left_out() -> None:
    nodes = {str(at): {"class_type": "Note"} for at in range(15_000)}
    assert only(png(("prompt", nodes | GRAPH))).tool == "ComfyUI"
    found = examine(png(("prompt", nodes | GRAPH), ("prompt", nodes | GRAPH)))
    assert len(found.claims) == 1
    assert "a graph of 15,010 nodes and links passes the limit of 20,000" in found.damage[0]


def test_left_out_texts_are_told_of_in_few_sentences() -> None:
    said = damage(png(*[("prompt", "[" * 100_000)] * 19))
    assert len(said) == 11
    assert said[-1] == "More texts were left out than are listed here."
