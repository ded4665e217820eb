"""The row: what is said of one file, the same in Python, JSON Lines, CSV and Parquet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tegaki.results.claim import Claim
from tegaki.utils.text import safe_json

Verdict = Literal["drawn", "generated", "unsure", "error"]
Domain = Literal["inside", "outside"]
VERDICTS: tuple[Verdict, ...] = ("drawn", "generated", "unsure", "error")
SHOWN: dict[Verdict, str] = {
    "drawn": "likely drawn",
    "generated": "likely generated",
    "unsure": "not sure",
    "error": "error",
}
"""How a verdict is shown to people."""


@dataclass(frozen=True, slots=True)
class ViewScore:
    """The logit of one named view; positive leans to *generated*.

    ``box``: the tile of a long picture that it is of: left, upper, right and lower edge, in pixels
    of the upright picture; ``None`` for the views of all others.
    """

    name: str
    logit: float
    box: tuple[int, int, int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; without a box it has no key."""
        plain: dict[str, Any] = {"name": self.name, "logit": self.logit}
        return plain if self.box is None else plain | {"box": list(self.box)}


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a file could not be judged: the name of a :class:`tegaki.errors.PictureError`."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured of one content, whatever its name and wherever the thresholds stand.

    Attributes are those of :class:`Row`; ``remarks`` are sentences on marks that make no claim.
    ``views`` is empty exactly when ``error`` is set. ``outside``: a logit, above zero for a picture
    of a kind that the model does not judge; ``None`` where it did not say.
    """

    sha256: str | None
    size_bytes: int | None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    alpha: bool | None = None
    animated: bool | None = None
    views: tuple[ViewScore, ...] = ()
    claims: tuple[Claim, ...] = ()
    remarks: tuple[str, ...] = ()
    error: RowError | None = None
    outside: float | None = None
    judged_area: float | None = None
    judged_frame: int | None = None

    @property
    def domain(self) -> Domain | None:
        """See :attr:`Row.domain`."""
        if self.outside is None:
            return None
        return "outside" if self.outside > 0 else "inside"


@dataclass(frozen=True, slots=True)
class Row:
    """One file. Names are fixed; what is unknown is ``None``.

    Attributes:
        path: as given; bytes that are not UTF-8 are shown as ``\\xNN``.
        path_bytes: hexadecimal bytes of such a name, else ``None``.
        sha256: of the file's bytes, 64 hex digits.
        size_bytes: the file's size.
        format: ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP``, ``TIFF`` or ``AVIF``, by content.
        width, height: in pixels, as shown (EXIF orientation applied).
        alpha: some pixel is not opaque. animated: more frames or pages than one.
        verdict: ``drawn``, ``generated``, ``unsure`` or ``error``.
        probability: of *generated*, 0-1, calibrated. logit: mean over views.
        views: every view's logit; of a long picture those of every tile.
        domain: ``outside`` for photographs, screenshots, text and the like, which are not judged;
            ``inside`` for drawn and generated pictures; ``None`` where the model does not say.
        reasons: plain sentences.
        claims: what the file says of itself, what decides first.
        error: set exactly when ``verdict`` is ``error``.
        model: bundle id. recipe: hash of everything that moves a score.
        judged_area: share of the picture that was looked at, 0-1.
        judged_frame: of an animated one, which frame was judged, from 1.
    """

    path: str
    path_bytes: str | None
    sha256: str | None
    size_bytes: int | None
    format: str | None
    width: int | None
    height: int | None
    alpha: bool | None
    animated: bool | None
    verdict: Verdict
    probability: float | None
    logit: float | None
    views: tuple[ViewScore, ...]
    reasons: tuple[str, ...]
    claims: tuple[Claim, ...]
    error: RowError | None
    model: str
    recipe: str
    domain: Domain | None = None
    judged_area: float | None = None
    judged_frame: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: tuples become lists."""
        plain = asdict(self)
        plain["claims"] = [claim.to_dict() for claim in self.claims]
        plain["views"] = [view.to_dict() for view in self.views]
        plain["reasons"] = list(self.reasons)
        return plain

    def to_json(self) -> str:
        """One line of JSON Lines, without the newline; safe to print."""
        return safe_json(self.to_dict())
