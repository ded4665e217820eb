"""What a scan says at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tegaki.cli.cures import with_install
from tegaki.errors import MissingLibrary
from tegaki.metadata.c2pa.reader import LIBRARY
from tegaki.results.result import SHOWN, VERDICTS
from tegaki.scan import Summary

if TYPE_CHECKING:
    from tegaki.detector import Detector


def report(
    summary: Summary, seconds: float, stopped: bool, before: int = 0, *, narrows: bool = False
) -> Iterator[str]:
    """Counts, rate, errors by type, what was passed over, and manifests that were not read.

    Args:
        narrows: options left files out.
        before: so many of the rows were there when it began.
    """
    if stopped:
        yield "Stopped; what was done is kept."
    if not summary.rows and not stopped:
        more = "; --include, --exclude and --type may have left some out" if narrows else ""
        yield f"No files were found there; folders of folders are gone into with --recursive{more}."
        yield from skipped(summary)
        return
    counts = ", ".join(f"{summary.verdicts[v]} {SHOWN[v]}" for v in VERDICTS)
    yield (
        f"{summary.rows:,} file{'' if summary.rows == 1 else 's'} in {seconds:.1f} s "
        f"({(summary.rows - before) / max(seconds, 1e-9):,.1f} files/s): {counts}"
    )
    for kind, count in sorted(summary.errors.items()):
        yield f"  {kind}: {count}"
    yield from skipped(summary)
    if summary.manifests:
        files = f"{summary.manifests:,} file{' has' if summary.manifests == 1 else 's have'}"
        missing = MissingLibrary("reading it", LIBRARY)
        yield f"  {files} a C2PA manifest that was not read: {with_install(str(missing))}"


def skipped(summary: Summary) -> Iterator[str]:
    """What was not judged, by kind, and how to have it judged."""
    kinds = summary.skipped
    if kinds:
        counted = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
        yield f"  passed over: {counted}; --all-files judges them too"


def cost(detector: Detector) -> Iterator[str]:
    """Of a detector with two models: how many pictures the careful one judged, and what it cost."""
    if len(detector.scorer.steps) < 2 or not detector.scorer.steps[0].pictures:
        return
    fast, careful = detector.scorer.steps
    seconds = fast.seconds + careful.seconds
    yield (
        f"  careful model: {careful.pictures:,} of {fast.pictures:,} pictures "
        f"({careful.pictures / fast.pictures:.0%}), {careful.seconds:.1f} of {seconds:.1f} s of "
        "processor time for scoring"
    )
