"""Archives that are gone through as folders are: zip, tar, Parquet. Nothing is unpacked to disk."""

from tegaki.sources.archives.kinds import is_archive, members
from tegaki.sources.archives.member import SEPARATOR, Member
from tegaki.sources.archives.reread import Again

__all__ = ["SEPARATOR", "Again", "Member", "is_archive", "members"]
