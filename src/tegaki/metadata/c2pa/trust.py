"""Certificates whose C2PA signatures count as proof, as the user gives them."""

from __future__ import annotations

import re
import ssl
from functools import lru_cache

from tegaki.errors import AnchorsError, MissingLibrary
from tegaki.metadata.c2pa import reader

_BEGIN = "-----BEGIN CERTIFICATE-----"
_CERTIFICATE = re.compile(_BEGIN + r"[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----", re.ASCII)


def checked_anchors(pem: str) -> str:
    """The certificates in a text (PEM), one after another, without what stands around them.

    They are those of authorities, all of whose signers are then trusted, or of single signers.

    Raises:
        AnchorsError: it holds no certificate, or a damaged one: the C2PA library passes over both
            in silence.
        MissingLibrary: there is nothing to read manifests with.
    """
    if not isinstance(pem, str):
        raise AnchorsError(
            f"trust anchors are a text with certificates (PEM), and this is {type(pem).__name__}"
        )
    certificates = _checked(pem)
    if not reader.available():
        raise MissingLibrary("trusting signers of C2PA manifests", reader.LIBRARY)
    return certificates


@lru_cache(maxsize=4)  # they are asked for with every file
def _checked(pem: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = []
    for number, begin in enumerate(re.finditer(_BEGIN, pem), start=1):
        whole = _CERTIFICATE.match(pem, begin.start())
        try:
            context.load_verify_locations(cadata=whole[0] if whole else "")
        except (ssl.SSLError, ValueError) as problem:
            line = pem.count("\n", 0, begin.start()) + 1
            raise AnchorsError(
                f"certificate {number} of the trust anchors, in line {line}, is damaged"
            ) from problem
        found.append(whole[0] if whole else "")
    if not found:
        raise AnchorsError(
            f"the trust anchors hold no certificate in PEM form ({_BEGIN} ...); the text of a file "
            "is wanted, not its name"
        )
    return "\n".join(found) + "\n"
