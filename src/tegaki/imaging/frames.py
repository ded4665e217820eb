"""Which frame of an animation is judged, and what of it is there.

The first one that shows something: animations fade in from one colour. What no frame has drawn on
is transparent, as browsers show it; Pillow 13 fills it with a colour of the palette.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFile

from tegaki.imaging.color import to_rgb
from tegaki.imaging.crops import extremes

_MOST = 100  # frames looked at: 4 seconds at 25 a second
_MOST_PIXELS = 1 << 28  # of all of them together; two frames at least
_SHOWS = 96  # levels of 255 between darkest and lightest: faded in by a third
_WHITE = (255, 255, 255)
_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")  # several pages of a TIFF are not an animation

Box = tuple[int, int, int, int]


def load_shown(image: ImageFile.ImageFile, *, animated: bool) -> tuple[Image.Image, int]:
    """Load the frame that is judged.

    Args:
        image: at its first frame.
        animated: it has more frames than one.

    Returns:
        The frame, with alpha where frames leave something open; and its number, from 0. It is the
        first one, or the first one that shows something, or, where none does, the one with the
        most contrast.

    Raises:
        whatever the decoder raises on the first frame. A damaged later one ends the search.
    """
    drawn = _Drawn(image)
    drawn.load()
    if not animated or image.format not in _FORMATS:
        return drawn.frame(), 0
    best, most = 0, _contrast(image)
    many = min(_MOST, max(2, _MOST_PIXELS // (image.width * image.height)))
    number = 0
    while most < _SHOWS and number + 1 < many and drawn.go_on():
        number += 1
        contrast = _contrast(image)
        if contrast > most:
            best, most = number, contrast
    if most < _SHOWS or best != number:  # looked further, perhaps into damage
        drawn = _Drawn(image)
        image.seek(0)
        drawn.load()
        while drawn.at < best and drawn.go_on():
            pass
    return drawn.frame(), best


class _Drawn:
    """An animation, frame by frame, and what has been drawn on."""

    def __init__(self, image: ImageFile.ImageFile) -> None:
        self._image = image
        self._boxes: list[Box] = []
        self.at = 0

    def load(self) -> None:
        """Load the frame that the animation stands at."""
        if self._image.tile and self._image.format in ("GIF", "PNG"):
            self._boxes.append(self._image.tile[0].extents or (0, 0, *self._image.size))
        self._image.load()

    def go_on(self) -> bool:
        """Load the next frame; whether there is one."""
        try:
            self._image.seek(self.at + 1)
            self.load()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a decoder's way to say that it ends here, or is damaged
            return False
        self.at += 1
        return True

    def frame(self) -> Image.Image:
        """The loaded frame."""
        whole = (0, 0, *self._image.size)
        if not self._boxes or whole in self._boxes:
            return self._image
        drawn = Image.new("L", self._image.size, 0)
        for box in self._boxes:
            drawn.paste(255, box)
        frame = self._image.convert("RGBA")
        frame.putalpha(ImageChops.darker(frame.getchannel("A"), drawn))
        return frame


def _contrast(frame: Image.Image) -> int:
    """Levels between the darkest and the lightest sample of a channel, on white."""
    few = frame.resize((64, 64), Image.Resampling.NEAREST)
    found = _spread(to_rgb(few, _WHITE)[0])
    return found if found >= _SHOWS else _spread(to_rgb(frame, _WHITE)[0])


def _spread(picture: Image.Image) -> int:
    ranges = extremes(picture)
    return int(np.max(ranges[:, 1] - ranges[:, 0]))
