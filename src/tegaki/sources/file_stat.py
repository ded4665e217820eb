"""Files as the system lists them: by what they are known again."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from tegaki.sources.walk import SourceFile

NUL = b"\0"
"""Between an archive's path and a member's name in ``raw``: no path of a file has one."""

_MTIME_RESOLUTION_NS = 2_000_000_000
"""A file changed less long ago can be changed again within one tick of a coarse file system."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file as the system lists it. ``raw``: the absolute path's bytes.

    A member of an archive has the archive's size and time; its ``raw`` is the archive's, a NUL
    and the member's name.

    ``mtime_ns`` is ``None`` where it says nothing: a file that was changed a moment ago can be
    changed again within one tick of the clock.
    """

    raw: bytes
    size: int | None
    mtime_ns: int | None


class PathResolver:
    """Absolute paths of files, whose folders repeat."""

    def __init__(self) -> None:
        self._last, self._absolute = "\0", ""

    def absolute(self, path: str) -> bytes:
        folder, name = os.path.split(path)
        if folder != self._last:
            self._last, self._absolute = folder, os.path.abspath(folder)
        return os.fsencode(os.path.join(self._absolute, name))


def stat_of(item: SourceFile, folders: PathResolver) -> FileStat:
    """The entry of a file, as it is now."""
    raw = folders.absolute(item.path)
    try:
        status = os.stat(item.path)
    except (OSError, ValueError):  # reading it will say why
        return FileStat(raw, None, None)
    settled = is_mtime_reliable(status.st_mtime_ns)
    return FileStat(raw, status.st_size, status.st_mtime_ns if settled else None)


def is_mtime_reliable(mtime_ns: int) -> bool:
    """Whether a file changed at this time can be told by it from one that is changed now."""
    return time.time_ns() - mtime_ns > _MTIME_RESOLUTION_NS


def member_stat(item: SourceFile, archive: FileStat) -> FileStat:
    """The entry of an archive's member, or of the archive that came in its members' stead."""
    if item.member is None:
        return archive
    return FileStat(archive.raw + NUL + item.member.name, archive.size, archive.mtime_ns)
