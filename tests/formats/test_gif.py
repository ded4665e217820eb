"""GIF: which blocks there are, how large the picture is, and how many."""

from __future__ import annotations

import io

from hypothesis import given
from PIL import Image

from tegaki.formats.gif import walk_gif
from tests.formats.hostile import MORE, damaged, is_linear, stand_in_turn
from tests.metadata.bytes_made import gif_chain, gif_comment, gif_with, saved

ANIMATED = saved("GIF", save_all=True, append_images=MORE, duration=100)
FILES = [gif_with([gif_comment(b"hello" * 100)]), ANIMATED]


@given(damaged(FILES, b"GIF89a"))
def test_any_bytes_have_blocks_in_turn(data: bytes) -> None:
    file = walk_gif(data, 50)
    assert stand_in_turn([block[1:] for block in file.blocks], data)
    assert len(file.blocks) <= 50
    assert 0 <= file.frames - file.whole_frames <= 1
    assert (file.end is None) == bool(file.damage)


def test_work_is_linear() -> None:
    assert is_linear(walk_gif, lambda n: gif_with([gif_comment(b"")] * n))
    assert is_linear(walk_gif, lambda n: gif_with([gif_comment(bytes(255) * n)]))


def test_frames_and_size() -> None:
    assert (walk_gif(FILES[0]).frames, walk_gif(ANIMATED).frames) == (1, 3)
    assert walk_gif(ANIMATED).size == (16, 12)
    assert walk_gif(ANIMATED).end == len(ANIMATED)


def test_a_frame_that_the_file_cuts_counts() -> None:
    last = walk_gif(ANIMATED).blocks[-1]
    assert last.label == -1
    cut = walk_gif(ANIMATED[: last.end - 3])
    assert (cut.frames, cut.whole_frames, cut.end) == (3, 2, None)


def test_a_first_image_that_is_larger_than_the_screen() -> None:
    """Decoders show all of it."""
    plain = gif_with()
    small = plain[:6] + b"\4\0\3\0" + plain[10:]
    with Image.open(io.BytesIO(small)) as opened:
        assert walk_gif(small).size == opened.size == (16, 12)


def test_a_second_image_does_not_enlarge_the_picture() -> None:
    wide = b"\x2c" + bytes(4) + b"\x40\0\x40\0" + b"\0" + b"\2" + gif_chain(b"x")
    plain = gif_with()
    assert walk_gif(plain[:-1] + wide + b";").size == (16, 12)
