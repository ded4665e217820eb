"""Where results cannot go is told before the work, which may take hours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tegaki.cli.main import program
from tegaki.cli.output_checks import check_file, check_folder
from tegaki.errors import OutputError
from tests.lab.little_corpus import write_corpus

NOWHERE = "/proc/results"  # no file can be made there, not even by root


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    "words",
    [
        ("lab", "evaluate", "--protocol", "seen", "--corpus", "CORPUS", "--out", NOWHERE),
        ("lab", "audit", "--corpus", "CORPUS", "--model", "fast", "--html", f"{NOWHERE}.html"),
        ("lab", "audit", "--corpus", "CORPUS", "--model", "fast", "--json", f"{NOWHERE}.json"),
        ("lab", "corpus", "report", "CORPUS", "--html", f"{NOWHERE}.html"),
        ("lab", "corpus", "report", "CORPUS", "--json", f"{NOWHERE}.json"),
    ],
    ids=lambda words: " ".join((words[1], words[-2])),
)
def test_a_place_that_cannot_be_written_is_told_before_pictures_are_read(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    corpus = write_corpus(tmp_path)
    for path in corpus.rglob("*.jpg"):
        path.write_bytes(b"would be told of, were it read")
    done = CliRunner().invoke(program, [str(corpus) if w == "CORPUS" else w for w in words])
    assert done.exit_code == 2
    assert done.output == f"Error: {words[-1]} cannot be written: No such file or directory\n"


def test_places(tmp_path: Path) -> None:
    check_folder(tmp_path / "not" / "there yet")
    assert not list(tmp_path.iterdir())
    check_file(tmp_path / "new.json")
    check_file(Path("-"))
    check_file(None)
    (tmp_path / "file").write_bytes(b"")
    check_file(tmp_path / "file")
    with pytest.raises(OutputError, match="file/below cannot be written: Not a directory"):
        check_folder(tmp_path / "file" / "below")
    with pytest.raises(OutputError, match="its folder does not exist"):
        check_file(tmp_path / "none" / "new.json")
