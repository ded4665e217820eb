"""NovelAI's signature: proof that NovelAI made these pixels with this Comment.

Ed25519 over the RGB samples followed by the Comment as Python's ``json.dumps`` writes it
(``NovelAI/novelai-image-metadata:nai_sig.py``).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tegaki.provenance.ed25519 import verify

PUBLIC_KEY = base64.b64decode("Y2JcQAOhLwzwSDUJPNgL04nS0Tbqm7cSRc4xk0vRMic=")
_FIELD = "signed_hash"


def verify_signature(comment: Mapping[str, Any], rgb: npt.NDArray[np.uint8]) -> bool | None:
    """Whether a Comment's signature holds over a picture and this Comment.

    Each copy of the Comment, in the file's texts and in its pixels, is checked by itself.
    ``False`` says that pixels or Comment were changed after signing, or belong to two pictures.

    Args:
        comment: the object of the ``Comment`` text as ``json.loads`` gives it, keys in the file's
            order: NovelAI's numbers are Python's ``repr`` and so come back as they were.
        rgb: uint8 ``(height, width, 3)``, the stored samples, alpha dropped, never premultiplied
            or colour-managed.

    Returns:
        ``None`` where the Comment has no signature (before v3, and augmented pictures).
    """
    if _FIELD not in comment:
        return None
    signature = _decoded(comment[_FIELD])
    if signature is None:
        return False
    signed = {key: value for key, value in comment.items() if key != _FIELD}
    text = json.dumps(signed).encode("ascii")
    return verify(PUBLIC_KEY, signature, np.ascontiguousarray(rgb).data.cast("B"), text)


def _decoded(signature: Any) -> bytes | None:
    if not isinstance(signature, str):
        return None
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
