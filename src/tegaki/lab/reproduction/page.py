"""The report as one HTML file: tables, plots, and the worst mistakes as thumbnails.

The thumbnails are other people's pictures: the page is for those who have the corpus, and is never
put into the project.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tegaki.lab.corpus import Item
from tegaki.lab.reproduction.summary import FinishedCell, Summary
from tegaki.lab.reproduction.text import HEADLINE, tables, verdict
from tegaki.utils.tables import page

WORST = 12
_SIDE = 128


def write_page(
    path: Path, summaries: Sequence[Summary], plots: Sequence[Path], items: dict[str, Item]
) -> None:
    """Write the page. ``items``: the corpus' pictures by id, for the thumbnails."""
    said = "".join(f"<li>{html.escape(sentence)}</li>\n" for sentence in verdict(summaries))
    sections = [f"<ul>\n{said}</ul>"]
    sections += [table.html() for table in tables(summaries)]
    sections += [_picture(plot.read_bytes(), "image/svg+xml", plot.stem) for plot in plots]
    for summary in summaries:
        cells = [cell for cell in summary.cells if HEADLINE in cell.test.scores]
        sections += [_mistakes(summary.protocol, cell, items) for cell in cells[:1]]
    path.write_text(page("The seed's results, run again", sections), encoding="utf-8")


def _mistakes(protocol: str, cell: FinishedCell, items: dict[str, Item]) -> str:
    """The most confident wrong answers of each label, worst first."""
    scores, generated = cell.test.scores[HEADLINE], cell.test.generated
    order = np.argsort(np.where(generated, scores, -scores), kind="stable")
    parts = [f"<h2>{html.escape(protocol)}: worst mistakes (enhanced, flip)</h2>"]
    for label, words in ((False, "Human-drawn, called generated"), (True, "Generated, missed")):
        worst = [i for i in order if generated[i] == label and (scores[i] > 0) != label][:WORST]
        figures = "".join(_figure(cell, int(i), items) for i in worst)
        parts.append(f'<h3>{words}</h3>\n<div class="sheet">{figures}</div>')
    return "\n".join(parts)


def _figure(cell: FinishedCell, index: int, items: dict[str, Item]) -> str:
    judged = cell.test.samples[index]
    caption = html.escape(f"{judged.source}, log odds {cell.test.scores[HEADLINE][index]:+.1f}")
    with Image.open(io.BytesIO(items[judged.id].read())) as stored:
        small = stored.convert("RGB")
    small.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    shown = _picture(buffer.getvalue(), "image/jpeg", judged.source)
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _picture(data: bytes, kind: str, words: str) -> str:
    coded = base64.b64encode(data).decode()
    return f'<img alt="{html.escape(words)}" src="data:{kind};base64,{coded}">'
