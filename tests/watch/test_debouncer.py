"""When a file counts as whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tegaki.sources import SourceFile
from tegaki.watch.debouncer import Debouncer, candidate


def test_files_that_wait_in_line_are_not_restless(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"a")
    debouncer = Debouncer(100)
    debouncer.note(candidate(SourceFile(str(path))))
    time.sleep(0.05)
    debouncer.note(candidate(SourceFile(str(path))))  # told of again, and the same
    assert debouncer.drop_unstable(0.01) == []
    path.write_bytes(b"aa")
    debouncer.note(candidate(SourceFile(str(path))))
    assert debouncer.drop_unstable(0.01) == [str(path)]
    assert len(debouncer) == 0


def test_only_what_was_changed_long_ago_is_taken_at_first_sight(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"a")
    debouncer = Debouncer(2)
    # The time of its content can be set, that of its entry is the system's.
    os.utime(path, (1e9, 1e9))
    fresh = candidate(SourceFile(str(path))).stamp
    assert fresh
    assert not debouncer.is_stable(fresh)
    size, changed, _ = fresh
    assert debouncer.is_stable((size, changed, changed))
    assert not Debouncer(1e10).is_stable((size, changed, changed))
    ahead = time.time_ns() + 10**12  # the clock of a file server
    assert not debouncer.is_stable((size, ahead, ahead))
