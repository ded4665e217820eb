"""Diagrams, street maps, floor plans, codes to scan, icons: flat shapes with an exact edge."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tools.outside.lettering import Lettering, title
from tools.outside.patterns import Colour, colour, palette

Box = tuple[float, float, float, float]


def flowchart(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Boxes with words, joined by straight arrows."""
    canvas, draw = _sheet(rng)
    width, height = canvas.size
    font = fonts.font(rng, "sans", int(rng.integers(13, 18)))
    ink = (30, 30, 30)
    filled = rng.uniform() < 0.6
    rows, columns = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    before: list[tuple[float, float]] = []
    for row in range(rows):
        y = (row + 0.5) * height / rows
        centres = [((c + 0.5) * width / columns, y) for c in range(columns)]
        kept = [c for c in centres if rng.uniform() < 0.8] or centres[:1]
        for x, _ in kept:
            w, h = width / columns * 0.36, height / rows * 0.28
            for px, py in before[:2]:
                _arrow(draw, (px, py + h), (x, y - h), ink)
            box = (x - w, y - h, x + w, y + h)
            _node(draw, rng, box, colour(rng) if filled else None)
            words = title(rng, 2)[:16]
            draw.text((x, y), words, font=font, fill=ink, anchor="mm", stroke_width=0)
        before = kept
    return canvas


def network(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A graph: points on a ring or at random, lines between them, names beside them."""
    canvas, draw = _sheet(rng)
    width, height = canvas.size
    font = fonts.font(rng, "sans", 14)
    count = int(rng.integers(6, 40))
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    if rng.uniform() < 0.5:
        x = width / 2 + np.cos(turns) * width * 0.4
        y = height / 2 + np.sin(turns) * height * 0.4
    else:
        x, y = rng.uniform(40, width - 40, count), rng.uniform(30, height - 30, count)
    line = colour(rng)
    for a, b in rng.integers(0, count, (int(count * rng.uniform(0.8, 3)), 2)):
        draw.line((x[a], y[a], x[b], y[b]), fill=line, width=int(rng.integers(1, 3)))
    fills = palette(rng, 4)
    for k in range(count):
        r = float(rng.uniform(4, 18))
        draw.ellipse((x[k] - r, y[k] - r, x[k] + r, y[k] + r), fills[k % 4], outline=(40, 40, 40))
        draw.text((x[k] + r, y[k]), title(rng, 1)[:9], font=font, fill=(60, 60, 60))
    return canvas


def circuit(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Wires along a grid with parts on them, as in a schematic or on a board."""
    board = rng.uniform() < 0.4
    ground: Colour = (16, 92, 48) if board else (255, 255, 255)
    ink: Colour = (214, 178, 92) if board else (20, 20, 90)
    width, height = int(rng.integers(480, 800)), int(rng.integers(380, 640))
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, "mono", 12)
    step = 24
    for _ in range(int(rng.integers(20, 70))):
        x, y = (int(rng.integers(1, n // step)) * step for n in (width, height))
        across, down = (int(rng.integers(-6, 7)) * step for _ in range(2))
        draw.line((x, y, x + across, y, x + across, y + down), fill=ink, width=2)
        kind = int(rng.integers(3))
        if kind == 0:
            draw.rectangle((x - 14, y - 6, x + 14, y + 6), fill=ground, outline=ink, width=2)
        elif kind == 1:
            draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=ground, outline=ink, width=2)
        else:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=ink)
        name = f"{rng.choice(['R', 'C', 'U', 'Q', 'D'])}{int(rng.integers(1, 99))}"
        draw.text((x + 8, y - 22), name, font=font, fill=ink)
    return canvas


def street_map(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A town from above as a map service draws it: blocks, streets, a river, parks, names."""
    width, height = int(rng.integers(480, 800)), int(rng.integers(420, 640))
    dark = rng.uniform() < 0.25
    ground: Colour = (36, 40, 48) if dark else (240, 236, 228)
    road: Colour = (70, 76, 88) if dark else (255, 255, 255)
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    for _ in range(6):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        w, h = rng.uniform(40, 200, 2)
        draw.rectangle((x, y, x + w, y + h), fill=(52, 74, 58) if dark else (204, 226, 190))
    t = np.linspace(0, 1, 60)
    river = height * (0.5 + 0.3 * np.sin(t * rng.uniform(2, 6) + rng.uniform(0, 6)))
    points = [(float(a), float(b)) for a, b in zip(t * width, river, strict=True)]
    draw.line(points, fill=(40, 70, 110) if dark else (158, 200, 236), width=40)
    slope = rng.uniform(-0.3, 0.3)
    for x in range(-200, width + 200, int(rng.integers(30, 70))):
        broad = int(rng.choice([3, 3, 5, 9]))
        draw.line((x, 0, x + slope * height, height), fill=road, width=broad)
    for y in range(-200, height + 200, int(rng.integers(30, 70))):
        fill = (248, 200, 90) if rng.uniform() < 0.15 else road
        draw.line((0, y, width, y - slope * width), fill=fill, width=int(rng.choice([3, 5, 8])))
    font = fonts.font(rng, "sans", 13)
    for _ in range(14):
        spot = (float(rng.uniform(0, width - 80)), float(rng.uniform(0, height - 20)))
        ink = (200, 200, 200) if dark else (90, 90, 90)
        draw.text(spot, title(rng, 2)[:16], font=font, fill=ink)
    return canvas


def scan_code(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A square code of modules with three corner marks, on white, with a caption at times."""
    modules = int(rng.choice([21, 25, 29, 33, 41]))
    grid = rng.uniform(size=(modules, modules)) < 0.5
    for top, left in ((0, 0), (0, modules - 7), (modules - 7, 0)):
        mark = np.zeros((8, 8), dtype=bool)
        mark[:7, :7] = True
        mark[1:6, 1:6] = False
        mark[2:5, 2:5] = True
        rows, columns = slice(max(0, top - 1), top + 7), slice(max(0, left - 1), left + 7)
        grid[rows, columns] = False
        grid[top : top + 7, left : left + 7] = mark[:7, :7]
    ink = (0, 0, 0) if rng.uniform() < 0.6 else tuple(c // 2 for c in colour(rng))
    pixels = np.where(grid[:, :, None], np.array(ink), 255).astype(np.uint8)
    block = int(rng.integers(8, 16))
    code = Image.fromarray(pixels).resize((modules * block,) * 2, Image.Resampling.NEAREST)
    border = int(rng.integers(10, 90))
    canvas = Image.new("RGB", (code.width + 2 * border, code.height + 2 * border), "white")
    canvas.paste(code, (border, border))
    if border > 40:
        font = fonts.font(rng, "sans", 22)
        spot = (canvas.width / 2, canvas.height - border / 2)
        ImageDraw.Draw(canvas).text(spot, title(rng, 2), font=font, fill=(0, 0, 0), anchor="mm")
    return canvas


def icons(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """One large sign or a grid of them: flat discs and squares with a few shapes or letters."""
    columns = int(rng.choice([1, 1, 2, 3, 4, 6]))
    rows = max(1, columns - int(rng.integers(0, 2)))
    cell = 480 // columns
    canvas = Image.new("RGB", (cell * columns, cell * rows), (255, 255, 255))
    if rng.uniform() < 0.3:
        canvas.paste(colour(rng), (0, 0, *canvas.size))
    draw = ImageDraw.Draw(canvas)
    for k in range(rows * columns):
        x, y = (k % columns + 0.5) * cell, (k // columns + 0.5) * cell
        _icon(draw, rng, (x, y, cell * 0.4), fonts)
    return canvas


def floor_plan(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Rooms with thick walls, doors, measures and names, as an architect draws them."""
    blue = rng.uniform() < 0.4
    ground, ink = ((28, 60, 130), (235, 240, 255)) if blue else ((255, 255, 255), (25, 25, 25))
    width, height = int(rng.integers(520, 820)), int(rng.integers(420, 640))
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    font = fonts.font(rng, "sans", 14)
    if blue:
        for k in range(0, max(width, height), 20):
            draw.line((k, 0, k, height), fill=(44, 78, 150))
            draw.line((0, k, width, k), fill=(44, 78, 150))
    boxes: list[Box] = [(40.0, 40.0, width - 40.0, height - 40.0)]
    for _ in range(int(rng.integers(3, 9))):
        boxes.sort(key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        x0, y0, x1, y1 = boxes.pop()
        cut = float(rng.uniform(0.35, 0.65))
        if x1 - x0 > y1 - y0:
            middle = x0 + cut * (x1 - x0)
            boxes += [(x0, y0, middle, y1), (middle, y0, x1, y1)]
        else:
            middle = y0 + cut * (y1 - y0)
            boxes += [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    for x0, y0, x1, y1 in boxes:
        draw.rectangle((x0, y0, x1, y1), outline=ink, width=5)
        draw.rectangle((x0 + 14, y1 - 3, x0 + 44, y1 + 3), fill=ground)
        draw.arc((x0 + 14 - 30, y1 - 30, x0 + 44, y1 + 30), 270, 360, fill=ink)
        size = f"{(x1 - x0) / 50:.1f} x {(y1 - y0) / 50:.1f}"
        draw.text((x0 + 10, y0 + 10), f"{title(rng, 1)[:10]}\n{size}", font=font, fill=ink)
    return canvas


def _sheet(rng: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    size = (int(rng.integers(480, 860)), int(rng.integers(400, 680)))
    grey = int(rng.integers(236, 256))
    canvas = Image.new("RGB", size, (grey, grey, grey))
    return canvas, ImageDraw.Draw(canvas)


def _arrow(
    draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], ink: Colour
) -> None:
    middle = (start[1] + end[1]) / 2
    draw.line((*start, start[0], middle, end[0], middle, *end), fill=ink, width=2)
    x, y = end
    draw.polygon(((x, y), (x - 6, y - 10), (x + 6, y - 10)), fill=ink)


def _node(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box, fill: Colour | None
) -> None:
    x0, y0, x1, y1 = box
    kind = int(rng.integers(4))
    pale = None if fill is None else tuple((c + 255) // 2 for c in fill)
    if kind == 0:
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        corners = ((x0, middle[1]), (middle[0], y0), (x1, middle[1]), (middle[0], y1))
        draw.polygon(corners, fill=pale, outline=(30, 30, 30))
    elif kind == 1:
        draw.ellipse(box, fill=pale, outline=(30, 30, 30), width=2)
    else:
        draw.rounded_rectangle(box, 10 * (kind - 2), pale, outline=(30, 30, 30), width=2)


def _icon(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    place: tuple[float, float, float],
    fonts: Lettering,
) -> None:
    x, y, r = place
    ground, ink = colour(rng), colour(rng)
    box = (x - r, y - r, x + r, y + r)
    if rng.uniform() < 0.5:
        draw.ellipse(box, fill=ground)
    else:
        draw.rounded_rectangle(box, r * rng.uniform(0, 0.5), ground)
    kind = int(rng.integers(3))
    if kind == 0:
        font = fonts.font(rng, str(rng.choice(["sans", "serif", "casual"])), max(12, int(r)))
        draw.text((x, y), title(rng, 1)[:2], font=font, fill=ink, anchor="mm")
        return
    for _ in range(int(rng.integers(1, 4))):
        dx, dy = rng.uniform(-0.3, 0.3, 2) * r
        sides, turn = int(rng.choice([3, 4, 6, 30])), float(rng.uniform(0, 360))
        circle = (float(x + dx), float(y + dy), float(r * rng.uniform(0.2, 0.6)))
        draw.regular_polygon(circle, sides, rotation=turn, fill=ink)
        ink = ground if ink != ground else colour(rng)
