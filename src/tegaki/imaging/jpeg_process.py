"""What kind of JPEG a file is, by its frame header (ITU-T T.81, B.2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from tegaki.errors import UnsupportedPicture
from tegaki.formats.jpeg import FRAMES, SOS, JpegFile

# ITU-T T.81, table B.1; T.87 for JPEG-LS.
_NAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical lossless",
    0xCB: "lossless arithmetic",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical lossless",
    0xF7: "JPEG-LS",
}
_ARITHMETIC = (0xC9, 0xCA)
_FRAMES = FRAMES | _NAMES.keys()


@dataclass(frozen=True, slots=True)
class Process:
    """``marker``: of the frame header. ``depth``: bits a sample."""

    marker: int
    depth: int

    @property
    def is_arithmetic(self) -> bool:
        """Whether its data are coded arithmetically, which libjpeg does not decode in pieces."""
        return self.marker in _ARITHMETIC

    def refuse(self) -> None:
        """Raise :class:`UnsupportedPicture` for a whole file that no decoder here takes."""
        name = _NAMES.get(self.marker)
        if name:
            raise UnsupportedPicture(f"a JPEG of a kind that is not decoded ({name})")
        if self.depth != 8:
            raise UnsupportedPicture(
                f"a JPEG with {self.depth} bits a sample, which is not decoded; save it with 8"
            )


def process_of(data: bytes, file: JpegFile) -> Process | None:
    """By the first frame header before a scan; ``None``: there is none.

    Args:
        file: the structure of ``data``.
    """
    for segment in file.segments:
        if segment.code == SOS:
            return None
        if segment.code in _FRAMES and segment.body < segment.end:
            return Process(segment.code, data[segment.body])
    return None
