"""Pages of results and of one picture, read as a browser reads them, and by a real one."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tegaki import Detector, OutputError, Result
from tegaki.results.claim import Claim, Location
from tegaki.sinks import open_sink
from tegaki.sinks.html import PageSink
from tegaki.sinks.picture_page import picture_page
from tests.cli.test_cli import tegaki
from tests.conftest import painting
from tests.watch.conftest import generated

HOSTILE = (
    "</style></pre><script>window.hit = 1</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}\u202e"
)


class Page(HTMLParser):
    """Elements with their attributes, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {"style": "", "script": ""}
        self.shown = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag if tag in self.inside else ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open] += data
        else:
            self.shown += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def claim(text: str) -> Claim:
    where = Location("PNG tEXt parameters", 0, 10)
    return Claim(
        text, "A1111 text", "generated", "hint", where, prompt=text, details=((text, text),)
    )


@pytest.fixture
def results(detector: Detector, tmp_path: Path) -> list[Result]:
    """Three: judged by pixels, decided by the file, and an error."""
    painting().save(tmp_path / "a.png")
    generated(tmp_path / "b.png")
    names = ("a.png", "b.png", "missing.png")
    return [detector.inspect(tmp_path / name) for name in names]


def write(path: Path, results: list[Result]) -> Path:
    sink = open_sink(path)
    for result in results:
        sink.write(result)
    sink.close()
    return path


def pages_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.html"))


# ---- many results ------------------------------------------------------------------------------


def test_pages_are_linked_and_the_first_has_the_totals(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageSink, "PER_PAGE", 4)
    out = tmp_path / "pages"
    out.mkdir()
    write(out / "絵 #1.html", results * 3)
    assert pages_of(out) == ["絵 #1-2.html", "絵 #1-3.html", "絵 #1.html"]
    first, second, third = (read(out / f"絵 #1{end}.html") for end in ("", "-2", "-3"))
    assert [len(page.all("figure")) for page in (first, second, third)] == [4, 4, 1]
    assert "9 results:" in first.shown
    assert re.search(r"3 likely generated.*3 error", first.shown)
    for page in (first, second, third):
        for link in page.all("a"):
            assert (out / unquote(str(link["href"]))).is_file()
    rels = [[link.get("rel") for link in page.all("a")] for page in (first, second, third)]
    assert rels[0] == ["next", None] * 2
    assert rels[1] == [None, "prev", "next"] * 2
    assert rels[2] == [None, "prev"] * 2


def test_an_exact_page_has_no_empty_one_behind_it(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageSink, "PER_PAGE", 3)
    write(tmp_path / "x.html", results)
    assert pages_of(tmp_path) == ["x.html"]
    assert read(tmp_path / "x.html").all("nav") == []


def test_pages_of_an_earlier_run_go_and_files_of_others_stay(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageSink, "PER_PAGE", 2)
    write(tmp_path / "x.html", results * 2)
    (tmp_path / "x-notes.html").write_text("mine")
    write(tmp_path / "x.html", results[:1])
    assert pages_of(tmp_path) == ["x-notes.html", "x.html"]
    (tmp_path / "x-7.html").write_text("mine")
    with pytest.raises(OutputError, match=r"x-7\.html is in the way"):
        open_sink(tmp_path / "x.html")
    assert (tmp_path / "x-7.html").read_text() == "mine"


def test_full_pages_are_there_before_the_end(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageSink, "PER_PAGE", 1)
    sink = open_sink(tmp_path / "x.html")
    for result in results:
        sink.write(result)
    assert pages_of(tmp_path) == ["x-2.html", "x.html"]
    assert len(read(tmp_path / "x.html").all("figure")) == 1
    sink.close()


def test_a_verdict_by_the_file_shows_no_number(results: list[Result], tmp_path: Path) -> None:
    page = read(write(tmp_path / "x.html", results[1:2]))
    shown = " ".join(page.shown.split())
    assert shown.count("by the file") == 2  # explained once, and the mark
    assert f"{results[1].probability:.3f}" not in page.shown
    assert [image["alt"] for image in page.all("img")] == [f"small picture of {results[1].path}"]


def test_what_a_file_says_stays_text(results: list[Result], tmp_path: Path) -> None:
    hostile = replace(results[0], path=HOSTILE, reasons=(HOSTILE,), claims=(claim(HOSTILE),) * 30)
    text = picture_page(hostile, Detector.load("fast").bundle.thresholds, HOSTILE)
    for page in (read(write(tmp_path / "x.html", [hostile])), Page(text)):
        assert len(page.all("script")) == len(page.all("style")) == 1
        assert len(page.all("img")) <= 1
        assert "{{ 7 * 7 }}" in page.shown
        assert "window.hit" in page.shown
        assert "and 20 more" in page.shown
    assert r"\u202e" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_long_texts_are_cut(results: list[Result], tmp_path: Path) -> None:
    large = replace(results[0], claims=(claim("x" * 5_000_000),) * 10)
    page = write(tmp_path / "x.html", [large])
    assert page.stat().st_size < 100_000


def test_the_policy_names_this_script_and_this_style_alone(
    results: list[Result], tmp_path: Path, detector: Detector
) -> None:
    text = picture_page(results[0], detector.bundle.thresholds, "report")
    for page in (read(write(tmp_path / "x.html", results)), Page(text)):
        policy = str(page.all("meta")[1]["content"])
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        for name in ("script", "style"):
            digest = hashlib.sha256(page.inside[name].encode()).digest()
            assert parts[f"{name}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
        assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
        assert not any("style" in attributes for _, attributes in page.elements)


def test_several_pages_are_not_printed(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="needs tegaki[store]")
    (tmp_path / "list").write_text("".join(f"missing{number}.png\n" for number in range(301)))
    store = tmp_path / "s.tegaki"
    tegaki("scan", "--files-from", tmp_path / "list", "--store", store, "-q", "--model", "fast")
    done = tegaki("results", store, "--format", "html")
    assert (done.returncode, done.stdout) == (2, "")
    assert "name a file with --out" in done.stderr
    assert tegaki("results", store, "--format", "html", "--limit", "300").returncode == 0


# ---- colours -----------------------------------------------------------------------------------


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_aa_in_both_themes(results: list[Result], tmp_path: Path) -> None:
    style = read(write(tmp_path / "x.html", results)).inside["style"]
    themes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in style.split("@media")]
    assert [len(theme) for theme in themes] == [10, 10]
    for theme in themes:
        for back in ("page", "panel"):
            for name, colour in theme.items():
                least = 3.0 if name == "line" else 4.5  # 1.4.11 and 1.4.3
                a, b = sorted((_luminance(colour), _luminance(theme[back])))
                if name not in ("page", "panel"):
                    assert (b + 0.05) / (a + 0.05) >= least, (name, back)


# ---- a browser ---------------------------------------------------------------------------------


def in_browser(page: Path, tmp_path: Path) -> str:
    """A page's elements after its scripts have run."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", page.as_uri(),
    ]  # fmt: skip
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    return done.stdout


def test_the_scripts_run_under_the_policy(
    results: list[Result], tmp_path: Path, detector: Detector
) -> None:
    hostile = replace(results[0], path=HOSTILE, claims=(claim(HOSTILE),))
    page = in_browser(write(tmp_path / "x.html", [hostile, *results]), tmp_path)
    assert '<form id="controls">' in page
    assert "4 of 4 on this page are shown" in page
    one = tmp_path / "one.html"
    one.write_text(picture_page(hostile, detector.bundle.thresholds, HOSTILE), encoding="utf-8")
    assert '<button id="copy" type="button">' in in_browser(one, tmp_path)


def test_filter_and_sort(results: list[Result], tmp_path: Path) -> None:
    page = write(tmp_path / "x.html", results)
    steps = """<script>
      const change = (element) => element.dispatchEvent(new Event("input", {bubbles: true}));
      const names = () => Array.from(document.querySelectorAll("figure:not([hidden]) .name"))
        .map((name) => name.textContent.split("/").pop()).join();
      const said = [];
      for (const value of ["highest", "lowest", "name", "given"]) {
        order.value = value; change(order); said.push(names());
      }
      text.value = "B.PNG"; change(text); said.push(names());
      text.value = ""; change(text);
      boxes.find((box) => box.value === "error").click(); said.push(names());
      document.body.dataset.said = said.join(" ");
    </script></body>"""
    whole = page.read_text(encoding="utf-8")
    whole = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", whole)
    page.write_text(whole.replace("</body>", steps), encoding="utf-8")
    first, second = sorted(results[:2], key=lambda result: -(result.probability or 0))
    down, up = (
        ",".join(Path(result.path).name for result in order)
        for order in ([first, second], [second, first])
    )
    shown = in_browser(page, tmp_path)
    assert re.findall('data-said="([^"]*)"', shown) == [
        f"{down},missing.png {up},missing.png a.png,b.png,missing.png a.png,b.png,missing.png "
        "b.png a.png,b.png"
    ]


# ---- one picture -------------------------------------------------------------------------------


def test_check_writes_a_page_about_one_picture(tmp_path: Path) -> None:
    generated(tmp_path / "b.png")
    done = tegaki("check", "b.png", "--model", "fast", "--html", "b.html", cwd=tmp_path)
    assert done.returncode == 0
    page = read(tmp_path / "b.html")
    (image,) = page.all("img")
    assert str(image["src"]).startswith("data:image/jpeg;base64,")
    digest = hashlib.sha256((tmp_path / "b.png").read_bytes()).hexdigest()
    for words in ("likely generated", "a fox", "AUTOMATIC1111", "rests on what the file says",
                  "part judged: squashed", digest, "Probability of generated: 0."):  # fmt: skip
        assert words in page.shown
    report = page.shown.partition("The report as text")[2]
    for words in ("logit", "PNG tEXt parameters", "recipe", digest):
        assert words in report


def test_a_page_about_a_picture_that_cannot_be_judged(tmp_path: Path) -> None:
    done = tegaki("check", "no.png", "--model", "fast", "--html", "no.html", cwd=tmp_path)
    assert done.returncode == 1
    page = read(tmp_path / "no.html")
    assert page.all("img") == []
    assert "What the number means" not in page.shown
    assert "FileNotFound" in page.shown


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["a.png", "b.png", "--html", "x.html"], "give one FILE"),
        (["a.png", "--html", "./a.png"], "would replace the picture"),
        (["a.png", "--html", "no/x.html"], "its folder does not exist"),
    ],
)
def test_pages_that_cannot_be_written(args: list[str], words: str, tmp_path: Path) -> None:
    painting().save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    done = tegaki("check", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert (tmp_path / "a.png").read_bytes() == before
