"""Brings the repository's other pages onto the documentation site; MkDocs calls this.

A page is written for the repository: its relative links lead to files of the repository and work in
any viewer of it. The site holds ``docs/`` and the pages of ``ELSEWHERE``. Links between these are
rewritten for the site. A linked file that is no page is copied to ``files/``. A link to a folder
becomes plain text. So every link works on the site too, and needs no network.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changes.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "licences/README.md": "project/licences.md",
    "src/tegaki/model/shipped/careful/card.md": "models/careful.md",
    "src/tegaki/model/shipped/fast/card.md": "models/fast.md",
}
"""Pages outside of ``docs/``, and where they stand on the site."""
_CODE_OR_LINK = re.compile(
    r"^```.*?^```$"
    r"|\[(?P<text>[^\]\n]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)"
    r"|`[^`\n]*`",
    re.M | re.S,
)
_ROLE = re.compile(r":(?:class|meth|attr|func|mod):<code>~?")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files that stand outside of ``docs/``, with links that hold on the site."""
    pages = {f"docs/{file.src_uri}": file for file in files.documentation_pages()}
    for source, place in ELSEWHERE.items():
        pages[source] = File.generated(config, place, abs_src_path=str(ROOT / source))
        files.append(pages[source])
    for source, page in pages.items():
        text, linked = rewrite((ROOT / source).read_text(encoding="utf-8"), source, page.src_uri)
        page.generated_by = page.generated_by or "tools/site_pages.py"
        page.content_string = text
        for path in sorted(linked):
            place = site_path(path)
            if files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def site_path(path: str) -> str:
    """Where a file of the repository stands on the site."""
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}"


def rewrite(text: str, source: str, place: str) -> tuple[str, set[str]]:
    """A page's text for the site, and the repository's files that it links to.

    Args:
        text: Markdown.
        source: the page's path in the repository, from which its links are resolved.
        place: its path on the site.
    """
    linked: set[str] = set()

    def renew(part: re.Match[str]) -> str:
        if part["target"] is None:
            return part[0]  # code
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), part["target"]))
        if (ROOT / path).is_dir():
            return part["text"]
        if path.startswith("..") or not (ROOT / path).is_file():
            return part[0]  # another site, or a mistake that MkDocs reports
        linked.add(path)
        target = posixpath.relpath(site_path(path), posixpath.dirname(place))
        return f"[{part['text']}]({target}{part['anchor'] or ''})"

    return _CODE_OR_LINK.sub(renew, text), linked


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show names that docstrings mark in Sphinx's way as plain names."""
    return _ROLE.sub("<code>", html)
