"""Rows as text for people."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import click
from rich.cells import cell_len, chop_cells, set_cell_size

from tegaki.cli.cures import with_cure, with_install
from tegaki.results.claim import STRENGTH_TEXTS, Claim
from tegaki.results.result import SHOWN, CropScore, ErrorInfo, Result, Verdict
from tegaki.results.scoring_config import Thresholds
from tegaki.utils.text import printable
from tegaki.verdict.fusion import decided_by_file

COLOURS: dict[Verdict, str] = {
    "drawn": "green",
    "generated": "magenta",
    "unsure": "yellow",
    "error": "red",
}
_VERDICT_WIDTH = max(map(len, SHOWN.values()))
_LONGEST_NAME = 44  # cells of the table's first column, at most
_NARROW = 60  # cells: below them columns have no room side by side
_LABEL = 12  # cells of the labels of one row in full


def terminal_width() -> int | None:
    """Cells of the terminal that standard output is; ``None`` for a file or pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


class Table:
    """Rows as lines, printed as they come: file, verdict, probability, reason. On narrow terminals
    what is said of a file stands below its name.

    Args:
        width: cells of the terminal, or ``None`` for a file or pipe, where nothing is cut.
        name_width: cells that the longest name needs, where that is known.
    """

    def __init__(self, width: int | None, name_width: int = _LONGEST_NAME) -> None:
        most = _LONGEST_NAME if width is None else min(_LONGEST_NAME, width // 3)
        self.name_width = min(max(name_width, 4), most)
        self.width = width

    def header(self) -> str:
        if self.width is not None and self.width < _NARROW:
            return "\n".join(wrapped("File, verdict, probability, reason", self.width))
        return self._line("File", "Verdict".ljust(_VERDICT_WIDTH), "Prob.", "Reason")

    def line(self, result: Result) -> str:
        name = printable(result.path)
        reason = printable(
            error_text(result.error) if result.error else _without_places(result.reasons[0], result)
        )
        colour = COLOURS[result.verdict]
        if self.width is not None and self.width < _NARROW:
            return "\n".join(self._block(name, result, reason, colour))
        verdict = click.style(SHOWN[result.verdict].ljust(_VERDICT_WIDTH), fg=colour)
        return self._line(name, verdict, _probability(result), reason)

    def _line(self, name: str, verdict: str, probability: str, reason: str) -> str:
        if self.width is not None:
            name = _cut_middle(name, self.name_width)
            room = self.width - self.name_width - _VERDICT_WIDTH - 5 - 6
            reason = reason if cell_len(reason) <= room else set_cell_size(reason, room - 1) + "…"
        padding = " " * max(0, self.name_width - cell_len(name))
        return f"{name}{padding}  {verdict}  {probability}  {reason}"

    def _block(self, name: str, result: Result, reason: str, colour: str) -> Iterator[str]:
        assert self.width is not None
        yield _cut_middle(name, self.width)
        for line in wrapped(
            f"{SHOWN[result.verdict]} {_probability(result).strip()}", self.width - 2
        ):
            yield f"  {click.style(line, fg=colour)}"
        for line in wrapped(reason, self.width - 2):
            yield f"  {line}"


def error_text(error: ErrorInfo) -> str:
    """Why a file could not be judged, and what helps."""
    return with_cure(error.type, error.message)


def _probability(result: Result) -> str:
    if result.probability is not None and decided_by_file(result.claims):
        return " file"  # the verdict does not rest on the number
    return "    -" if result.probability is None else f"{result.probability:5.3f}"


def wrapped(text: str, width: int | None) -> list[str]:
    """A text's words in lines of so many cells; ``None``: in one."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        *pieces, rest = chop_cells(word, max(width, 2)) or [word]
        lines += [line] * bool(line) + pieces
        line = rest
    return [*lines, line]


def print_error(line: str) -> None:
    """A line on standard error, wrapped where that is a terminal; what is indented stays so."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    indent = " " * (len(line) - len(line.lstrip(" ")))
    for piece in wrapped(line.lstrip(" "), width and width - len(indent)):
        click.echo(indent + piece, err=True)


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


def detail(
    result: Result, thresholds: Thresholds, width: int | None = None, *, verbose: bool = False
) -> Iterator[str]:
    """One result, as lines; those that are longer than a terminal's ``width`` are wrapped.

    Args:
        verbose: also where marks stand, logits, and the hash of what moves a score.
    """
    for line in wrapped(printable(result.path), width):
        yield click.style(line, bold=True)
    colour = COLOURS[result.verdict]
    for label, text in _fields(result, thresholds, verbose):
        for line in labelled_lines(label, text, width):
            verdict = label == "verdict" and line.endswith(text)
            start = line.removesuffix(text)
            yield f"{start}{click.style(text, fg=colour, bold=True)}" if verdict else line


def labelled_lines(label: str, text: str, width: int | None) -> Iterator[str]:
    """A label and a text, whose lines stand beside it, or below it where there is no room."""
    if width is not None and width < _NARROW:
        if label:
            yield f"  {label}"
        yield from (f"    {line}" for line in wrapped(text, width - 4))
        return
    room = None if width is None else width - _LABEL - 3
    for line in wrapped(text, room):
        yield f"  {label:<{_LABEL}} {line}".rstrip()
        label = ""


def _fields(result: Result, t: Thresholds, verbose: bool) -> Iterator[tuple[str, str]]:
    yield "verdict", SHOWN[result.verdict]
    yield from _numbers(result, t, verbose)
    if result.format:
        yield "picture", _facts(result)
    elif result.size_bytes is not None:
        yield "file", f"{result.size_bytes:,} bytes"
    if result.error:
        yield "error", printable(f"{result.error.type}: {error_text(result.error)}")
    for claim in result.claims:
        where = f": {printable(claim.place.path)}" if verbose else ""
        yield "claim", f"{claim_line(claim)}{where}"
    if any(claim.prompt or claim.model for claim in result.claims):
        yield "", "(tegaki metadata prints prompt, model and seed)"
    for number, reason in enumerate(result.reasons):
        text = reason if verbose else _without_places(reason, result)
        yield "why" if number == 0 else "", printable(with_install(text))
    if result.sha256:
        yield "sha256", result.sha256
    yield "model", f"{result.model}, recipe {result.recipe}" if verbose else result.model


def _numbers(result: Result, t: Thresholds, verbose: bool) -> Iterator[tuple[str, str]]:
    if result.probability is None or result.logit is None:
        return
    limits = (
        "by the look alone; what the file says decides"
        if decided_by_file(result.claims)
        else f"likely drawn up to {t.drawn_up_to:.3f}, likely generated from {t.generated_from:.3f}"
    )
    yield "probability", f"{result.probability:.3f} of generated ({limits})"
    if verbose:
        yield "logit", f"{result.logit:+.2f} ({_views(result)})"


def _without_places(reason: str, result: Result) -> str:
    """A reason without the places of marks, which are for those who know the formats."""
    for claim in result.claims:
        reason = reason.replace(f" ({claim.place.path})", "")
    return reason


def claim_line(claim: Claim) -> str:
    """What is claimed, by which tool, and what that is worth; safe to print."""
    return f"{claim.kind} · {printable(claim.tool)} ({STRENGTH_TEXTS[claim.strength]})"


def _views(result: Result) -> str:
    """Which squares of the picture were judged, and the logit of each where there are several."""
    if len(result.views) == 1:
        return result.views[0].name
    return f"mean of {', '.join(f'{_view(view)} {view.logit:+.2f}' for view in result.views)}"


def _view(view: CropScore) -> str:
    if view.box is None:
        return view.name
    left, upper, right, lower = view.box
    return f"{view.name} ({left}, {upper}) to ({right}, {lower})"


def _facts(result: Result) -> str:
    facts = [
        f"{result.format}, {result.width} x {result.height} pixels, {result.size_bytes:,} bytes"
    ]
    if result.alpha:
        facts.append("partly transparent")
    if result.animated:
        facts.append("several frames or pages")
    return ", ".join(facts)
