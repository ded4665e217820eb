"""Where pictures come from: files, folders, archives, URLs; and which of them are judged."""

from tegaki.sources.selection import TYPES, Selection, Selector
from tegaki.sources.walk import Found, find, is_entered, is_url

__all__ = ["TYPES", "Found", "Selection", "Selector", "find", "is_entered", "is_url"]
