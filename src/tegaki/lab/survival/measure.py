"""Running every tool over every mark, and reading afterwards what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tegaki.formats import walk
from tegaki.lab.survival.registry import Tool
from tegaki.lab.survival.run import convert, version_of
from tegaki.lab.survival.sample import Reading, Sample

Outcome = Literal["kept", "weakened", "lost", "failed"]
"""``kept``: the same claim as before, and as strong (a C2PA manifest and NovelAI's signature still
verify). ``weakened``: the claim is there and weaker. ``lost``: it is gone. ``failed``: the tool
wrote no picture of the wanted format."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one tool made of one mark."""

    mark: str
    input: str
    output: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ToolReport:
    """A tool, its version, and what it made of every mark. ``version``: ``None`` where the tool is
    absent, and ``cells`` are empty."""

    name: str
    version: str | None
    command: str
    cells: tuple[Cell, ...] = ()


def measure(
    tools: Sequence[Tool],
    samples: Sequence[Sample],
    on_tool: Callable[[str], None] = lambda name: None,
) -> tuple[ToolReport, ...]:
    """Run every tool that is present over every sample of its input formats.

    Each run has a temporary folder of its own, and a time limit. ``on_tool`` is told each tool's
    name before it begins.
    """
    reports = []
    for tool in tools:
        on_tool(tool.name)
        version = version_of(tool)
        cells = () if version is None else tuple(_cells(tool, samples))
        reports.append(ToolReport(tool.name, version, tool.shown_command, cells))
    return tuple(reports)


def _cells(tool: Tool, samples: Sequence[Sample]) -> list[Cell]:
    cells = []
    for source, target in tool.routes:
        for sample in samples:
            if sample.format == source:
                made = convert(tool, sample.data, source, target)
                outcome = _outcome(sample, made, target)
                cells.append(Cell(sample.mark, source, target, outcome))
    return cells


def _outcome(sample: Sample, made: bytes, target: str) -> Outcome:
    file = walk(made) if made else None
    if file is None or file.format.upper() != target.upper():
        return "failed"
    wanted, strength = sample.read(sample.data)
    found, left = sample.read(made)
    return _compared(wanted, strength, found, left)


def _compared(wanted: Reading, strength: int, found: Reading, left: int) -> Outcome:
    if found != wanted:
        return "lost"
    return "kept" if left >= strength else "weakened"
