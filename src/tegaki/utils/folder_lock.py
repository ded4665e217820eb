"""One run in one folder at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegaki.errors import OutputError


@contextmanager
def locked(folder: Path, name: str = "lock") -> Iterator[None]:
    """Hold a folder while a run writes there; the system lets go when the process ends.

    The file stays behind, unless who holds it takes it away. On Windows, and on file systems
    without locks, nothing is checked.

    Raises:
        OutputError: another run holds it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = folder / name
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise OutputError(f"another run is at work in {folder}; wait for it") from problem
        except OSError:
            pass  # no locks here
        if not _is_at(stream.fileno(), path):
            raise OutputError(f"another run was at work in {folder}; try again")
        yield


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still stands at its path: who held it may have taken it away."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
