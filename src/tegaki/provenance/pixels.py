"""The stored picture, decoded when a mark in its pixels is asked for and not before."""

from __future__ import annotations

import io
from functools import cached_property
from importlib import import_module

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from tegaki.claim import Place
from tegaki.provenance.limits import Limits

_PLUGINS = {
    "PNG": "PngImagePlugin.PngImageFile",
    "JPEG": "JpegImagePlugin.JpegImageFile",
    "WEBP": "WebPImagePlugin.WebPImageFile",
    "AVIF": "AvifImagePlugin.AvifImageFile",
    "GIF": "GifImagePlugin.GifImageFile",
}
_LOSSLESS_WEBP = b"VP8L"
_RIFF_HEADER = 12  # "RIFF", size, "WEBP"
_MOST_CHUNKS = 64
_OPAQUE = 254


class StoredPicture:
    """The samples of a file as they are stored: not upright, alpha not laid on anything.

    Args:
        form: the container's name, as in :class:`tegaki.provenance.marks.Marks`.
        decoded: its samples, where the caller has decoded it already.
    """

    def __init__(
        self, data: bytes, form: str, limits: Limits, decoded: Image.Image | None = None
    ) -> None:
        self._data, self._form, self._limits, self._decoded = data, form, limits, decoded

    @property
    def place(self) -> Place:
        """All of the file: a mark in pixels has no bytes of its own."""
        return Place(f"{'WebP' if self._form == 'WEBP' else self._form} pixels", 0, len(self._data))

    @cached_property
    def lossless(self) -> bool:
        """Whether pixels come back as a generator wrote them: PNG, or WebP without loss."""
        return self._form == "PNG" or (self._form == "WEBP" and self._is_lossless_webp())

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """Width and height, or ``None`` where the header cannot be read."""
        picture = self._decoded or self._opened
        return None if picture is None else picture.size

    @cached_property
    def rgb(self) -> npt.NDArray[np.uint8] | None:
        """uint8 ``(height, width, 3)``, alpha dropped; ``None``: damaged or over the limit."""
        return None if self._rgba is None else self._rgba[:, :, :3]

    @property
    def is_colour(self) -> bool:
        """Whether it is stored as 8-bit RGB or RGBA, as generators write."""
        picture = self._decoded or self._opened
        return picture is not None and picture.mode in ("RGB", "RGBA")

    @cached_property
    def is_opaque(self) -> bool:
        """Whether alpha is 254 or 255 everywhere (the lowest bit may hold a text)."""
        rgba = self._rgba
        return rgba is not None and (rgba.shape[2] == 3 or bool((rgba[:, :, 3] >= _OPAQUE).all()))

    @cached_property
    def _rgba(self) -> npt.NDArray[np.uint8] | None:
        picture = self._decoded or self._opened
        if picture is None or picture.width * picture.height > self._limits.pixels:
            return None
        try:
            picture.load()
            if picture.mode not in ("RGB", "RGBA"):
                picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
            return np.asarray(picture)
        except Exception:  # noqa: BLE001 - whatever a decoder raises, these pixels say nothing
            return None

    @cached_property
    def _opened(self) -> ImageFile.ImageFile | None:
        if self._form not in _PLUGINS:
            return None
        module, plugin = _PLUGINS[self._form].split(".")
        try:
            kind = getattr(import_module(f"PIL.{module}"), plugin)
            opened: ImageFile.ImageFile = kind(io.BytesIO(self._data))
        except Exception:  # noqa: BLE001 - likewise
            return None
        return opened

    def _is_lossless_webp(self) -> bool:
        at = _RIFF_HEADER
        for _ in range(_MOST_CHUNKS):
            if self._data[at : at + 4] in (b"VP8 ", _LOSSLESS_WEBP, b"ANMF", b""):
                return self._data[at : at + 4] == _LOSSLESS_WEBP
            size = int.from_bytes(self._data[at + 4 : at + 8], "little")
            at += 8 + size + size % 2
        return False
