"""c2pa-python, offline. It has no build for some platforms; callers ask whether it is there.

Nothing is ever fetched: no remote manifest, no OCSP answer, no DID of an identity assertion.
"""

from __future__ import annotations

import importlib.util
import io
from typing import Any

LIBRARY = "c2pa-python"
STORE_BYTES = 64 * 1024 * 1024  # a thumbnail of every ingredient: a few MB in layered work

# Every switch of contentauth/c2pa-rs:sdk/src/settings that leads to the network.
OFFLINE: dict[str, dict[str, Any]] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {
        "allowed_network_hosts": [],
        "allow_redirects": False,
        "decode_identity_assertions": False,  # CAWG identities may name a DID to resolve
        "max_decompressed_manifest_size_in_mb": STORE_BYTES >> 20,
    },
}


def available() -> bool:
    """Whether c2pa-python is installed."""
    return importlib.util.find_spec("c2pa") is not None


def store_text(data: bytes, mime: str, trust_anchors: str | None) -> tuple[str, str]:
    """The store as JSON text, or the library's error."""
    try:
        import c2pa  # here: it takes as long to import as the rest; callers ask available()
    except (ImportError, RuntimeError) as error:  # its native library is missing or of another age
        return "", str(error)
    try:
        with (
            c2pa.Context.from_dict(OFFLINE | _trust(trust_anchors)) as context,
            c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
        ):
            return str(reader.json()), ""
    except (c2pa.C2paError, ValueError, RuntimeError, OSError) as error:
        return "", str(error).strip().rstrip(".") or type(error).__name__


def _trust(anchors: str | None) -> dict[str, Any]:
    """Each certificate as an authority's and as a signer's: the library sees which one it is.

    For time stamps, signers' own certificates do not count (C2PA 2.2, "Private Credential Store").
    """
    if anchors is None:
        return {}
    signers = {"trust_kind": "manifest", "trust_anchors": anchors, "allowed_list": anchors}
    return {"trust": {"anchors": [signers, {"trust_kind": "tsa", "trust_anchors": anchors}]}}
