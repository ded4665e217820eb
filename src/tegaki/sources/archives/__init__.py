"""Archives that are gone through as folders are: zip, tar, Parquet. Nothing is unpacked to disk."""

from tegaki.sources.archives.kinds import is_archive, members
from tegaki.sources.archives.member import SEPARATOR, Member
from tegaki.sources.archives.reread import MemberReader

__all__ = ["SEPARATOR", "Member", "MemberReader", "is_archive", "members"]
