"""One table, shown three ways: for a terminal, for Markdown, for HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from tegaki.utils.text import printable


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text without markup. ``numbers``: columns that are set to the right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    numbers: frozenset[int] = field(default_factory=frozenset)

    def print(self, console: Console) -> None:
        """Print it, with control characters escaped."""
        table = RichTable(title=Text(self.title), title_justify="left", box=None, pad_edge=False)
        for index, name in enumerate(self.header):
            table.add_column(
                Text(name), justify="right" if index in self.numbers else "left", overflow="fold"
            )
        for row in self.rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(table)
        if self.note:
            console.print(Text(self.note), soft_wrap=True)

    def markdown(self) -> str:
        """A heading, a table and the note, each line ended."""
        marks = ["---:" if i in self.numbers else "---" for i in range(len(self.header))]
        lines = [list(self.header), marks, *self.rows]
        cells = ("| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines)
        parts = [f"### {self.title}\n", "\n".join(cells) + "\n"]
        if self.note:
            parts.append(self.note + "\n")
        return "\n".join(parts)

    def html(self) -> str:
        """A section of a page, every cell escaped."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.header)
        rows = "".join(f"<tr>{self._html_row(row)}</tr>\n" for row in self.rows)
        note = f"<p>{html.escape(self.note)}</p>\n" if self.note else ""
        return (
            f"<h2>{html.escape(self.title)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{rows}</tbody></table>\n{note}"
        )

    def _html_row(self, row: Sequence[str]) -> str:
        return "".join(
            f'<td class="number">{html.escape(cell)}</td>'
            if index in self.numbers
            else f"<td>{html.escape(cell)}</td>"
            for index, cell in enumerate(row)
        )


def _markdown_cell(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img, svg { max-width: 100%; height: auto; }
.sheet { display: flex; flex-wrap: wrap; gap: .5rem; }
.sheet figure { margin: 0; width: 8rem; }
.sheet figcaption { font-size: .75rem; overflow-wrap: anywhere; }
"""


def page(title: str, sections: Sequence[str]) -> str:
    """A self-contained HTML page. ``sections`` are HTML; nothing is fetched from anywhere."""
    name = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )
