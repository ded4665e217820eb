"""Certificates whose C2PA signatures count as proof, as the user gives them."""

from __future__ import annotations

import ssl

from tegaki.errors import AnchorsError


def checked_anchors(pem: str) -> str:
    """The text as it is, where it holds certificates: the C2PA library passes over others in
    silence.

    Raises:
        AnchorsError: it holds no certificate, or a damaged one.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError, TypeError) as problem:
        raise AnchorsError(
            "the trust anchors are no certificates in PEM form (-----BEGIN CERTIFICATE----- ...)"
        ) from problem
    return pem
