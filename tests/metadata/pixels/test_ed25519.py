"""Ed25519 against the vectors of RFC 8032, against itself altered, and against ``cryptography``."""

from __future__ import annotations

import hashlib

import pytest

from tegaki.metadata.pixels.ed25519 import L, P, verify

# RFC 8032, section 7.1: public key, message, signature; the last message is SHA-512 of "abc"
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(part) for part in VECTORS["TEST 3"])


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc_hold(name: str) -> None:
    key, message, signature = (bytes.fromhex(part) for part in VECTORS[name])
    assert verify(key, signature, message)
    assert not verify(key, signature, message + b"\0")


def test_a_message_may_come_in_parts() -> None:
    assert verify(KEY, SIGNATURE, MESSAGE[:1], memoryview(MESSAGE)[1:])
    assert not verify(KEY, SIGNATURE, MESSAGE[1:], MESSAGE[:1])


@pytest.mark.parametrize("bit", range(0, 512, 7))
def test_any_changed_bit_of_the_signature_is_refused(bit: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[bit // 8] ^= 1 << bit % 8
    assert not verify(KEY, bytes(changed), MESSAGE)


def test_a_second_spelling_of_s_is_refused() -> None:
    scalar = int.from_bytes(SIGNATURE[32:], "little") + L
    assert not verify(KEY, SIGNATURE[:32] + scalar.to_bytes(32, "little"), MESSAGE)


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("y = 2 is on no point", (2).to_bytes(32, "little")),
        ("y = p + 1 is a second spelling of 1", (P + 1).to_bytes(32, "little")),
        ("x = 0 has no odd spelling", (1 | 1 << 255).to_bytes(32, "little")),
        ("too short", KEY[:31]),
        ("too long", KEY + b"\0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_key_is_refused(case: str, key: bytes) -> None:
    assert not verify(key, SIGNATURE, MESSAGE), case


@pytest.mark.parametrize("r", [(2).to_bytes(32, "little"), (P + 1).to_bytes(32, "little")])
def test_an_r_that_is_no_canonical_point_is_refused(r: bytes) -> None:
    """With the neutral point as key and S = 0 the equation asks for R = neutral, spelt 1."""
    neutral = (1).to_bytes(32, "little")
    assert verify(neutral, neutral + bytes(32), MESSAGE)
    assert not verify(neutral, r + bytes(32), MESSAGE)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert not verify(KEY, (SIGNATURE + b"\0")[:length], MESSAGE)


def test_it_agrees_with_the_cryptography_package() -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    for seed in range(20):
        secret = ed25519.Ed25519PrivateKey.from_private_bytes(
            hashlib.sha256(bytes([seed])).digest()
        )
        message = hashlib.shake_128(bytes([seed])).digest(seed * 37)
        key, signature = secret.public_key().public_bytes_raw(), secret.sign(message)
        assert verify(key, signature, message)
        assert not verify(key, signature, message + b"!")
