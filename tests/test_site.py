"""The documentation site: every page is in it, links work, nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from tools.site_pages import ELSEWHERE, rewrite

from tests.conftest import ROOT

NAVIGATION = re.search(
    r"^nav:\n(.*)\Z", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M | re.S
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link or anchor that leads nowhere fails."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def references(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    yield from map(unescape, re.findall(r"\s(?:href|src)=[\"']?([^\"'\s>]+)", text))


def test_the_navigation_lists_every_page() -> None:
    assert NAVIGATION is not None
    listed = re.findall(r"^ +- [^\n]+: (\S+\.md)$", NAVIGATION[1], re.M)
    docs = ROOT / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert sorted(listed) == sorted(pages | set(ELSEWHERE.values()))


def test_every_reference_on_the_site_leads_to_a_file(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        if page.name == "404.html":  # its references begin at the server's root
            continue
        for reference in references(page):
            parts = urlsplit(reference)
            if not parts.scheme and parts.path:
                target = page.parent / unquote(parts.path)
                assert target.exists(), f"{page.relative_to(site)}: {reference}"


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", text):
            assert "//" not in tag, f"{page.relative_to(site)}: {tag}"


def test_the_reference_of_python_is_made_from_docstrings(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    assert "inspect_many" in text
    assert "Pillow picture of any mode" in text
    assert ":class:" not in text


def test_links_are_written_for_the_site() -> None:
    text = (
        "[a](../ARCHITECTURE.md#x) [b](lab.md) [`c`](../tools) and `x` [d](../tools/docs.py) "
        "[e](https://example.org) `[f](../LICENSE)`\n"
        "```python\ncalls[0](../LICENSE)\n```\n"
    )
    written, linked = rewrite(text, "docs/how.md", "how.md")
    assert written == (
        "[a](project/architecture.md#x) [b](lab.md) `c` and `x` [d](files/tools/docs.py) "
        "[e](https://example.org) `[f](../LICENSE)`\n"
        "```python\ncalls[0](../LICENSE)\n```\n"
    )
    assert linked == {"ARCHITECTURE.md", "docs/lab.md", "tools/docs.py"}


def test_a_link_out_of_the_repository_is_left_for_mkdocs_to_report() -> None:
    assert rewrite("[a](../../x.md)", "docs/how.md", "how.md") == ("[a](../../x.md)", set())
