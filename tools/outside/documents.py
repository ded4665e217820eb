"""Rendered text: pages, scans, slides, receipts, specimens of type."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.outside.lettering import Font, Lettering, code, japanese, prose, title, wrapped
from tools.outside.patterns import Colour, colour, gradient

PAPERS: tuple[tuple[Colour, Colour], ...] = (
    ((255, 255, 255), (0, 0, 0)),
    ((255, 255, 255), (40, 40, 40)),
    ((250, 244, 230), (50, 35, 20)),
    ((24, 26, 30), (225, 225, 225)),
    ((240, 240, 240), (20, 20, 60)),
)


def page(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A page of a book or paper: title, columns of text, at times headings and Japanese."""
    width, height = int(rng.integers(620, 900)), int(rng.integers(760, 1150))
    paper, ink = PAPERS[int(rng.choice(len(PAPERS), p=[0.5, 0.2, 0.15, 0.05, 0.1]))]
    canvas = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(canvas)
    is_japanese = rng.uniform() < 0.2
    kind = "japanese" if is_japanese else str(rng.choice(["serif", "serif", "sans", "mono"]))
    size = int(rng.integers(13, 26))
    font = fonts.font(rng, kind, size)
    margin, columns = int(rng.integers(30, 90)), int(rng.integers(1, 4 if size < 18 else 2))
    top = margin
    if rng.uniform() < 0.6:
        head = fonts.font(rng, "japanese" if is_japanese else "serif", size * 2)
        words = japanese(rng, 9) if is_japanese else title(rng)
        draw.text((margin, top), words[:28], font=head, fill=ink)
        top += size * 4
    gap = 24
    column = (width - 2 * margin - gap * (columns - 1)) // columns
    for k in range(columns):
        left = margin + k * (column + gap)
        rows = int((height - margin - top) / (size * 1.4))
        for row, line in enumerate(_lines(rng, is_japanese, font, column, rows)):
            draw.text((left, top + row * size * 1.4), line, font=font, fill=ink)
    return canvas


def scan(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A page as a scanner or a copier gives it: turned, shaded, blurred, with grain and specks."""
    flat = page(rng, fonts)
    turned = flat.rotate(
        float(rng.normal(0, 1.6)), Image.Resampling.BICUBIC, expand=False, fillcolor=(228, 226, 220)
    ).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1.1))))
    pixels = np.asarray(turned, dtype=np.float64)
    across = np.linspace(rng.uniform(0.75, 1), rng.uniform(0.85, 1), pixels.shape[1])[None, :, None]
    pixels = pixels * across + rng.normal(0, rng.uniform(2, 14), pixels.shape[:2])[:, :, None]
    specks = rng.uniform(size=pixels.shape[:2]) < 0.0004
    pixels[specks] = 60
    canvas = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return canvas.convert("L").convert("RGB") if rng.uniform() < 0.5 else canvas


def specimen(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A few large words or letters on a plain ground: posters, title cards, captions."""
    width, height = int(rng.integers(420, 800)), int(rng.integers(320, 640))
    ground = colour(rng)
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    ink = (255, 255, 255) if sum(ground) < 380 else (10, 10, 10)
    y = 20.0
    while y < height - 30:
        kind = str(rng.choice(["sans", "serif", "mono", "casual", "japanese"]))
        size = int(rng.integers(18, 110))
        words = japanese(rng, 12) if kind == "japanese" else title(rng, 4)
        draw.text((20, y), words, font=fonts.font(rng, kind, size), fill=ink)
        y += size * 1.35
    return canvas


def slide(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A slide of a talk: a title, bullet points, at times code; plain or on a gradient."""
    width, height = (800, 450) if rng.uniform() < 0.6 else (720, 540)
    dark = rng.uniform() < 0.4
    canvas = Image.new("RGB", (width, height), (28, 30, 46) if dark else (252, 252, 252))
    if rng.uniform() < 0.3:
        veil = Image.new("RGB", (width, height), (10, 10, 20) if dark else (255, 255, 255))
        canvas = Image.blend(gradient(rng).resize((width, height)), veil, 0.6)
    draw = ImageDraw.Draw(canvas)
    ink: Colour = (240, 240, 240) if dark else (30, 30, 40)
    accent = colour(rng)
    draw.rectangle((0, 0, width, 8), fill=accent)
    draw.text((40, 34), title(rng)[:26], font=fonts.font(rng, "sans", 38), fill=accent)
    if rng.uniform() < 0.35:
        font = fonts.font(rng, "mono", 15)
        draw.rectangle((40, 110, width - 40, height - 40), outline=accent)
        draw.multiline_text((52, 120), "\n".join(code(rng, 15)), font=font, fill=ink)
        return canvas
    font = fonts.font(rng, "sans", int(rng.integers(18, 30)))
    for k in range(int(rng.integers(3, 7))):
        y = 120 + k * 52
        draw.ellipse((44, y + 8, 54, y + 18), fill=accent)
        draw.text((70, y), wrapped(prose(rng, 12), font, width - 140)[0], font=font, fill=ink)
    return canvas


def receipt(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A till receipt, an invoice or a form: names and figures in rows, boxes, a bar code."""
    width, height = int(rng.integers(340, 560)), int(rng.integers(460, 820))
    canvas = Image.new("RGB", (width, height), (int(rng.integers(235, 256)),) * 3)
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, str(rng.choice(["mono", "sans"])), 17)
    head = fonts.font(rng, "sans", 26)
    draw.text((width / 2, 40), title(rng, 2)[:20], font=head, fill=(0, 0, 0), anchor="mm")
    boxed = rng.uniform() < 0.5
    for y in range(80, height - 130, 26):
        draw.text((24, y), title(rng, 3)[:22], font=font, fill=(20, 20, 20))
        figure = f"{rng.uniform(0.5, 400):.2f}"
        draw.text((width - 24, y), figure, font=font, fill=(20, 20, 20), anchor="ra")
        if boxed:
            draw.rectangle((16, y - 3, width - 16, y + 23), outline=(120, 120, 120))
    x = 30
    while x < width - 34:
        bar = int(rng.integers(1, 5))
        draw.rectangle((x, height - 100, x + bar, height - 30), fill=(0, 0, 0))
        x += bar + int(rng.integers(2, 6))
    return canvas


def upright(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Japanese letters in columns from right to left, as novels are set; no drawing."""
    width, height = int(rng.integers(420, 640)), int(rng.integers(520, 860))
    paper, ink = PAPERS[int(rng.integers(len(PAPERS)))]
    canvas = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(canvas)
    size = int(rng.integers(15, 34))
    font = fonts.font(rng, "japanese", size)
    margin = int(rng.integers(20, 70))
    for x in range(width - margin - size, margin, -int(size * 1.7)):
        depth = (height - 2 * margin) // size
        length = depth if rng.uniform() < 0.75 else int(rng.integers(2, depth))
        for k, letter in enumerate(japanese(rng, length)):
            draw.text((x, margin + k * size), letter, font=font, fill=ink)
    return canvas


def _lines(
    rng: np.random.Generator, is_japanese: bool, font: Font, width: int, rows: int
) -> list[str]:
    if is_japanese:
        size = font.size
        return [japanese(rng, max(2, int(width / size))) for _ in range(rows)]
    lines: list[str] = []
    while len(lines) < rows:
        lines += wrapped(prose(rng, int(rng.integers(30, 120))), font, width)
        lines.append("")
    return lines[:rows]
