"""C2PA: pictures signed on the spot, by certificates made on the spot."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from PIL import Image

c2pa = pytest.importorskip("c2pa")
pytest.importorskip("cryptography")

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: E402

TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = TYPES + "trainedAlgorithmicMedia"
MAGIC = {b"\x89P": "PNG", b"\xff\xd8": "JPEG", b"RI": "WEBP", b"II": "TIFF"}


class Chain(NamedTuple):
    """A signer: its certificate with the root's, its key, and the root, all PEM."""

    certificates: str
    key: str
    root: str


def chain(organisation: str) -> Chain:
    """A root and a signer below it, as C2PA 2.2, "Certificate Profile", wants them."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(organisation + " root")
    root = _certificate(root_name, root_name, root_key, root_key, authority=True)
    signer = _certificate(_name(organisation), root_name, key, root_key, authority=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    texts = [made.public_bytes(pem).decode() for made in (signer, root)]
    return Chain("".join(texts), secret, texts[1])


def leaf(chain: Chain) -> str:
    """The signer's own certificate."""
    return chain.certificates.removesuffix(chain.root)


def _name(organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, organisation + " signing"),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    authority: bool,
) -> x509.Certificate:
    now, day = datetime.now(UTC), timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 30 * day)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(by, hashes.SHA256())


def picture(format: str = "PNG", colour: tuple[int, int, int] = (90, 120, 200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, format)
    return out.getvalue()


def action(name: str, source: str = "", agent: str = "") -> dict[str, Any]:
    fields = {"action": name, "digitalSourceType": source, "softwareAgent": {"name": agent}}
    return {key: value for key, value in fields.items() if value and value != {"name": ""}}


FIREFLY = action("c2pa.created", TRAINED, "Adobe Firefly")


def sign(
    data: bytes,
    by: Chain,
    *actions: dict[str, Any],
    generator: str = "Some_Tool",
    ingredients: dict[str, bytes] | None = None,
    edit: bool = False,
    extra: tuple[dict[str, Any], ...] = (),
    remote: str = "",
    embed: bool = True,
) -> bytes:
    """The picture with a manifest. ``ingredients``: PNG files by relationship; ``edit``: the
    picture's own manifest becomes its parent's."""
    format = f"image/{format_of(data).lower()}"
    actions_made = {"label": "c2pa.actions.v2", "data": {"actions": list(actions)}}
    definition = {
        "claim_generator_info": [{"name": generator, "version": "1"}],
        "assertions": [*([actions_made] if actions else []), *extra],
    }
    settings = {
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    info = c2pa.C2paSignerInfo("es256", by.certificates.encode(), by.key.encode(), None)
    out = io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Signer.from_info(info) as key,
        c2pa.Builder(definition, context=context) as builder,
    ):
        for relationship, ingredient in (ingredients or {}).items():
            builder.add_ingredient(
                {"relationship": relationship}, "image/png", io.BytesIO(ingredient)
            )
        if edit:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        if remote:
            builder.set_remote_url(remote)
        if not embed:
            builder.set_no_embed()
        builder.sign(key, format, io.BytesIO(data), out)
    return out.getvalue()


def format_of(data: bytes) -> str:
    return MAGIC.get(data[:2], "GIF" if data[:3] == b"GIF" else "AVIF")
