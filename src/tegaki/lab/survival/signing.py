"""A C2PA manifest and the certificates behind it, made for one measurement and trusted by it.

Needs the extra ``tegaki[bench]``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

try:
    import c2pa
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ModuleNotFoundError as missing:
    from tegaki.errors import MissingExtra

    raise MissingExtra("signing test pictures", "bench") from missing

__all__ = ["Signer", "ed25519", "make_signer", "signed"]

_TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_AGENT = "Adobe Firefly"
_SETTINGS = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True, slots=True)
class Signer:
    """A signer's chain of certificates and key, and the root that vouches for it; all PEM."""

    certificates: str
    key: str
    root: str


def make_signer() -> Signer:
    """A root and a signer below it, valid for a month (C2PA 2.2, "Certificate Profile")."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name("Test root")
    root = _certificate(root_name, root_key, root_name, root_key)
    leaf = _certificate(_name("Test signer"), key, root_name, root_key)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    texts = [made.public_bytes(pem).decode() for made in (leaf, root)]
    return Signer("".join(texts), secret.decode(), texts[1])


def _name(text: str) -> x509.Name:
    parts = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    return x509.Name([x509.NameAttribute(part, text) for part in parts])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    now, is_root = datetime.now(UTC), subject == issuer
    usage = x509.KeyUsage(
        digital_signature=not is_root, key_cert_sign=is_root, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )
    if not is_root:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(by, hashes.SHA256())


def signed(data: bytes, media_type: str, signer: Signer) -> bytes:
    """The picture with a manifest that says that a generator made it.

    ``media_type``: as ``image/png``.
    """
    action = {
        "action": "c2pa.created", "digitalSourceType": _TRAINED, "softwareAgent": {"name": _AGENT},
    }  # fmt: skip
    definition = {
        "claim_generator_info": [{"name": "Test", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    info = c2pa.C2paSignerInfo("es256", signer.certificates.encode(), signer.key.encode(), None)
    out = io.BytesIO()
    with (
        c2pa.Context.from_dict(_SETTINGS) as context,
        c2pa.Signer.from_info(info) as key,
        c2pa.Builder(definition, context=context) as builder,
    ):
        builder.sign(key, media_type, io.BytesIO(data), out)
    return out.getvalue()
