"""What was measured, as plain data and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tegaki.lab.survival.measure import ToolReport

MARKS = (
    "PNG text", "EXIF", "XMP", "IPTC", "C2PA", "text in alpha", "text in RGB",
    "DWT-DCT watermark", "NovelAI signature",
)  # fmt: skip
"""Every mark by name, in the order of the columns."""
HEADER = ["Tool", "From → to", *MARKS]
_WORDS = {"kept": "kept", "weakened": "weaker", "lost": "lost", "failed": "fails"}


def as_plain(reports: Sequence[ToolReport]) -> dict[str, Any]:
    """Ready for JSON. An absent tool has the version ``null`` and no cells."""
    return {"tools": [asdict(report) for report in reports]}


def rows(plain: dict[str, Any]) -> list[list[str]]:
    """A row for each tool and pair of formats, of :func:`as_plain`; an empty cell: the format
    cannot hold this mark, or it was not measured."""
    made = []
    for tool in plain["tools"]:
        routes = dict.fromkeys((cell["input"], cell["output"]) for cell in tool["cells"])
        for route in routes:
            found = {
                cell["mark"]: _WORDS[cell["outcome"]]
                for cell in tool["cells"]
                if (cell["input"], cell["output"]) == route
            }
            name = f"{tool['name']} {tool['version']}"
            made.append([name, " → ".join(route), *(found.get(mark, "") for mark in MARKS)])
    return made


def absent(plain: dict[str, Any]) -> list[str]:
    """The tools that could not be measured, by name."""
    return [tool["name"] for tool in plain["tools"] if tool["version"] is None]
