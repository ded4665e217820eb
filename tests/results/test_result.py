"""What a row shows, and that it is read back as it was written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tegaki import Claim, CropScore, Detector, ErrorInfo, Result
from tegaki.results.claim import KINDS, STRENGTHS, Location
from tests.conftest import ROOT, painting

TEXT = st.text(max_size=20)
MAYBE = st.none() | TEXT
NUMBERS = st.floats(-30, 30)
SIDES = st.integers(0, 9999)
BOXES = st.none() | st.tuples(SIDES, SIDES, SIDES, SIDES)
CLAIMS = st.builds(
    Claim,
    tool=TEXT,
    carrier=TEXT,
    kind=st.sampled_from(KINDS),
    strength=st.sampled_from(STRENGTHS),
    place=st.builds(Location, TEXT, st.integers(0, 99), st.integers(0, 99)),
    note=TEXT,
    model=MAYBE,
    prompt=MAYBE,
    seed=st.none() | st.integers(),
    details=st.dictionaries(TEXT, TEXT, max_size=2).map(lambda found: tuple(found.items())),
)
JUDGED = st.builds(
    Result,
    path=TEXT,
    path_bytes=st.none(),
    sha256=MAYBE,
    size_bytes=st.none() | st.integers(0, 9),
    format=st.sampled_from([None, "PNG"]),
    width=st.integers(1, 9),
    height=st.integers(1, 9),
    alpha=st.none() | st.booleans(),
    animated=st.booleans(),
    verdict=st.sampled_from(["drawn", "generated", "unsure"]),
    probability=st.floats(0, 1),
    logit=NUMBERS,
    views=st.lists(st.builds(CropScore, TEXT, NUMBERS, BOXES), max_size=2).map(tuple),
    reasons=st.lists(TEXT, max_size=3).map(tuple),
    claims=st.lists(CLAIMS, max_size=2).map(tuple),
    error=st.none(),
    model=TEXT,
    recipe=TEXT,
    domain=st.sampled_from([None, "inside", "outside"]),
    judged_area=st.none() | st.floats(0, 1),
    judged_frame=st.none() | st.integers(1, 99),
)
FAILED = st.builds(
    lambda row, kind, message: replace(
        row, verdict="error", probability=None, logit=None, error=ErrorInfo(kind, message)
    ),
    JUDGED,
    TEXT,
    TEXT,
)


LATER = {"domain", "judged_area", "judged_frame"}


def is_text(row: Result) -> bool:
    try:
        json.dumps(row.to_dict(), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@given((JUDGED | FAILED).filter(is_text))
@settings(max_examples=60, deadline=None)
def test_a_row_is_read_back(row: Result) -> None:
    assert Result.from_dict(row.to_dict()) == row
    assert Result.from_dict(json.loads(row.to_json())) == row


def test_rows_of_files_are_read_back(detector: Detector) -> None:
    rows = [detector.inspect(path) for path in sorted((ROOT / "examples").iterdir())]
    rows += [detector.inspect(painting()), detector.inspect(b"no picture")]
    assert {row.verdict for row in rows} == {"drawn", "generated", "unsure", "error"}
    assert any(row.claims for row in rows)
    for row in rows:
        assert Result.from_dict(json.loads(row.to_json())) == row


def test_what_later_versions_add_is_left_out(detector: Detector) -> None:
    row = next(
        r for p in sorted((ROOT / "examples").iterdir()) if (r := detector.inspect(p)).claims
    )
    plain = json.loads(row.to_json())
    for part in (plain, plain["views"][0], plain["claims"][0], plain["claims"][0]["place"]):
        part["new"] = 1
    assert Result.from_dict(plain) == row
    for name in LATER:
        del plain[name]
    assert Result.from_dict(plain) == replace(row, domain=None, judged_area=None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": 3}, "path is not of type str: int"),
        ({"width": "9"}, "width is not of type int: str"),
        ({"width": True}, "width is not of type int: bool"),
        ({"verdict": "fake"}, "verdict is none of drawn, generated"),
        ({"verdict": []}, "verdict is not of type str"),
        ({"domain": {}}, "domain is none of"),
        ({"views": [3]}, "views is not of type Mapping"),
        ({"views": [{"name": "a"}]}, "logit is missing"),
        ({"views": [{"name": "a", "logit": 1, "box": [0, 0, 9]}]}, "box has 3 numbers, not 4"),
        ({"views": [{"name": "a", "logit": 1, "box": [0, 0, 9, "9"]}]}, "box is not of type int"),
        ({"views": [{"name": "a", "logit": 1, "box": 9}]}, "box is not of type list"),
        ({"judged_area": "all"}, "judged_area is not of type float"),
        ({"judged_frame": 1.5}, "judged_frame is not of type int"),
        ({"reasons": "why"}, "reasons is not of type list"),
        ({"claims": [{"place": None}]}, "place is not of type"),
        ({"error": {"type": "TooSmall", "message": ""}}, "exactly when the verdict is error"),
        ({"verdict": "error"}, "exactly when the verdict is error"),
        ({"probability": None}, "a verdict needs one"),
    ],
)
def test_what_is_no_row_is_refused(detector: Detector, change: dict[str, Any], said: str) -> None:
    plain = detector.inspect(painting()).to_dict()
    with pytest.raises(ValueError, match=said):
        Result.from_dict(plain | change)
    for name in plain.keys() - LATER:
        with pytest.raises(ValueError, match=f"{name} is missing"):
            Result.from_dict({key: value for key, value in plain.items() if key != name})
    with pytest.raises(ValueError, match="a row is an object, not list"):
        Result.from_dict([plain])  # type: ignore[arg-type]


def test_in_short(detector: Detector) -> None:
    row = detector.inspect(painting(), "a\x1b[2J.png")
    assert str(row) == f"a\\x1b[2J.png: not sure ({row.probability:.3f} generated)"
    assert str(detector.inspect(b"")) == "picture: EmptyFile: the file is empty"
    assert repr(detector) == (
        f"<tegaki.Detector {row.model}, config {row.recipe}: pixels and metadata>"
    )


# ---- notebooks ---------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x1b\u202e'


def test_a_notebook_shows_the_picture_and_why(detector: Detector) -> None:
    row = detector.inspect(painting(400, 200))
    page = Page(row._repr_html_())
    assert page.elements.count("img") == 1
    assert "not sure" in page.text
    assert all(reason in page.text for reason in row.reasons)
    assert row.thumbnail is not None
    with Image.open(io.BytesIO(row.thumbnail)) as small:
        assert (small.format, max(small.size)) == ("JPEG", 128)
    assert "img" not in Page(detector.inspect(b"no picture")._repr_html_()).elements
    assert "thumbnail" not in row.to_dict()
    assert Result.from_dict(row.to_dict()) == row


def test_nothing_that_a_file_says_is_taken_for_html(detector: Detector) -> None:
    claim = Claim(HOSTILE, HOSTILE, "generated", "hint", Location(HOSTILE, 0, 9), prompt=HOSTILE)
    row = replace(
        detector.inspect(painting(), HOSTILE), reasons=(HOSTILE,), claims=(claim,), thumbnail=None
    )
    page = Page(row._repr_html_())
    assert not {"script", "img"} & set(page.elements)
    assert {name for name, _ in page.attributes} == {"style"}
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text
    assert page.text.count("<script>") == 5  # path, reason, tool, place, prompt


def test_the_size_is_bounded(detector: Detector) -> None:
    long = "&" * 1_000_000
    claim = Claim(long, long, "generated", "hint", Location(long, 0, 9), prompt=long, model=long)
    row = detector.inspect(painting())
    row = replace(row, path=long, reasons=(long,) * 1000, claims=(claim,) * 1000)
    shown = row._repr_html_()
    assert len(shown) < 150_000
    assert shown.count("and 990 more") == 2
