"""Which files are archives, and what reads each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tegaki.errors import ArchiveBomb
from tegaki.sources.archives.member import Member
from tegaki.sources.archives.parquet import parquet_members
from tegaki.sources.archives.tar import tar_members
from tegaki.sources.archives.zip import zip_members

MOST_MEMBERS = 10_000_000

_KINDS: dict[str, Callable[[str, int], Iterator[Member]]] = {
    ".zip": zip_members,
    ".cbz": zip_members,
    ".tar": tar_members,
    ".tar.gz": tar_members,
    ".tgz": tar_members,
    ".tar.bz2": tar_members,
    ".tbz2": tar_members,
    ".tar.xz": tar_members,
    ".txz": tar_members,
    ".parquet": parquet_members,
}
_SUFFIXES = tuple(_KINDS)


def is_archive(path: str) -> bool:
    """Whether a file is looked into, by its name: the content of every file would have to be read
    to know it better, also of those that have not changed."""
    return path.lower().endswith(_SUFFIXES)


def members(path: str, max_bytes: int) -> Iterator[Member]:
    """What an archive holds, in its order; folders, hidden names and litter are left out.

    Args:
        max_bytes: members with more are refused.

    Raises:
        PictureError: the archive cannot be opened or gone through any further; what came up
            before is good.
    """
    name = path.lower()
    reader = next(read for suffix, read in _KINDS.items() if name.endswith(suffix))
    for count, member in enumerate(reader(path, max_bytes)):
        if count == MOST_MEMBERS:
            raise ArchiveBomb(f"the archive has more than {MOST_MEMBERS:,} members")
        yield member
