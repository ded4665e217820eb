"""Corpus pictures judged as a user's are: through the detector, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import Detector, default_workers
from tegaki.errors import CorpusError
from tegaki.lab.corpus import Item
from tegaki.results.result import Result


def score_split(detector: Detector, items: Sequence[Item]) -> list[Result]:
    """The rows of a split's pictures, by the shipped path.

    Raises:
        CorpusError: a picture cannot be read.
    """
    rows = list(
        ordered_map(
            lambda item: detector.inspect_bytes(item.read(), item.id), items, default_workers()
        )
    )
    failed = [row for row in rows if row.error]
    if failed:
        raise CorpusError(f"{len(failed)} pictures cannot be read, first {failed[0].path}")
    return rows
