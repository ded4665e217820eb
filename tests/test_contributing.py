"""What CONTRIBUTING.md shows to a newcomer works as it stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.formats import walk
from tegaki.metadata.containers.survey import survey
from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.limits import DEFAULT
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.results.claim import Claim

ROOT = Path(__file__).resolve().parents[1]


def shown_reader() -> Callable[[Evidence], Iterable[Claim]]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {}
    exec(compile(block[1], "CONTRIBUTING.md", "exec"), names)
    found: Callable[[Evidence], Iterable[Claim]] = names["find"]
    return found


def evidence_of(path: Path, fields: dict[str, object]) -> Evidence:
    info = PngInfo()
    info.add_text("sketchbot", json.dumps(fields))
    Image.new("RGB", (64, 64), "white").save(path, pnginfo=info)
    data = path.read_bytes()
    file = walk(data)
    return Evidence(survey(data, DEFAULT, file), (), StoredPicture(data, file, DEFAULT, None))


def test_the_shown_mark_is_read(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path / "a.png", {"prompt": "a cat", "seed": 7})
    (claim,) = shown_reader()(evidence)
    assert (claim.tool, claim.kind, claim.strength) == ("Sketchbot", "generated", "declared")
    assert (claim.prompt, claim.seed) == ("a cat", 7)


def test_the_shown_mark_of_an_edited_picture_accuses_nobody(tmp_path: Path) -> None:
    fields = {"prompt": "a cat", "seed": 7, "init_image": "mine.png"}
    (claim,) = shown_reader()(evidence_of(tmp_path / "a.png", fields))
    assert claim.kind == "edited-with-ai"
