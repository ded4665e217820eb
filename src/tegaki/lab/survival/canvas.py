"""A page that draws a picture on a canvas and shows the canvas's own file as text."""

from __future__ import annotations

import base64
import binascii
import re

_PAGE = """<!DOCTYPE html><img id="picture" src="data:image/{source};base64,{data}">
<pre id="out"></pre><script>
const picture = document.getElementById("picture");
picture.decode().then(() => {{
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.remove();
  document.getElementById("out").textContent = canvas.toDataURL("image/{target}");
}});
</script>
"""
_OUT = re.compile(rb'<pre id="out">data:image/\w+;base64,([A-Za-z0-9+/=]+)</pre>')


def page(data: bytes, source: str, target: str) -> str:
    """HTML that shows the picture's copy as a data URL. ``source`` and ``target``: media types,
    after ``image/``. The picture stands in the page: one from a file would taint the canvas."""
    return _PAGE.format(source=source, target=target, data=base64.b64encode(data).decode())


def picture_in(printed: bytes) -> bytes:
    """The copy's bytes in what the browser prints of the page; empty where there are none."""
    found = _OUT.search(printed)
    try:
        return base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        return b""
