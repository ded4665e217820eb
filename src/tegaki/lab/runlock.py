"""One run in one folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegaki.errors import OutputError

LOCK = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder while a run writes there; the system lets go when the process ends.

    Raises:
        OutputError: another run holds it. (On Windows, nothing is checked.)
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / LOCK).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise OutputError(f"another run is at work in {folder}; wait for it") from problem
        yield
