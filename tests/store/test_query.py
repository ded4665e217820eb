"""Questions to the store: what SQL narrows is what a look at every row would leave."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tegaki import Detector
from tegaki.results.claim import Claim, Location
from tegaki.results.result import VERDICTS, CropScore, ErrorInfo, Measurement, Result
from tegaki.sources.file_stat import FileStat
from tegaki.store import FileRecord, Query, Store, query, results
from tegaki.store.query import _fits

TOOLS = ("ComfyUI", "Adobe Photoshop", "NovelAI", "100%_\\tool", "Ünïcode 絵", "a\0b", "x" * 9000)
PATHS = (
    "/p/2024/a.png", "/p/2024/A.PNG", "/p/2025/絵.jpg", "/p/[x]/100%_!.png", "/p/a.zip\0in/1.png",
    "/p/a.zip:1.png", "/p/b\\c.png", "https://example.org/a?b.png", "/q",
)  # fmt: skip
BYTES = (b"/p/\xff.png", b"/p/\xff\xff/2.png")
PATTERNS = (
    "*", "/p/*", "*/2024/*", "*.png", "/p/2024/a.png", "/p/[!a]*", "/p/[[]x]/*", "/p/\\xff*",
    "/p/a.zip:*", "/p/a.zip::in/*", "*100%_!*", "/p/b\\*", "/p/?024/?.png", "*?*?*?*?*?*?*?*?*a*",
    "\udcff*", "/p/\0*", "/P/*", "/p/[", "https://*[?]b*", "/p/" + "x" * 2000,
)  # fmt: skip


def claims() -> Iterator[tuple[Claim, ...]]:
    kinds = itertools.cycle(("generated", "edited-with-ai", "camera", "human-editor"))
    strengths = itertools.cycle(("proof", "declared", "hint"))
    yield ()
    for tool in TOOLS:
        one = Claim(tool, "text", next(kinds), next(strengths), Location("PNG", 0, 9))  # type: ignore[arg-type]
        yield (one,)
        yield (one, Claim("ComfyUI", "text", "generated", "hint", Location("PNG", 0, 9)))


def records() -> Iterator[FileRecord]:
    """Files of every verdict, by pixels and by claims."""
    told = itertools.cycle(claims())
    outsides = itertools.cycle((None, -1.0, None, 1.0, -1.0))
    raws = [os.fsencode(path) for path in PATHS] + list(BYTES)
    logits = [None, *(x / 4 for x in range(-24, 25))]
    for number, logit in enumerate(logits * 3):
        sha256 = hashlib.sha256(f"{number}".encode()).hexdigest()
        views = () if logit is None else (CropScore("squashed", logit),)
        error = ErrorInfo("NotAPicture", "none") if logit is None else None
        measurement = Measurement(
            sha256, 9, views=views, claims=next(told), error=error, outside=next(outsides)
        )
        raw = raws[number % len(raws)] + (b".%d.png" % number if number >= len(raws) else b"")
        yield FileRecord(FileStat(raw, 9, 9), measurement, True)
    failed_measurement = Measurement(None, None, error=ErrorInfo("PermissionDenied", "no"))
    yield FileRecord(FileStat(b"/p/unread.png", 9, 9), failed_measurement, True)


@pytest.fixture
def filled(where: str, detector: Detector) -> Iterator[tuple[Store, list[Result]]]:
    """A store, and all its rows by path."""
    with Store.open(where) as store:
        store.begin_scan(detector.context, detector.scorer.reader_version).put(list(records()))
        rows = list(results(store, Query()))
        assert {row.verdict for row in rows} == set(VERDICTS)
        yield store, rows


QUERIES = st.builds(
    Query,
    verdicts=st.frozensets(st.sampled_from(VERDICTS)),
    at_least=st.none() | st.floats(0, 1),
    at_most=st.none() | st.floats(0, 1),
    path=st.none() | st.sampled_from(PATTERNS),
    claim=st.none()
    | st.sampled_from(["comfy", "COMFYUI", "declared", "camera", "%_\\", "ünï", "a\0b", "x" * 50]),
    error=st.none() | st.sampled_from(["", "notapic", "permission"]),
    reverse=st.booleans(),
    limit=st.none() | st.integers(1, 5),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(asked=QUERIES, few=st.sampled_from([0, 3, 10_000]))
def test_what_sql_narrows_is_what_every_row_would_leave(
    filled: tuple[Store, list[Result]], asked: Query, few: int
) -> None:
    store, rows = filled
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query, "_FEW", few)
        found = list(results(store, asked))
    expected = [row for row in (rows[::-1] if asked.reverse else rows) if _fits(row, asked)]
    assert found == expected[: asked.limit]


@pytest.mark.parametrize("reverse", [False, True])
def test_by_probability_errors_come_last(filled: tuple[Store, list[Result]], reverse: bool) -> None:
    store, rows = filled
    asked = Query(sort="probability", reverse=reverse)
    found = [row.probability for row in results(store, asked)]
    scored = [value for value in found if value is not None]
    assert scored == sorted(scored, reverse=reverse)
    assert len(found) == len(rows)
    assert found[: len(scored)] == scored
