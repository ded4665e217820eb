"""Files with one mark each, on a picture drawn by a program, and how each mark is read."""

from __future__ import annotations

import base64
import io
import json
import struct
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.formats import walk
from tegaki.lab.survival import hidden
from tegaki.lab.survival.sample import Reader, Reading, Sample
from tegaki.lab.survival.signing import Signer, ed25519, make_signer, signed
from tegaki.metadata import examine
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.metadata.pixels.signature import verify_signature
from tegaki.metadata.pixels.watermark import PAYLOADS
from tegaki.results.claim import STRENGTHS

_INFOTEXT = (
    "1girl, fox ears, autumn shrine\nNegative prompt: lowres\n"
    "Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 12345, Size: 512x512, "
    "Model hash: 0123456789, Model: test, Version: v1.10.1"
)
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    "Iptc4xmpExt:DigitalSourceType="
    '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()
_CREDIT = b"Made with Google AI"
_IPTC = b"\x1c\x02\x6e" + struct.pack(">H", len(_CREDIT)) + _CREDIT
_EXIF_DIRECTORY, _USER_COMMENT = 0x8769, 0x9286
_USED_PAYLOAD = next(payload for payload in PAYLOADS if payload.tool == "FLUX")
"""All of its bits are read in the drawn picture."""


def make_samples() -> tuple[Sample, ...]:
    """Every mark in every format that can hold it and that a tool is measured with.

    Certificates and keys are made anew each time.
    """
    signer = make_signer()
    reader = _reads_claims(signer)
    made = [Sample(mark, form, data, reader) for mark, form, data in _files(signer)]
    return (*made, _signed_by_novelai())


def _files(signer: Signer) -> list[tuple[str, str, bytes]]:
    rgb = hidden.drawn_picture()
    image = Image.fromarray(rgb)
    exif = Image.Exif()
    exif.get_ifd(_EXIF_DIRECTORY)[_USER_COMMENT] = b"ASCII\0\0\0" + _INFOTEXT.encode()
    block = exif.tobytes()
    text = PngInfo()
    text.add_text("parameters", _INFOTEXT)
    packet = PngInfo()
    packet.add_itxt("XML:com.adobe.xmp", _PACKET.decode())
    iptc = PngInfo()
    iptc.add_text("Raw profile type iptc", _raw_profile(_IPTC), zip=True)
    plain, jpeg, gif = (_saved(image, form) for form in ("PNG", "JPEG", "GIF"))
    watermarked = hidden.add_watermark(rgb, _USED_PAYLOAD.bits)
    return [
        ("PNG text", "PNG", _saved(image, "PNG", pnginfo=text)),
        ("EXIF", "PNG", _saved(image, "PNG", exif=block)),
        ("EXIF", "JPEG", _saved(image, "JPEG", exif=block)),
        ("XMP", "PNG", _saved(image, "PNG", pnginfo=packet)),
        ("XMP", "JPEG", _saved(image, "JPEG", xmp=_PACKET)),
        ("XMP", "GIF", _gif_with_xmp(gif)),
        ("IPTC", "PNG", _saved(image, "PNG", pnginfo=iptc)),
        ("IPTC", "JPEG", _jpeg_with_iptc(jpeg)),
        ("C2PA", "PNG", signed(plain, "image/png", signer)),
        ("C2PA", "JPEG", signed(jpeg, "image/jpeg", signer)),
        ("C2PA", "GIF", signed(gif, "image/gif", signer)),
        ("text in alpha", "PNG", _png_of(hidden.hide_text(rgb, _INFOTEXT, in_alpha=True))),
        ("text in RGB", "PNG", _png_of(hidden.hide_text(rgb, _INFOTEXT, in_alpha=False))),
        ("DWT-DCT watermark", "PNG", _png_of(watermarked)),
    ]


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _png_of(pixels: hidden.Pixels) -> bytes:
    return _saved(Image.fromarray(pixels), "PNG")


def _raw_profile(block: bytes) -> str:
    """As ImageMagick writes it: name, length, and hex on lines of 72."""
    digits = block.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"\niptc\n{len(block):8}\n{lines}\n"


def _jpeg_with_iptc(jpeg: bytes) -> bytes:
    """With Photoshop's resource 0x0404 in APP13, behind JFIF's segment."""
    padded = _IPTC + b"\0" * (len(_IPTC) % 2)
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(_IPTC)) + padded
    body = b"Photoshop 3.0\0" + resource
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    end = 4 + struct.unpack(">H", jpeg[4:6])[0]
    return jpeg[:end] + segment + jpeg[end:]


def _gif_with_xmp(gif: bytes) -> bytes:
    """With XMP's application extension and its magic trailer (XMP part 3, section 1.1.2)."""
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    block = b"\x21\xff\x0bXMP DataXMP" + _PACKET + trailer
    start = 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    return b"GIF89a" + gif[6:start] + block + gif[start:]


def _reads_claims(signer: Signer) -> Reader:
    def read(data: bytes) -> tuple[Reading, int]:
        claims = examine(data, trust_anchors=signer.root).claims
        if not claims:
            return None, 0
        first = claims[0]
        return (first.tool, first.kind), len(STRENGTHS) - STRENGTHS.index(first.strength)

    return read


def _signed_by_novelai() -> Sample:
    """A Comment signed as NovelAI signs it, by a test key, and read with that key."""
    rgb = hidden.drawn_picture()
    secret = ed25519.Ed25519PrivateKey.generate()
    comment: dict[str, Any] = {"prompt": "1girl", "steps": 28, "seed": 12345, "scale": 5.0}
    signature = secret.sign(rgb.tobytes() + json.dumps(comment).encode())
    comment["signed_hash"] = base64.b64encode(signature).decode()
    info = PngInfo()
    info.add_text("Software", "NovelAI")
    info.add_text("Comment", json.dumps(comment))
    data = _saved(Image.fromarray(rgb), "PNG", pnginfo=info)
    key = secret.public_key().public_bytes_raw()

    def read(data: bytes) -> tuple[Reading, int]:
        claims = [c for c in examine(data).claims if c.tool == "NovelAI"]
        verified = 2 * any(_verifies(text, data, key) for text in _comments(data))
        reading = ("NovelAI", claims[0].kind) if claims else None
        return reading, max(verified, int(bool(claims)))

    return Sample("NovelAI signature", "PNG", data, read)


def _comments(data: bytes) -> list[dict[str, Any]]:
    """Every Comment with a signature in a file's texts."""
    found = []
    for _, text in examine(data).marks.all_texts():
        start = text.find('{"prompt"')
        if start >= 0:
            try:
                comment, _ = json.JSONDecoder().raw_decode(text[start:])
            except ValueError:
                continue
            found.append(comment)
    return found


def _verifies(comment: dict[str, Any], data: bytes, key: bytes) -> bool:
    rgb = StoredPicture(data, walk(data)).rgb
    return rgb is not None and verify_signature(comment, np.ascontiguousarray(rgb), key)
