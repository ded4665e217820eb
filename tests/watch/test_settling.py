"""When a file counts as whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tegaki.sources import Found
from tegaki.watch.debouncer import Settling, candidate


def test_files_that_wait_in_line_are_not_restless(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"a")
    settling = Settling(100)
    settling.note(candidate(Found(str(path))))
    time.sleep(0.05)
    settling.note(candidate(Found(str(path))))  # told of again, and the same
    assert settling.drop_restless(0.01) == []
    path.write_bytes(b"aa")
    settling.note(candidate(Found(str(path))))
    assert settling.drop_restless(0.01) == [str(path)]
    assert len(settling) == 0


def test_only_what_was_changed_long_ago_is_taken_at_first_sight(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"a")
    settling = Settling(2)
    # The time of its content can be set, that of its entry is the system's.
    os.utime(path, (1e9, 1e9))
    fresh = candidate(Found(str(path))).stamp
    assert fresh
    assert not settling.stands_still(fresh)
    size, changed, _ = fresh
    assert settling.stands_still((size, changed, changed))
    assert not Settling(1e10).stands_still((size, changed, changed))
    ahead = time.time_ns() + 10**12  # the clock of a file server
    assert not settling.stands_still((size, ahead, ahead))
