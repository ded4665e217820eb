"""Verifying Ed25519 signatures (RFC 8032, section 5.1). Nothing here holds or guards a secret.

In plain Python, so that the core needs no cryptographic library: one verification is a few
thousand multiplications modulo p. Points are extended coordinates (X, Y, Z, T) with x = X/Z,
y = Y/Z and x y = T/Z (section 5.1.4).
"""

from __future__ import annotations

import hashlib

Point = tuple[int, int, int, int]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point
D = -121665 * pow(121666, -1, P) % P
_ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
_NEUTRAL: Point = (0, 1, 1, 0)


def verify(public_key: bytes, signature: bytes, *message: bytes | memoryview) -> bool:
    """Whether a signature holds over a message, which may come in parts.

    The equation is the strict one, [S]B = R + [k]A: R is compared byte by byte, so that every
    other spelling of it is refused, as is S >= L and a key that is no point of the curve (section
    5.1.7).

    Args:
        public_key: 32 bytes.
        signature: 64 bytes, R then S.
        message: contiguous bytes; hashed as they stand, never copied.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = _decompress(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key)
    for part in message:
        digest.update(part)
    challenge = int.from_bytes(digest.digest(), "little") % L
    return _compress(_two_products(scalar, _BASE, challenge, _negative(key))) == signature[:32]


def _recover_x(y: int, odd: int) -> int | None:
    """The x of the point with this y and this parity (section 5.1.3, steps 2 to 4)."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * _ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and odd):
        return None
    return P - x if x & 1 != odd else x


def _decompress(encoded: bytes) -> Point | None:
    whole = int.from_bytes(encoded, "little")
    y, odd = whole & (2**255 - 1), whole >> 255
    x = _recover_x(y, odd) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _compress(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return P - x, y, z, P - t


def _add(first: Point, second: Point) -> Point:
    """Section 5.1.4; complete: right for any two points, equal or neutral ones too."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = 2 * D * t1 * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: Point) -> Point:
    """Section 5.1.4, the shorter formulas of doubling."""
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e = h - (x + y) * (x + y)
    g = a - b
    f = 2 * z * z + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _two_products(m: int, first: Point, n: int, second: Point) -> Point:
    """[m]first + [n]second, with one run of doublings for both (Straus, 1964)."""
    choices = (None, first, second, _add(first, second))
    total = _NEUTRAL
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        total = _double(total)
        choice = choices[(m >> bit & 1) | (n >> bit & 1) << 1]
        if choice is not None:
            total = _add(total, choice)
    return total


def _base_point() -> Point:
    y = 4 * pow(5, -1, P) % P
    x = _recover_x(y, 0)
    assert x is not None
    return x, y, 1, x * y % P


_BASE = _base_point()
