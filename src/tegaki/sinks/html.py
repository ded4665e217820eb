"""Rows as one HTML page with small pictures: nothing in it is fetched, and nothing runs."""

from __future__ import annotations

import base64
import io
import os
from html import escape
from pathlib import Path

from PIL import Image

from tegaki.errors import PictureError
from tegaki.imaging import Limits, OpenedPicture
from tegaki.results.result import SHOWN, Result
from tegaki.results.scoring_config import DecodePolicy
from tegaki.sources.archives import MemberReader
from tegaki.utils.text import printable

_SIDE = 200  # pixels of a small picture, at most
_LIMITS = Limits()
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tegaki</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1rem }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 1rem }
figure { margin: 0; border: 1px solid #8886; border-radius: 6px; padding: 8px; min-width: 0 }
.picture { height: 200px; display: grid; place-items: center; background: #8882 }
img { max-width: 100%; max-height: 200px }
figcaption { overflow-wrap: anywhere }
.name { font-size: 12px; opacity: .8 }
.generated { color: #c2185b } .drawn { color: #2e7d32 } .unsure { color: #a67c00 }
.error { color: #d32f2f }
</style></head><body>
<p>A verdict is evidence, never proof. Probability is that of <em>generated</em>.</p>
<main>
"""
_TAIL = "</main></body></html>\n"


class SheetSink:
    """A contact sheet. Pictures are read once more; those that cannot be are told by a word."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8", buffering=1)
        self._stream.write(_HEAD)
        self._again = MemberReader(_LIMITS.max_bytes)

    def write(self, result: Result) -> None:
        self._stream.write(_figure(result, self._again))

    def close(self) -> None:
        self._stream.write(_TAIL)
        self._stream.close()


def _figure(result: Result, again: MemberReader) -> str:
    probability = "" if result.probability is None else f" {result.probability:.3f}"
    reason = printable(result.reasons[0])
    return (
        f'<figure><div class="picture">{_picture(result, again)}</div><figcaption>'
        f'<strong class="{result.verdict}">{SHOWN[result.verdict]}</strong>{probability}'
        f"<br>{escape(reason)}"
        f'<br><span class="name">{escape(printable(result.path))}</span></figcaption></figure>\n'
    )


def _picture(result: Result, again: MemberReader) -> str:
    path = (
        result.path if result.path_bytes is None else os.fsdecode(bytes.fromhex(result.path_bytes))
    )
    try:
        data = _small(again.read(path))
    except (PictureError, MemoryError):
        return "no picture"
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'


def _small(data: bytes) -> bytes:
    """A JPEG of at most 200 pixels a side."""
    picture, _ = OpenedPicture(data).decode(DecodePolicy(), _LIMITS, min_side=1)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    small = io.BytesIO()
    picture.save(small, "JPEG", quality=80)
    return small.getvalue()
