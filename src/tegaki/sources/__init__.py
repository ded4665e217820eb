"""Where pictures come from: files, folders, archives, URLs; and which of them are judged."""

from tegaki.sources.selection import TYPES, Selection, Selector
from tegaki.sources.walk import SourceFile, find, is_expandable, is_url

__all__ = ["TYPES", "Selection", "Selector", "SourceFile", "find", "is_expandable", "is_url"]
