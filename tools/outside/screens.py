"""Screenshots of software, drawn: terminals, editors, windows, chats, tables, phones."""

from __future__ import annotations

import keyword
import re

import numpy as np
from PIL import Image, ImageDraw

from tools.outside.lettering import Font, Lettering, code, prose, title, wrapped
from tools.outside.patterns import Colour, blobs, colour, gradient

THEMES: tuple[tuple[Colour, Colour], ...] = (
    ((12, 12, 12), (204, 204, 204)),
    ((0, 43, 54), (131, 148, 150)),
    ((48, 10, 36), (238, 238, 236)),
    ((253, 246, 227), (88, 110, 117)),
    ((255, 255, 255), (20, 20, 20)),
    ((40, 42, 54), (248, 248, 242)),
    ((0, 0, 0), (51, 255, 51)),
)
# Of an editor: the ground, then plain text, keywords, strings, comments, numbers.
STYLES = (
    "272822 f8f8f2 f92672 e6db74 75715e ae81ff",
    "ffffff 000000 0000ff a31515 008000 098658",
    "282c34 abb2bf c678dd 98c379 5c6370 d19a66",
    "fdf6e3 657b83 859900 2aa198 93a1a1 d33682",
    "000000 dcdcdc ffcc00 00ff7f 808080 00bfff",
    "f6f8fa 24292e d73a49 032f62 6a737d 005cc5",
)
_TOKEN = re.compile(r"(?P<comment>#.*)|(?P<string>([\"']).*?\3)|(?P<word>\w+)|(?P<rest>\W)")


def terminal(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A shell: prompts, commands, lists of files, log lines; with or without a title bar."""
    width, height = int(rng.integers(560, 960)), int(rng.integers(380, 640))
    ground, ink = THEMES[int(rng.integers(len(THEMES)))]
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    size = int(rng.integers(12, 20))
    font = fonts.font(rng, "mono", size)
    top = 8
    if rng.uniform() < 0.6:
        _title_bar(draw, width, title(rng, 3), fonts.font(rng, "sans", 13), rng)
        top = 38
    accent = colour(rng)
    for y in range(top, height - size, int(size * 1.35)):
        if rng.uniform() < 0.2:
            draw.text((8, y), f"{title(rng, 1).lower()}@host:~$", font=font, fill=accent)
            draw.text((8 + size * 12, y), prose(rng, 3), font=font, fill=ink)
        else:
            draw.text((8, y), _output(rng), font=font, fill=ink)
    return canvas


def editor(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A code editor: a tree of files, tabs, line numbers, coloured Python."""
    width, height = int(rng.integers(640, 1000)), int(rng.integers(420, 680))
    style = [_hex(word) for word in STYLES[int(rng.integers(len(STYLES)))].split()]
    canvas = Image.new("RGB", (width, height), style[0])
    draw = ImageDraw.Draw(canvas)
    size = int(rng.integers(13, 19))
    font, small = fonts.font(rng, "mono", size), fonts.font(rng, "sans", 13)
    side: Colour = (33, 37, 43) if sum(style[0]) < 380 else (235, 235, 238)
    grey: Colour = (150, 150, 150)
    left = int(rng.integers(0, 2)) * int(rng.integers(120, 200))
    draw.rectangle((0, 0, width, 30), fill=side)
    draw.rectangle((0, 0, left, height), fill=side)
    for y in range(42, height, 24):
        draw.text((16, y), title(rng, 1).lower()[: left // 9] + ".py"[:left], font=small, fill=grey)
    draw.text((left + 20, 6), title(rng, 1).lower() + ".py", font=small, fill=grey)
    _source(draw, (left + 60, 40), height, code(rng, 60), font, style)
    draw.rectangle((0, height - 22, width, height), fill=colour(rng))
    return canvas


def desktop(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A desktop with a panel and windows: dialogs with buttons, fields, lists and sliders."""
    width, height = int(rng.integers(640, 1000)), int(rng.integers(420, 680))
    paint = blobs if rng.uniform() < 0.5 else gradient
    canvas = paint(rng).resize((width, height))
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, "sans", 14)
    for _ in range(int(rng.integers(1, 4))):
        w, h = int(rng.integers(240, width - 60)), int(rng.integers(180, height - 60))
        x, y = int(rng.integers(10, width - w)), int(rng.integers(10, height - h))
        ground: Colour = (246, 246, 246) if rng.uniform() < 0.6 else (54, 56, 60)
        window = Image.new("RGB", (w, h), ground)
        _dialog(window, _readable(ground), rng, font)
        canvas.paste(window, (x, y))
        draw.rectangle((x, y, x + w, y + h), outline=(90, 90, 90))
    draw.rectangle((0, height - 34, width, height), fill=(30, 32, 36))
    for k in range(7):
        draw.rounded_rectangle((10 + k * 40, height - 30, 36 + k * 40, height - 4), 6, colour(rng))
    clock = f"{int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}"
    draw.text((width - 60, height - 27), clock, font=font, fill=(240, 240, 240))
    return canvas


def chat(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A conversation in speech bubbles, as messengers show it."""
    width, height = int(rng.integers(380, 640)), int(rng.integers(520, 900))
    dark = rng.uniform() < 0.4
    canvas = Image.new("RGB", (width, height), (22, 24, 28) if dark else (238, 240, 244))
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, "sans", int(rng.integers(15, 20)))
    mine, theirs = colour(rng), (58, 60, 66) if dark else (255, 255, 255)
    draw.rectangle((0, 0, width, 50), fill=mine)
    draw.text((60, 14), title(rng, 2), font=font, fill=(255, 255, 255))
    y = 70
    while y < height - 60:
        lines = wrapped(prose(rng, int(rng.integers(2, 22))), font, width * 0.6)
        w, h = max(font.getlength(line) for line in lines) + 28, len(lines) * 24 + 18
        own = rng.uniform() < 0.5
        x = width - w - 16 if own else 56
        draw.rounded_rectangle((x, y, x + w, y + h), 14, mine if own else theirs)
        if not own:
            draw.ellipse((12, y, 46, y + 34), fill=colour(rng))
        ink = _readable(mine if own else theirs)
        draw.multiline_text((x + 14, y + 8), "\n".join(lines), font=font, fill=ink)
        y += h + int(rng.integers(8, 24))
    return canvas


def spreadsheet(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A table program: a toolbar, letters over columns, numbers beside rows, figures in cells."""
    width, height = int(rng.integers(640, 1000)), int(rng.integers(420, 680))
    dark = rng.uniform() < 0.25
    ground, ink = ((32, 33, 36), (220, 220, 220)) if dark else ((255, 255, 255), (20, 20, 20))
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, "sans", 14)
    bar = colour(rng)
    draw.rectangle((0, 0, width, 60), fill=bar)
    for k in range(12):
        draw.rectangle((14 + k * 34, 30, 38 + k * 34, 54), outline=_readable(bar))
    column, row = int(rng.integers(70, 130)), int(rng.integers(20, 30))
    line: Colour = (70, 70, 74) if dark else (212, 212, 212)
    for i, y in enumerate(range(60, height, row)):
        draw.line((0, y, width, y), fill=line)
        draw.text((8, y + 2), str(i) if i else "", font=font, fill=(130, 130, 130))
        for j, x in enumerate(range(40, width, column)):
            draw.line((x, 60, x, height), fill=line)
            words = chr(65 + j) if not i else _cell(rng, j)
            draw.text((x + 5, y + 2), words[: column // 8], font=font, fill=ink)
    return canvas


def phone(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A phone's screen: a status bar, cards, switches, a grid of coloured icons."""
    width, height = int(rng.integers(360, 480)), int(rng.integers(640, 900))
    dark = rng.uniform() < 0.5
    ground: Colour = (16, 16, 18) if dark else (242, 242, 247)
    card: Colour = (38, 38, 42) if dark else (255, 255, 255)
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    font, head = fonts.font(rng, "sans", 16), fonts.font(rng, "sans", 30)
    ink = _readable(ground)
    draw.text((20, 8), f"{int(rng.integers(24))}:{int(rng.integers(10, 60))}", font=font, fill=ink)
    draw.text((20, 44), title(rng, 2)[:18], font=head, fill=ink)
    if rng.uniform() < 0.5:
        for y in range(100, height - 80, 96):
            for x in range(24, width - 70, 84):
                draw.rounded_rectangle((x, y, x + 58, y + 58), 14, colour(rng))
                draw.text((x, y + 62), title(rng, 1)[:7], font=font, fill=ink)
        return canvas
    accent = colour(rng)
    for y in range(100, height - 60, 66):
        draw.rounded_rectangle((14, y, width - 14, y + 58), 12, card)
        draw.rounded_rectangle((26, y + 13, 58, y + 45), 8, colour(rng))
        draw.text((72, y + 19), title(rng, 3)[:20], font=font, fill=ink)
        draw.rounded_rectangle((width - 74, y + 17, width - 30, y + 41), 12, accent)
        draw.ellipse((width - 52, y + 19, width - 32, y + 39), fill=(255, 255, 255))
    return canvas


def _title_bar(
    draw: ImageDraw.ImageDraw, width: int, words: str, font: Font, rng: np.random.Generator
) -> None:
    draw.rectangle((0, 0, width, 30), fill=(225, 225, 225) if rng.uniform() < 0.5 else (60, 60, 60))
    draw.text((width / 2, 15), words, font=font, fill=(140, 140, 140), anchor="mm")
    for k, fill in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        draw.ellipse((10 + 20 * k, 9, 22 + 20 * k, 21), fill=fill)


def _output(rng: np.random.Generator) -> str:
    number = int(rng.integers(10**6))
    kind = int(rng.integers(4))
    if kind == 0:
        return f"-rw-r--r-- 1 user user {number:>8} {title(rng, 1).lower()}.{prose(rng, 1)[:3]}"
    if kind == 1:
        return f"[{number / 1000:10.3f}] {prose(rng, 9)}"
    if kind == 2:
        return f"{number:08x}: " + " ".join(f"{int(b):02x}" for b in rng.integers(0, 256, 16))
    return prose(rng, 11)


def _source(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    height: int,
    lines: list[str],
    font: Font,
    style: list[Colour],
) -> None:
    _, plain, keyed, quoted, grey, number = style
    left, y = corner
    for k, line in enumerate(lines, start=1):
        if y > height - 40:
            return
        draw.text((left - 40, y), str(k), font=font, fill=grey)
        x = float(left)
        for token in _TOKEN.finditer(line):
            text, fill = token.group(), plain
            if token["comment"]:
                fill = grey
            elif token["string"]:
                fill = quoted
            elif keyword.iskeyword(text):
                fill = keyed
            elif text.isdigit():
                fill = number
            draw.text((x, y), text, font=font, fill=fill)
            x += draw.textlength(text, font=font)
        y += int(font.size * 1.4)


def _dialog(window: Image.Image, ink: Colour, rng: np.random.Generator, font: Font) -> None:
    draw = ImageDraw.Draw(window)
    width, height = window.size
    accent = colour(rng)
    draw.rectangle((0, 0, width, 28), fill=accent)
    draw.text((10, 5), title(rng, 3), font=font, fill=_readable(accent))
    for y in range(44, height - 50, 34):
        draw.text((14, y), title(rng, 2)[:14], font=font, fill=ink)
        kind, x = int(rng.integers(4)), 130
        if kind == 0:
            draw.rectangle((x, y - 3, width - 16, y + 21), outline=ink)
        elif kind == 1:
            draw.line((x, y + 9, width - 20, y + 9), fill=ink, width=3)
            knob = int(rng.integers(x, max(x + 1, width - 24)))
            draw.ellipse((knob, y + 2, knob + 14, y + 16), fill=accent)
        elif kind == 2:
            draw.rectangle((x, y, x + 16, y + 16), outline=ink, fill=accent)
        else:
            draw.text((x, y), prose(rng, 5), font=font, fill=ink)
    for k in range(2):
        right = width - 14 - k * 90
        draw.rounded_rectangle((right - 78, height - 36, right, height - 10), 5, accent)


def _cell(rng: np.random.Generator, column: int) -> str:
    if column == 0:
        return title(rng, 2)
    return f"{rng.normal(0, 900):,.2f}" if rng.uniform() < 0.8 else ""


def _readable(ground: Colour) -> Colour:
    return (250, 250, 250) if sum(ground) < 400 else (20, 20, 20)


def _hex(word: str) -> Colour:
    r, g, b = bytes.fromhex(word)
    return r, g, b
