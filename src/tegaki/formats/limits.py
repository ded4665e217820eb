"""How much of one hostile file a walker lists."""

MOST_PARTS = 20_000
"""Chunks, segments, blocks, boxes or directory entries of a file, unless the caller says otherwise.
Consecutive pieces of the pixels of a PNG are one part, and so is a chain of GIF's sub-blocks."""


def too_many(most: int) -> str:
    """The sentence on what was not listed."""
    return f"Only the first {most} blocks of the file were read."
