"""Texts that take long or hold too much: bounded, and said to be left out."""

from __future__ import annotations

import json
import struct
import time

import pytest

from tegaki.provenance import examine, read
from tests.provenance.bytes_made import png_chunk, png_with
from tests.provenance.test_graph import GRAPH
from tests.provenance.test_tools import LAST, ai, graph, only, png, text, with_comment

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


def test_many_links_and_many_graphs_take_no_time() -> None:
    started = time.perf_counter()
    links = {f"i{n}": ["6", 0] for n in range(400_000)}
    read(png(("prompt", graph(**{"6": {"class_type": "CLIPTextEncode", "inputs": links}}))))
    pair = [text("prompt", json.dumps(GRAPH)), text("parameters", f"a\n{LAST}")]
    found = examine(png_with(pair * 2000))
    assert len(found.claims) == 100
    assert "only the first 100 are told" in found.damage[-1]
    assert time.perf_counter() - started < 6


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
