"""One run in one folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegaki.errors import TrainingError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder while a run writes there; the system lets go when the process ends.

    Raises:
        TrainingError: another run holds it. (On Windows, nothing is checked.)
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise TrainingError(f"another run is at work in {folder}; wait for it") from problem
        yield
