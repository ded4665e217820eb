"""NovelAI's signature: proof that NovelAI made these pixels with this Comment.

Ed25519 over the RGB samples followed by the Comment as Python's ``json.dumps`` writes it
(``NovelAI/novelai-image-metadata:nai_sig.py``).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tegaki.metadata.pixels.ed25519 import verify
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.metadata.pixels.still import is_still

PUBLIC_KEY = base64.b64decode("Y2JcQAOhLwzwSDUJPNgL04nS0Tbqm7cSRc4xk0vRMic=")
_FIELD = "signed_hash"
_MOST = 4  # Comments of one file that are checked: real files have two, mostly the same

Answer = Literal["fits", "differs", "unchecked", "several", "unsigned"]
"""A Comment's signature and the pixels of its file. ``several``: the file shows more than one
picture, or may."""


class Signatures:
    """The signatures of one file. Checking one hashes every sample, so few are, and none twice.

    Args:
        picture: its samples; ``None``: no signature is to be checked.
    """

    def __init__(self, picture: StoredPicture | None) -> None:
        self._picture = picture
        self._known: dict[str, Answer] = {}

    def answer(self, comment: Mapping[str, Any]) -> Answer:
        """What the signature of a Comment says; each copy of it, in the file's texts and in its
        pixels, is asked for by itself."""
        if _FIELD not in comment:
            return "unsigned"
        text = json.dumps(comment)
        if text not in self._known:
            if len(self._known) == _MOST:
                return "unchecked"
            self._known[text] = self._checked(comment)
        return self._known[text]

    def _checked(self, comment: Mapping[str, Any]) -> Answer:
        picture = self._picture
        if picture is None:
            return "unchecked"
        if not is_still(picture.file):
            return "several"
        if picture.rgb is None:
            return "unchecked"
        fits = (
            picture.is_opaque
            and _has_its_size(comment, picture.rgb)
            and verify_signature(comment, picture.rgb)
        )
        return "fits" if fits else "differs"


def _has_its_size(comment: Mapping[str, Any], rgb: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture has the size that a Comment gives, where it gives one: the same samples
    in rows of another length are another picture, and what is signed does not tell them apart."""
    sides = zip(("height", "width"), rgb.shape[:2], strict=True)
    given = ((comment.get(name), side) for name, side in sides)
    return all(said == side for said, side in given if isinstance(said, int))


def verify_signature(
    comment: Mapping[str, Any], rgb: npt.NDArray[np.uint8], public_key: bytes = PUBLIC_KEY
) -> bool:
    """Whether a Comment's signature holds over a picture and this Comment.

    ``False`` says that pixels or Comment were changed after signing, or belong to two pictures.

    Args:
        comment: the object of the ``Comment`` text as ``json.loads`` gives it, keys in the file's
            order: NovelAI's numbers are Python's ``repr`` and so come back as they were.
        rgb: uint8 ``(height, width, 3)``, the stored samples, alpha dropped, never premultiplied
            or colour-managed.
        public_key: 32 bytes; NovelAI's own, unless a test signs with another.
    """
    signature = _decoded(comment.get(_FIELD))
    if signature is None:
        return False
    signed = {key: value for key, value in comment.items() if key != _FIELD}
    text = json.dumps(signed).encode("ascii")
    return verify(public_key, signature, np.ascontiguousarray(rgb).data.cast("B"), text)


def _decoded(signature: Any) -> bytes | None:
    if not isinstance(signature, str):
        return None
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
