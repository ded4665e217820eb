"""Rows as text for people."""

from __future__ import annotations

from collections.abc import Iterator

import click
from rich.cells import cell_len, set_cell_size

from tegaki.claim import Claim, Strength
from tegaki.recipe import Thresholds
from tegaki.row import SHOWN, Row, Verdict
from tegaki.text import printable

COLOURS: dict[Verdict, str] = {
    "drawn": "green",
    "generated": "magenta",
    "unsure": "yellow",
    "error": "red",
}
_WORTH: dict[Strength, str] = {
    "proof": "proof",
    "declared": "declared, can be forged",
    "hint": "a hint only",
}
_VERDICT_WIDTH = max(map(len, SHOWN.values()))


class Table:
    """Rows as lines, printed as they come: file, verdict, probability, reason.

    Args:
        name_width: cells for the file name; longer names lose their middle on a terminal.
        width: cells of the terminal, or ``None`` for a file or pipe, where nothing is cut.
    """

    def __init__(self, name_width: int, width: int | None) -> None:
        self.name_width = name_width
        self.width = width

    def header(self) -> str:
        return self._line("File", "Verdict".ljust(_VERDICT_WIDTH), "Prob.", "Reason")

    def line(self, row: Row) -> str:
        verdict = SHOWN[row.verdict].ljust(_VERDICT_WIDTH)
        probability = "    -" if row.probability is None else f"{row.probability:5.3f}"
        return self._line(
            printable(row.path),
            click.style(verdict, fg=COLOURS[row.verdict]),
            probability,
            printable(row.error.message if row.error else row.reasons[0]),
        )

    def _line(self, name: str, verdict: str, probability: str, reason: str) -> str:
        if self.width is not None:
            name = _cut_middle(name, self.name_width)
            room = self.width - self.name_width - _VERDICT_WIDTH - 5 - 6
            reason = reason if cell_len(reason) <= room else set_cell_size(reason, room - 1) + "…"
        padding = " " * max(0, self.name_width - cell_len(name))
        return f"{name}{padding}  {verdict}  {probability}  {reason}"


def _cut_middle(name: str, width: int) -> str:
    if cell_len(name) <= width:
        return name
    head = set_cell_size(name, width // 3)
    tail = ""
    for character in reversed(name):
        if cell_len(tail) + cell_len(character) > width - width // 3 - 1:
            break
        tail = character + tail
    return f"{head}…{tail}"


def detail(row: Row, thresholds: Thresholds) -> Iterator[str]:
    """One row in full, as lines."""
    yield click.style(printable(row.path), bold=True)
    for label, text in _fields(row, thresholds):
        yield f"  {label:<12} {text}"


def _fields(row: Row, t: Thresholds) -> Iterator[tuple[str, str]]:
    yield "verdict", click.style(SHOWN[row.verdict], fg=COLOURS[row.verdict], bold=True)
    if row.probability is not None and row.logit is not None:
        yield (
            "probability",
            f"{row.probability:.3f} of generated "
            f"(likely drawn up to {t.drawn_up_to:.3f}, "
            f"likely generated from {t.generated_from:.3f})",
        )
        yield "logit", f"{row.logit:+.2f} ({_views(row)})"
    if row.format:
        yield "picture", _facts(row)
    elif row.size_bytes is not None:
        yield "file", f"{row.size_bytes:,} bytes"
    if row.error:
        yield "error", printable(f"{row.error.type}: {row.error.message}")
    for claim in row.claims:
        yield "claim", f"{claim_line(claim)}: {printable(claim.place.path)}"
    if any(claim.prompt or claim.model for claim in row.claims):
        yield "", "(tegaki provenance prints prompt, model and seed)"
    for number, reason in enumerate(row.reasons):
        yield "why" if number == 0 else "", printable(reason)
    if row.sha256:
        yield "sha256", row.sha256
    yield "model", f"{row.model}, recipe {row.recipe}"


def claim_line(claim: Claim) -> str:
    """What is claimed, by which tool, and what that is worth; safe to print."""
    return f"{claim.kind} · {printable(claim.tool)} ({_WORTH[claim.strength]})"


def _views(row: Row) -> str:
    """Which squares of the picture were judged, and the logit of each where there are several."""
    if len(row.views) == 1:
        return row.views[0].name
    return f"mean of {', '.join(f'{view.name} {view.logit:+.2f}' for view in row.views)}"


def _facts(row: Row) -> str:
    facts = [f"{row.format}, {row.width} x {row.height} pixels, {row.size_bytes:,} bytes"]
    if row.alpha:
        facts.append("partly transparent")
    if row.animated:
        facts.append("several frames or pages")
    return ", ".join(facts)
