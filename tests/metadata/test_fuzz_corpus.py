"""Every reader over every input that fuzzing starts from or has found: none raises."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.fuzz_targets import TARGETS

from tegaki.utils.packed import FilePath, children, open_folder

SEEDS = children(open_folder(Path(__file__).parent / "fuzz_corpus"))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_a_seed_is_taken_by_every_reader(path: FilePath) -> None:
    data = path.read_bytes()
    for target in TARGETS.values():
        target(data)
        target(data[: len(data) // 2])
