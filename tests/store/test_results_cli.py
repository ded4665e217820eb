"""``tegaki results`` and ``tegaki scan --store`` as people run them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cli.test_cli import tegaki
from tests.conftest import painting

PARAMETERS = (
    "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 300x400, Version: v1.10.1"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    painting(300, 400).save(pictures / "said.png", pnginfo=info)
    painting(300, 400).save(pictures / "<b>絵&.jpg")
    (pictures / "bad.png").write_bytes(b"no picture")
    done = tegaki("scan", pictures, "--store", tmp_path / "s.tegaki")
    assert done.returncode == 1
    assert "3 measured" in done.stderr
    return tmp_path / "s.tegaki"


def names(store: Path, *options: str) -> list[str]:
    done = tegaki("results", store, "--json", *options)
    found = [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert done.stderr.startswith(f"{len(found)} row{'' if len(found) == 1 else 's'}")
    return found


def test_questions(store: Path) -> None:
    assert names(store) == ["<b>絵&.jpg", "bad.png", "said.png"]
    assert names(store, "--claim", "automatic1111") == ["said.png"]
    assert names(store, "--claim", "declared") == ["said.png"]
    assert names(store, "--verdict", "likely generated", "--verdict", "error") == [
        "bad.png", "said.png",
    ]  # fmt: skip
    assert names(store, "--error", "any") == ["bad.png"]
    assert names(store, "--path", "*said*", "--at-least", "0", "--at-most", "1") == ["said.png"]
    assert names(store, "--limit", "1", "--reverse") == ["said.png"]
    assert names(store, "--gone") == []


@pytest.mark.parametrize("option", ["--at-least", "--at-most"])
def test_what_is_no_number_is_refused(store: Path, option: str) -> None:
    done = tegaki("results", store, option, "nan")
    assert done.returncode == 2
    assert "nan is not a number" in done.stderr


@pytest.mark.parametrize("form", ["jsonl", "csv", "html"])
def test_forms_are_the_same_printed_and_written(store: Path, tmp_path: Path, form: str) -> None:
    """Also where the file's ending says something else, or nothing."""
    printed = tegaki("results", store, "--format", form)
    assert printed.returncode == 0
    assert re.fullmatch(r"3 rows: .*1 likely generated.*, 1 error\n", printed.stderr)
    by_ending, by_word = tmp_path / f"rows.{form}", tmp_path / "rows.txt"
    assert tegaki("results", store, "--out", by_ending).returncode == 0
    assert tegaki("results", store, "--out", by_word, "--format", form).returncode == 0
    assert by_ending.read_bytes() == by_word.read_bytes()
    # Universal newlines of the pipe: CSV ends lines as RFC 4180 says.
    assert by_ending.read_text(encoding="utf-8") == printed.stdout
    assert "said.png" in printed.stdout


def test_parquet_through_a_pipe(store: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    command = [sys.executable, "-m", "tegaki", "results", str(store), "--format", "parquet"]
    done = subprocess.run(command, capture_output=True, check=True)
    paths = parquet.read_table(io.BytesIO(done.stdout)).column("path").to_pylist()
    assert [Path(path).name for path in paths] == names(store)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "--format", "csv"], "give neither --format nor --out"),
        (["--json", "--out", "x.csv"], "give neither --format nor --out"),
        (["--format", "table", "--out", "x.csv"], "A table is printed"),
        (["--format", "xml"], "is not one of"),
    ],
)
def test_forms_that_contradict(store: Path, options: list[str], said: str) -> None:
    done = tegaki("results", store, *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_table(store: Path) -> None:
    done = tegaki("results", store, "--verdict", "generated")
    head, line = done.stdout.splitlines()
    assert head.split() == ["File", "Verdict", "Prob.", "Reason"]
    assert "likely generated" in line
    assert "AUTOMATIC1111" in line


def test_the_next_scan_tells_what_is_new(store: Path) -> None:
    pictures = store.parent / "pictures"
    (pictures / "said.png").unlink()
    painting(300, 400, seed=9).save(pictures / "new.png")
    done = tegaki("scan", pictures, "--store", store)
    assert "new.png" in done.stdout
    assert "1 are no longer there" in done.stderr
    assert names(store, "--gone") == ["said.png"]


def test_rows_of_a_scan_into_a_store_are_all_written(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    for _ in range(2):
        tegaki("scan", tmp_path / "pictures", "--store", store, "--out", out)
        assert len(out.read_text().splitlines()) == 3


def test_the_store_in_the_folder_is_not_scanned(tmp_path: Path) -> None:
    painting(300, 400).save(tmp_path / "a.png")
    for _ in range(2):
        done = tegaki("scan", tmp_path, "--store", tmp_path / "s.tegaki")
        assert done.returncode == 0
    assert names(tmp_path / "s.tegaki") == ["a.png"]


def test_a_page_holds_its_pictures_and_no_markup_of_names(store: Path, tmp_path: Path) -> None:
    done = tegaki("results", store, "--out", tmp_path / "page.html")
    assert done.returncode == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure ") == 3
    assert page.count("data:image/jpeg;base64,") == 2
    assert "&lt;b&gt;絵&amp;.jpg" in page
    assert "<b>絵" not in page
    assert "default-src &#39;none&#39;" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.tegaki"], "there is no store missing.tegaki; tegaki scan --store makes one"),
        (["s.tegaki", "--scored-by", "nobody"], "has no scores by nobody"),
        (["s.tegaki", "--verdict", "fake"], "is none of drawn, generated, unsure, error"),
        (["mysql://x/y"], "not mysql"),
    ],
)
def test_what_cannot_be_answered_says_why(store: Path, arguments: list[str], words: str) -> None:
    done = tegaki("results", *arguments, cwd=store.parent)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_pictures_are_left_as_they_are(store: Path) -> None:
    pictures = store.parent / "pictures"
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in pictures.iterdir()}
    tegaki("scan", pictures, "--store", store, "--rehash")
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in pictures.iterdir()} == before
    with Image.open(pictures / "said.png") as picture:
        assert picture.info["parameters"] == PARAMETERS


def test_a_relative_path_that_matches_nothing_is_explained(store: Path) -> None:
    done = tegaki("results", store, "--path", "./pictures/bad*")
    assert done.returncode == 0
    assert done.stderr == (
        "0 rows\n--path is compared with whole absolute paths; did you mean "
        "--path '*/pictures/bad*' ?\n"
    )
    found = tegaki("results", store, "--path", "*/pictures/bad*")
    assert found.stderr == "1 row: 1 error\n"
    assert tegaki("results", store, "--path", "/none").stderr == "0 rows\n"
