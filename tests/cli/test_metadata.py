"""What files say of themselves, as people meet it: the command, rows, verdicts."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki import Detector
from tegaki.sinks import open_sink
from tests.cli.test_cli import TEGAKI, tegaki
from tests.conftest import painting

PARAMETERS = (
    "a fox in the snow\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    "Seed: 11, Size: 300x400, Model: some_model, Version: v1.10.1"
)


def marked(path: Path, text: str = PARAMETERS, key: str = "parameters") -> Path:
    info = PngInfo()
    info.add_text(key, text)
    painting(300, 400).save(path, pnginfo=info)
    return path


def test_everything_is_printed(tmp_path: Path) -> None:
    done = tegaki("metadata", marked(tmp_path / "絵.png"))
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("generated · AUTOMATIC1111", "some_model", "a fox in the snow", "blurry", "11",
                  "Euler a", "PNG tEXt parameters"):  # fmt: skip
        assert words in done.stdout
    assert "Steps: 20," not in done.stdout
    assert "Steps: 20," in tegaki("metadata", "--texts", tmp_path / "絵.png").stdout


def test_silence_is_no_proof(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.png")
    assert "That says nothing of who made it" in tegaki("metadata", tmp_path / "a.png").stdout
    painting().save(tmp_path / "a.bmp")
    assert "no other format is looked into" in tegaki("metadata", tmp_path / "a.bmp").stdout


def test_standard_input_is_a_file(tmp_path: Path) -> None:
    data = marked(tmp_path / "a.png").read_bytes()
    for given, code, words in ((data, 0, "AUTOMATIC1111"), (b"", 1, "EmptyFile")):
        done = subprocess.run([*TEGAKI, "metadata", "-"], input=given, capture_output=True)
        assert (done.returncode, done.stderr) == (code, b"")
        assert words in done.stdout.decode()


def test_folders_are_gone_through(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    marked(tmp_path / "a.png")
    marked(tmp_path / "in" / "b.png")
    for options, names in (((), ["a.png"]), (("--recursive",), ["a.png", "b.png"])):
        done = tegaki("metadata", "--json", *options, tmp_path, tmp_path / "a.png")
        found = [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()]
        assert (done.returncode, found) == (0, names)
    (tmp_path / "empty").mkdir()
    done = tegaki("metadata", tmp_path / "empty")
    assert done.returncode == 1
    assert "No files were found" in done.stderr


def test_a_prompt_keeps_its_lines(tmp_path: Path) -> None:
    path = marked(tmp_path / "a.png", "a fox\nin the snow\u2028now\n" + PARAMETERS)
    for option in ((), ("--texts",)):
        shown = tegaki("metadata", *option, path).stdout
        assert "prompt     a fox\n               in the snow\\u2028now\n" in shown


def test_the_same_claim_twice_is_printed_once(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    info.add_text("parameters", PARAMETERS)
    painting(300, 400).save(tmp_path / "a.png", pnginfo=info)
    shown = tegaki("metadata", tmp_path / "a.png").stdout
    assert shown.count("  claim ") == 1
    assert shown.count("    mark ") == 2
    assert len(json.loads(tegaki("metadata", "--json", tmp_path / "a.png").stdout)["claims"]) == 2


def test_json_tells_what_was_not_looked_into(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.bmp")
    painting().save(tmp_path / "a.png")
    done = tegaki("metadata", "--json", tmp_path / "a.bmp", tmp_path / "a.png")
    other, plain = map(json.loads, done.stdout.splitlines())
    assert "no other format is looked into" in other["remarks"][0]
    assert plain["remarks"] == []


def test_names_are_those_of_rows(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/bad\xff.png"
    painting().save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", path)
    named = {}
    for command in ("metadata", "check"):
        shown = subprocess.run(
            [*map(os.fsencode, TEGAKI), command.encode(), b"--json", path],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        plain = json.loads(shown)
        named[command] = (plain["path"], plain["path_bytes"])
    assert named["metadata"] == named["check"]
    assert named["check"][1] == path.hex()


def test_no_model_is_loaded(tmp_path: Path) -> None:
    marked(tmp_path / "a.png")
    code = (
        "import sys; from tegaki.cli.main import program\n"
        f"try: program(['metadata', {str(tmp_path / 'a.png')!r}])\n"
        "except SystemExit: print([m for m in ('onnxruntime', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_json_for_machines(tmp_path: Path) -> None:
    marked(tmp_path / "a.png")
    (tmp_path / "b.txt").write_text("no picture")
    done = tegaki("metadata", "--json", *(tmp_path / n for n in ("a.png", "b.txt", "missing")))
    assert done.returncode == 1
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first["claims"][0]["prompt"] == "a fox in the snow"
    assert first["texts"][0]["text"] == PARAMETERS
    assert first["error"] is None
    assert (second["claims"], second["format"], second["error"]) == ([], None, None)
    assert third["claims"] == []
    assert third["error"]["type"] == "FileNotFound"
    assert first.keys() == second.keys() == third.keys()


def test_prompts_cannot_drive_a_terminal(tmp_path: Path) -> None:
    evil = PARAMETERS.replace("fox", "\x1b]0;gone\x07\x1b[2Jfox\u202e\x00")
    path = marked(tmp_path / "a.png", evil)
    for command in ("metadata", "check", "scan"):
        for option in ((), ("--json",)):
            done = tegaki(command, *option, path)
            shown = done.stdout
            assert done.returncode == 0
            assert "AUTOMATIC1111" in shown
            assert not set("\x1b\x07\u202e\x00") & set(shown)


DAMAGED = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", ["", "no certificate", "é", DAMAGED])
def test_anchors_must_be_certificates(tmp_path: Path, content: str) -> None:
    (tmp_path / "anchors.pem").write_text(content)
    path = marked(tmp_path / "a.png")
    for command in ("metadata", "check", "scan"):
        done = tegaki(command, "--trust-anchors", tmp_path / "anchors.pem", path)
        assert done.returncode == 2
        assert "anchors.pem" in done.stderr
        assert "--trust-anchors" in done.stderr


def test_a_certificate_in_der_is_told_how_to_become_one_in_pem(tmp_path: Path) -> None:
    (tmp_path / "anchors.der").write_bytes(b"\x30\x82\x01\xe9" + bytes(range(256)))
    done = tegaki(
        "metadata", "--trust-anchors", tmp_path / "anchors.der", marked(tmp_path / "a.png")
    )
    assert done.returncode == 2
    assert "openssl x509 -inform DER -in FILE -out FILE.pem" in " ".join(done.stderr.split())


def test_a_declaration_decides_and_the_probability_stays(
    detector: Detector, tmp_path: Path
) -> None:
    """Stripping what a file says changes nothing about what its pixels look like."""
    said = detector.inspect(marked(tmp_path / "a.png"))
    painting(300, 400).save(tmp_path / "b.png")
    silent = detector.inspect(tmp_path / "b.png")
    assert said.verdict == "generated"
    assert said.claims[0].tool == "AUTOMATIC1111"
    assert said.reasons[0].startswith("The file says that it was made by AUTOMATIC1111")
    assert silent.claims == ()
    assert (said.probability, said.logit, said.views) == (
        silent.probability, silent.logit, silent.views,
    )  # fmt: skip


def test_rows_rest_on_pixels_alone_where_asked(tmp_path: Path) -> None:
    row = Detector.load(provenance=False).inspect(marked(tmp_path / "a.png"))
    assert row.claims == ()
    assert not any("file says" in reason for reason in row.reasons)


def test_what_cannot_be_judged_can_still_speak(detector: Detector, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    row = detector.inspect(tmp_path / "a.png")
    assert row.verdict == "error"
    assert row.claims[0].prompt == "a fox in the snow"
    assert "AUTOMATIC1111" in row.reasons[1]


def test_columns_of_a_table(detector: Detector, tmp_path: Path) -> None:
    half = PARAMETERS.replace("fox", "\N{FOX FACE}")
    row = detector.inspect(marked(tmp_path / "a.png", half))
    sink = open_sink(tmp_path / "rows.csv")
    sink.write(row)
    sink.close()
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        (read,) = csv.DictReader(stream)
    assert (read["claim_tool"], read["claim_kind"], read["claim_strength"]) == (
        "AUTOMATIC1111", "generated", "declared",
    )  # fmt: skip
    assert json.loads(read["claims"])[0]["prompt"] == "a \N{FOX FACE} in the snow"


def test_half_a_character_stops_no_scan(tmp_path: Path) -> None:
    """JSON can write half of a character, which no file can hold."""
    graph = json.dumps(
        {
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "\ud83e.ckpt"}},
            "2": {
                "class_type": "KSampler",
                "inputs": {"model": ["1", 0], "latent": ["1", 0]},
            },
            "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
        }
    )
    path = marked(tmp_path / "a.png", graph, "prompt")
    done = tegaki("scan", path, "--out", tmp_path / "rows.csv")
    assert done.returncode == 0
    assert "ComfyUI" in (tmp_path / "rows.csv").read_text(encoding="utf-8")
