"""Archives with some bytes changed, lost or put in between: typed errors, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tegaki.errors import PictureError
from tegaki.sources.archives import members
from tests.sources.archives.made import MAX, make_tar, make_zip, png

FILES = {f"{n}/" + "n" * 30: png(n) for n in range(4)} | {"x" * 120: b"1"}
TIMES = 300


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_damage_has_a_type(tmp_path: Path, suffix: str) -> None:
    path, chance = tmp_path / f"a{suffix}", random.Random(suffix)
    if suffix == ".zip":
        make_zip(path, FILES)
    else:
        make_tar(path, FILES, f"w:{suffix[5:]}")
    whole = path.read_bytes()
    met = 0
    for _ in range(TIMES):
        path.write_bytes(damaged(whole, chance))
        met += problems(path)
    assert met > TIMES / 4


def damaged(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        # Heads and directories stand at the ends.
        near = chance.randrange(min(600, len(data)))
        at = chance.choice([near, len(data) - 1 - near, chance.randrange(len(data))])
        change = chance.choice(["set", "set", "cut", "put"])
        if change == "set":
            data[at] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
        elif change == "cut":
            del data[at : at + chance.randint(1, 20)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 9))
    return bytes(data)


def problems(path: Path) -> int:
    """Whether some error was met; any that is not a PictureError is raised."""
    met = 0
    try:
        for member in members(str(path), MAX):
            try:
                member.read()
            except PictureError:
                met = 1
    except PictureError:
        met = 1
    return met
