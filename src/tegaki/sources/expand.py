"""From files that were found to what archives among them hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from tegaki.errors import BrokenArchive, NotAPicture, PictureError, UnreadableFile
from tegaki.formats import HEAD, sniff, unsupported_format
from tegaki.imaging import open_file
from tegaki.sources.archives import SEPARATOR, members
from tegaki.sources.selection import Selector
from tegaki.sources.walk import SourceFile, is_expandable


def expand_archives(
    found: Iterable[SourceFile], max_bytes: int, select: Selector
) -> Iterator[SourceFile]:
    """Files as they are, archives as those of their members that are selected."""
    for item in found:
        if is_expandable(item):
            yield from expand(item, max_bytes, select)
        else:
            yield item


def expand(item: SourceFile, max_bytes: int, select: Selector) -> Iterator[SourceFile]:
    """The selected members of an archive; at the end the archive itself if it could not be gone
    through to its end, or if it is a picture under an archive's name."""
    came = False
    try:
        for member in members(item.path, max_bytes):
            came = True
            path = f"{item.path}{SEPARATOR}{os.fsdecode(member.name)}"
            if select.accepts(path):
                yield SourceFile(path, member=member)
    except PictureError as problem:
        head = b"" if came else _head(item.path)
        if sniff(head):
            yield item
        elif isinstance(problem, BrokenArchive) and (other := _other_format(head)):
            yield SourceFile(item.path, other)
        elif isinstance(problem, NotAPicture) and not (item.named or select.selection.all_files):
            select.count_skipped(item.path)  # a table without pictures
        else:
            yield SourceFile(item.path, problem)
    except MemoryError:
        yield SourceFile(item.path, UnreadableFile("not enough memory to read the archive"))


def _head(path: str) -> bytes:
    try:
        with open_file(path) as stream:
            return stream.read(HEAD)
    except (PictureError, OSError):
        return b""


def _other_format(head: bytes) -> PictureError | None:
    """What stands under an archive's name, where it is none that is gone through."""
    damaged = head.startswith((b"PK", b"\x1f\x8b", b"PAR1")) or head[257:262] == b"ustar"
    return None if damaged else unsupported_format(head)
