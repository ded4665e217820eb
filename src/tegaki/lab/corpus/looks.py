"""What human-drawn pictures of the corpora look like, where that matters: by eye, in looks.csv.

comic      a page, a strip, or a panel with speech balloons
paper      a photograph or scan of a drawing on paper or canvas
line art   a line drawing or sketch without colours
painted    visible brushwork or soft painting, as against flat or cel shading

Every human-drawn picture of both corpora and of the further sources was looked at; one that is of
none of these kinds is not listed. The border of *painted* is soft.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

LOOKS = ("comic", "paper", "line art", "painted")


@cache
def load_looks() -> dict[str, str]:
    """The look of every listed picture, one of ``LOOKS``, by the picture's id."""
    text = resources.files("tegaki.lab.corpus").joinpath("looks.csv").read_text(encoding="utf-8")
    return {row["id"]: row["look"] for row in csv.DictReader(text.splitlines())}
