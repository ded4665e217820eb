"""What survives: which marks live through which tools. Needs the extra ``tegaki[bench]``."""

from tegaki.lab.survival.measure import Cell, Outcome, ToolReport, measure
from tegaki.lab.survival.registry import TOOLS, Tool
from tegaki.lab.survival.report import HEADER, absent, as_plain, rows

__all__ = [
    "HEADER",
    "TOOLS",
    "Cell",
    "Outcome",
    "Tool",
    "ToolReport",
    "absent",
    "as_plain",
    "measure",
    "rows",
]
