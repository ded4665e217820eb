"""Corpus pictures judged as a user's are: through the detector, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import Detector, default_workers
from tegaki.errors import CorpusError
from tegaki.lab.corpus import Item
from tegaki.results.result import Result
from tegaki.verdict import result_of


def score_split(detector: Detector, items: Sequence[Item]) -> list[Result]:
    """The rows of a split's pictures, by the shipped path.

    Raises:
        CorpusError: a picture cannot be read.
    """

    def judged(item: Item) -> Result:  # without a thumbnail: of many thousands they weigh
        return result_of(item.id, detector.scorer.measure(item.read()), detector.context)

    rows = list(ordered_map(judged, items, default_workers()))
    failed = [row for row in rows if row.error]
    if failed:
        raise CorpusError(f"{len(failed)} pictures cannot be read, first {failed[0].path}")
    return rows
