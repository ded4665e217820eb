"""What converting colours to sRGB costs.

    python -m tools.measure_color

Milliseconds of processor time on one core, the median of some runs, to decode a JPEG of 1,024 x
1,024 pixels and shrink it: without a profile, and with profiles that the program makes. Writes
docs/color.json.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageCms

from tegaki.imaging import Limits, OpenedPicture
from tegaki.imaging.color_spaces import profile_of_code_points
from tegaki.model import load_single

OUT = Path(__file__).parents[1] / "docs" / "color.json"
SIDE, RUNS = 1024, 15
DISPLAY_P3, REC_2020, SRGB_CURVE = 12, 9, 13  # ITU-T H.273, tables 2 and 3


def profiles() -> dict[str, bytes | None]:
    """ICC profiles by name."""
    return {
        "none": None,
        "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "Display P3": profile_of_code_points(DISPLAY_P3, SRGB_CURVE, full_range=True),
        "Rec. 2020": profile_of_code_points(REC_2020, SRGB_CURVE, full_range=True),
    }


def picture(profile: bytes | None) -> bytes:
    """A JPEG of soft colours."""
    coarse = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    drawn = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=90, icc_profile=profile)
    return buffer.getvalue()


def milliseconds(data: bytes) -> float:
    """Of one core, to decode and shrink as the fast model asks."""
    config, taken = load_single("fast").config, []
    for _ in range(RUNS):
        before = time.process_time()
        with OpenedPicture(data) as opened:
            opened.decode_for_crops(
                config.decode, Limits(), config.views, config.shrink, config.tiles
            )
        taken.append(1000 * (time.process_time() - before))
    return median(taken)


def main() -> None:
    found = {name: round(milliseconds(picture(profile)), 1) for name, profile in profiles().items()}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
