"""Which marks live through which tools: measured with Pillow and OpenCV, and what the docs say."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Sequence

import pytest
from click.testing import CliRunner
from PIL import Image
from tools.tables import ROOT

from tegaki.cli.main import program
from tegaki.cli.metadata import COMMON_STEPS, REMOVERS
from tegaki.lab.survival import TOOLS, Tool, absent, as_plain, measure, rows
from tegaki.lab.survival.report import MARKS
from tegaki.lab.survival.run import convert
from tegaki.lab.survival.sample import Sample

pytest.importorskip("c2pa")
pytest.importorskip("cryptography")
from tegaki.lab.survival.marks import make_samples

BY_NAME = {tool.name: tool for tool in TOOLS}
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


@pytest.fixture(scope="module")
def samples() -> Sequence[Sample]:
    return make_samples()


def python_tool(code: str) -> Tool:
    command = (sys.executable, "-c", code, "{input}", "{output}")
    version = (sys.executable, "-c", "print('1.2')")
    return Tool("copy", version, command, (("PNG", "PNG"), ("JPEG", "JPEG"), ("GIF", "GIF")))


def outcomes(tool: Tool, samples: Sequence[Sample], route: tuple[str, str]) -> dict[str, str]:
    (report,) = measure([tool], samples)
    return {c.mark: c.outcome for c in report.cells if (c.input, c.output) == route}


def test_every_mark_is_read_and_lives_through_a_copy(samples: Sequence[Sample]) -> None:
    assert {sample.mark for sample in samples} == set(MARKS)
    (report,) = measure([python_tool(_COPY)], samples)
    assert len(report.cells) == len(samples)
    assert {cell.outcome for cell in report.cells} == {"kept"}


def test_pillow_keeps_pixels_and_no_metadata(samples: Sequence[Sample]) -> None:
    some = [s for s in samples if s.mark in ("EXIF", "text in RGB") and s.format == "PNG"]
    found = outcomes(BY_NAME["Pillow"], some, ("PNG", "PNG"))
    assert found == {"EXIF": "lost", "text in RGB": "kept"}


def test_opencv_drops_alpha_and_the_text_in_it(samples: Sequence[Sample]) -> None:
    pytest.importorskip("cv2")
    some = [s for s in samples if s.mark.startswith("text in")]
    found = outcomes(BY_NAME["OpenCV"], some, ("PNG", "PNG"))
    assert found == {"text in alpha": "lost", "text in RGB": "kept"}


def test_optipng_keeps_a_text(samples: Sequence[Sample]) -> None:
    if shutil.which("optipng") is None:
        pytest.skip("optipng is not installed")
    some = [s for s in samples if s.mark == "PNG text"]
    assert outcomes(BY_NAME["optipng"], some, ("PNG", "PNG")) == {"PNG text": "kept"}


def test_a_changed_picture_under_a_manifest_or_signature_is_weaker(
    samples: Sequence[Sample],
) -> None:
    """The chunks stay, one pixel changes: neither signature verifies."""
    code = (
        "import io, sys; from PIL import Image\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "image = Image.open(io.BytesIO(data)).convert('RGB'); image.putpixel((3, 3), (0, 0, 0))\n"
        "out = io.BytesIO(); image.save(out, 'PNG'); new = out.getvalue()\n"
        "at, end = data.index(b'IDAT') - 4, new.index(b'IDAT') - 4\n"
        "open(sys.argv[2], 'wb').write(data[:at] + new[end:])\n"
    )
    some = [s for s in samples if s.mark in ("C2PA", "NovelAI signature") and s.format == "PNG"]
    found = outcomes(python_tool(code), some, ("PNG", "PNG"))
    assert found == {"C2PA": "weakened", "NovelAI signature": "weakened"}


@pytest.mark.parametrize(
    "code",
    ["pass", "import sys; sys.exit(3)", "import sys; open(sys.argv[2], 'wb').write(b'no picture')"],
    ids=["writes nothing", "fails", "writes no picture"],
)
def test_a_tool_that_makes_no_picture_fails(code: str, samples: Sequence[Sample]) -> None:
    some = [s for s in samples if s.mark == "PNG text"]
    assert outcomes(python_tool(code), some, ("PNG", "PNG")) == {"PNG text": "failed"}


def test_a_tool_that_hangs_is_ended(
    samples: Sequence[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tegaki.lab.survival.run.TIME_LIMIT", 0.5)
    tool = python_tool("import time; time.sleep(600)")
    assert convert(tool, samples[0].data, "PNG", "PNG") == b""


def test_absent_tools_are_named() -> None:
    tool = Tool("nothing", ("no-such-tool",), ("no-such-tool", "{input}"), (("PNG", "PNG"),))
    plain = as_plain(measure([tool], ()))
    assert (absent(plain), rows(plain)) == (["nothing"], [])


def test_the_command_prints_json_and_refuses_unknown_tools() -> None:
    wrong = CliRunner().invoke(program, ["lab", "survival", "--only", "nobody"])
    assert wrong.exit_code == 2
    assert "names none of the tools: oxipng, " in wrong.stderr


MEASURED = json.loads((ROOT / "docs" / "survival.json").read_text(encoding="utf-8"))


def test_the_sentence_of_tegaki_metadata_is_what_was_measured() -> None:
    tools = {tool["name"]: tool for tool in MEASURED["tools"]}
    for name in REMOVERS:
        cells = [c for c in tools[name]["cells"] if c["mark"] in MARKS[:5]]
        assert len(cells) >= 5
        assert {cell["outcome"] for cell in cells} == {"lost"}, name


def test_a_file_without_marks_ends_with_the_sentence() -> None:
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "PNG")
    bare = CliRunner().invoke(program, ["metadata", "-"], input=out.getvalue())
    words = " ".join(bare.stdout.split())
    assert words.endswith(COMMON_STEPS)
    plain = CliRunner().invoke(program, ["metadata", "--json", "-"], input=out.getvalue())
    assert "OpenCV" not in plain.stdout


def test_the_docs_name_every_tool() -> None:
    assert [tool["name"] for tool in MEASURED["tools"]] == list(BY_NAME)
