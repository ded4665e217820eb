"""The row: what is said of one file, the same in Python, JSON Lines, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tegaki.results.claim import Claim
from tegaki.results.parts import SHOWN, VERDICTS, CropScore, Domain, ErrorInfo, Verdict
from tegaki.results.plain import row_fields
from tegaki.utils.text import printable, safe_json

__all__ = [
    "SHOWN",
    "VERDICTS",
    "CropScore",
    "Domain",
    "ErrorInfo",
    "Measurement",
    "Result",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of one content, whatever its name and wherever the thresholds stand.

    Attributes are those of :class:`Result`; ``remarks`` are sentences on marks that make no claim.
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
    views: tuple[CropScore, ...] = ()
    claims: tuple[Claim, ...] = ()
    remarks: tuple[str, ...] = ()
    error: ErrorInfo | None = None
    outside: float | None = None
    judged_area: float | None = None
    judged_frame: int | None = None

    @property
    def domain(self) -> Domain | None:
        """See :attr:`Result.domain`."""
        if self.outside is None:
            return None
        return "outside" if self.outside > 0 else "inside"


@dataclass(frozen=True, slots=True)
class Result:
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
        thumbnail: a small JPEG of what was judged, from :meth:`tegaki.Detector.inspect` alone, for
            notebooks. It is no part of :meth:`to_dict`, and rows are equal without it.
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
    views: tuple[CropScore, ...]
    reasons: tuple[str, ...]
    claims: tuple[Claim, ...]
    error: ErrorInfo | None
    model: str
    recipe: str
    domain: Domain | None = None
    judged_area: float | None = None
    judged_frame: int | None = None
    thumbnail: bytes | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        name = printable(self.path) or "picture"
        if self.error:
            return f"{name}: {self.error.type}: {printable(self.error.message)}"
        return f"{name}: {SHOWN[self.verdict]} ({self.probability:.3f} generated)"

    def _repr_html_(self) -> str:
        """How notebooks show it."""
        from tegaki.results.notebook import html_of  # what few ask for

        return html_of(
            path=self.path,
            verdict=self.verdict,
            probability=self.probability,
            reasons=self.reasons,
            claims=self.claims,
            thumbnail=self.thumbnail,
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Result:
        """The row that :meth:`to_dict` made. Names that this version does not know are left out, so
        that rows of later versions can be read; fields that came later may be absent.

        Raises:
            ValueError: a field is missing, or is not of its type.
        """
        return cls(**row_fields(plain))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: tuples become lists."""
        plain = asdict(self)
        del plain["thumbnail"]
        plain["claims"] = [claim.to_dict() for claim in self.claims]
        plain["views"] = [view.to_dict() for view in self.views]
        plain["reasons"] = list(self.reasons)
        return plain

    def to_json(self) -> str:
        """One line of JSON Lines, without the newline; safe to print."""
        return safe_json(self.to_dict())
