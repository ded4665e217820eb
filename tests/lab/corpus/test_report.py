"""The report of a data set: counts that add up, and a page that is safe to open."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from tegaki.lab.corpus import Corpus, Item, Original, load_corpus
from tegaki.lab.corpus.build import BuildOptions, build
from tegaki.lab.corpus.report import contact_sheet, describe
from tests.lab.scenes import scene

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three human sources, one with a hostile name, and a generated one; two files left out."""
    folder = tmp_path_factory.mktemp("report")
    for number, name in enumerate(("human/alice", f"human/{HOSTILE}", "human/絵", "made/sdxl")):
        (folder / name).mkdir(parents=True)
        for k in range(3):
            scene(10 * number + k, 500 + 300 * k, 500 + 300 * k).save(folder / name / f"{k}.bmp")
    (folder / "human" / "notes.txt").write_text("no picture")
    scene(99, 100, 100).save(folder / "human" / "small.png")
    options = BuildOptions(human=(folder / "human",), generated=(folder / "made",))
    build(options, folder / "shards")
    return folder / "shards"


def report(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tegaki", "lab", "corpus", "report", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_counts(shards: Path) -> None:
    done = report(shards, "--json", "-")
    assert (done.returncode, done.stderr) == (0, "")
    plain = json.loads(done.stdout)
    assert plain["pictures"] == 12
    assert plain["manifest_sha256"] == load_corpus(shards).manifest_sha256
    by = plain["by"]
    for part in by.values():
        assert sum(n["human"] for n in part.values()) == 9
        assert sum(n["generated"] for n in part.values()) == 3
    assert by["source"]["絵"] == {"human": 3, "generated": 0}
    assert by["family"] == {
        "human": {"human": 9, "generated": 0},
        "sdxl": {"human": 0, "generated": 3},
    }
    assert list(by["size"]) == ["under 512", "768 to 1,023", "1,024 to 1,535"]
    assert by["format"] == {"BMP": {"human": 9, "generated": 3}}
    assert by["year"] == by["licence"] == {"unknown": {"human": 9, "generated": 3}}
    assert plain["left_out"] == {"too small": 1, "unreadable": 1}


def test_tables_on_the_terminal(shards: Path, tmp_path: Path) -> None:
    done = report(shards, "--json", tmp_path / "r.json")
    assert done.returncode == 0
    for title in ("Splits", "Sources", "Families", "Styles", "Years", "Left out"):
        assert title in done.stdout
    assert re.search(r"^sdxl +0 +3$", done.stdout, re.M)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["pictures"] == 12


def item(k: int, **facts: object) -> Item:
    plain = Item(f"{k}", Path(), False, f"s{k:02}", "human", "anime", "train", date="2020-05-01")
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_small_sources_are_summed_up_in_the_table_alone() -> None:
    items = tuple(item(k, source=f"s{min(k, 24):02}") for k in range(30))
    described = describe(Corpus(items, ""), {})
    (table,) = (table for table in described.tables() if table.title == "Sources")
    assert table.rows[0] == ("s24", "6", "0")
    assert table.rows[-1] == ("5 more", "5", "0")
    assert len(table.rows) == 21
    assert len(described.to_dict()["by"]["source"]) == 25


def test_years_and_sizes_stand_in_order() -> None:
    made = Original("JPEG", 2000, 1600, 5, "RGB", 80, False)
    items = (
        item(1, date="2024-01-01", original=made),
        item(2, original=replace(made, width=400)),
        item(3, date="", generated=True),
        item(4, original=replace(made, width=1535)),
    )
    by = describe(Corpus(items, ""), {}).to_dict()["by"]
    assert list(by["year"]) == ["2020", "2024", "unknown"]
    assert list(by["size"]) == ["under 512", "1,024 to 1,535", "1,536 and more", "unknown"]


class Seen(HTMLParser):
    """Tags and attributes of a page, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_shows_every_source_and_runs_nothing(shards: Path, tmp_path: Path) -> None:
    done = report(shards, "--html", tmp_path / "r.html")
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    tags = Seen(text).tags
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert len(images) == 4
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in images)
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in tags}
    assert f"{html.escape(HOSTILE)}: human" in text
    assert "holds other people's pictures. It is for private use" in html.unescape(text)


def test_thumbnails_are_the_pictures(shards: Path) -> None:
    items = load_corpus(shards).items
    told: list[tuple[str, int, int]] = []
    sheet = contact_sheet(items, 2, lambda *what: told.append(what))
    sources = [a["src"] or "" for tag, a in Seen(sheet).tags if tag == "img"]
    assert len(sources) == 8
    assert told[-1] == ("thumbnails", 8, 8)
    with Image.open(io.BytesIO(base64.b64decode(sources[0].split(",")[1]))) as shown:
        assert shown.size == (128, 128)
        assert not shown.info.get("comment")


def test_a_sheet_is_bounded(monkeypatch: pytest.MonkeyPatch, shards: Path) -> None:
    monkeypatch.setattr("tegaki.lab.corpus.report._MOST_THUMBNAILS", 5)
    sheet = contact_sheet(load_corpus(shards).items, 3)
    assert sheet.count("<figure>") == 5
    assert "5 of 12 are shown." in sheet


def test_a_picture_that_is_gone_is_named(shards: Path) -> None:
    gone = [replace(i, path=shards / "nowhere.tar") for i in load_corpus(shards).items]
    sheet = contact_sheet(gone, 1)
    assert sheet.count("cannot be read: CorpusError") == 4


def test_what_is_no_data_set(tmp_path: Path) -> None:
    done = report(tmp_path)
    assert done.returncode == 2
    assert "manifest.csv cannot be read" in done.stderr
    assert report(tmp_path / "nowhere").returncode == 2


def test_names_cannot_reach_the_terminal(shards: Path, tmp_path: Path) -> None:
    manifest = (shards / "manifest.csv").read_text(encoding="utf-8")
    changed = manifest.replace("絵", "\x1b[31mred")
    (tmp_path / "manifest.csv").write_text(changed, encoding="utf-8")
    done = report(tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert r"\x1b[31mred" in done.stdout


def test_a_closed_pipe_is_no_crash(shards: Path) -> None:
    command = f"{sys.executable} -m tegaki corpus report '{shards}' | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("Splits")
