"""From a picture's own colours to sRGB, by littleCMS.

Relative colorimetric, as Chromium and Firefox convert pictures with matrix profiles. A profile
that says nothing usable (damaged, too large, of another colour model than the samples, a device
link) is left aside, as viewers do.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

LARGEST = 4 << 20
"""Bytes of a profile; large ones, of presses, have 2.7 million."""

_MODELS = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # ICC.1:2022, table 19, and Pillow's modes
_CLASSES = frozenset(("scnr", "mntr", "prtr", "spac"))  # the same, table 18: what describes colours
_STEPS = (*range(0, 256, 32), 255)  # of each channel, to learn whether a profile is sRGB
_SRGB_WITHIN = 2  # levels of 255: profiles of sRGB differ by their makers' rounding


@dataclass(frozen=True, slots=True)
class Conversion:
    """To sRGB, of any number of pictures or bands. ``takes``: the mode that it converts from,
    ``L``, ``RGB`` or ``CMYK``. Without a transform the colours are sRGB already."""

    takes: str
    transform: ImageCms.ImageCmsTransform | None

    def apply(self, colours: Image.Image) -> Image.Image:
        """A picture of any mode without alpha, in mode ``RGB``. Every pixel of the result comes
        from the same pixel alone."""
        if self.transform is None:
            return colours if colours.mode == "RGB" else colours.convert("RGB")
        if colours.mode != self.takes:
            colours = colours.convert(self.takes)
        converted = self.transform.apply(colours)
        converted.info = {}
        return converted


def conversion_of(profile: bytes, mode: str) -> Conversion | None:
    """The conversion of samples that a file stores in one of Pillow's modes; ``None`` where the
    profile says nothing of them."""
    stored = stored_model(mode)
    if stored is None or not 0 < len(profile) <= LARGEST:
        return None
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        takes = _MODELS.get(opened.profile.xcolor_space.strip())
        if takes != stored or opened.profile.device_class not in _CLASSES:
            return None
        return _made(opened, stored)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def conversion_of_rgb(profile: bytes) -> Conversion | None:
    """The same of a profile for RGB, whatever is stored: grey is RGB of three equal samples."""
    return conversion_of(profile, "RGB")


def stored_model(mode: str) -> str | None:
    """``L``, ``RGB`` or ``CMYK``: the colour model of one of Pillow's modes."""
    if mode in ("1", "L", "LA") or mode.startswith("I;16"):
        return "L"
    return {"P": "RGB", "PA": "RGB", "RGBA": "RGB", "RGBa": "RGB", "RGBX": "RGB"}.get(
        mode, mode if mode in ("RGB", "CMYK") else None
    )


def _made(profile: ImageCms.ImageCmsProfile, takes: str) -> Conversion:
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        takes,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    found = Conversion(takes, transform)
    return Conversion(takes, None) if takes != "CMYK" and _is_srgb(found) else found


def _is_srgb(conversion: Conversion) -> bool:
    """Whether it leaves colours of all kinds where they are, but for rounding."""
    channels = len(conversion.takes)
    samples = np.array(list(itertools.product(_STEPS, repeat=channels)), np.uint8)
    before = Image.fromarray(samples.reshape(1, -1, channels).squeeze(2 if channels == 1 else ()))
    after = np.asarray(conversion.apply(before), np.int16)
    return bool(np.abs(after - np.asarray(before.convert("RGB"), np.int16)).max() <= _SRGB_WITHIN)
