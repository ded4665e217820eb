"""Archives that are gone through as folders are: zip, tar, Parquet. Nothing is unpacked to disk."""

from tegaki.scan.archives.again import Again
from tegaki.scan.archives.kinds import is_archive, members
from tegaki.scan.archives.member import SEPARATOR, Member

__all__ = ["SEPARATOR", "Again", "Member", "is_archive", "members"]
