"""Draws ``examples/``: small pictures, by program, that show every kind of row.

    python tools/draw_examples.py [FOLDER]

The pictures are nobody's art and no generator's: what a verdict on them says is only what such a
row looks like.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo

WIDTH, HEIGHT, FINE = 288, 360, 3  # drawn three times as large, then shrunk
Colour = tuple[int, int, int]

PARAMETERS = (
    "1girl, silver hair, looking at viewer, drawn by a small program\n"
    "Negative prompt: lowres\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 288x360, Model: none"
)


@dataclass(frozen=True)
class Look:
    """How a portrait is drawn. ``soft``: 0 = ink and flat colour, 1 = airbrush without lines."""

    seed: int
    hair: Colour
    eyes: Colour
    sky: Colour
    ground: Colour
    soft: float = 0.0
    line: int = 4


def portrait(look: Look) -> Image.Image:
    """A face, hair, eyes and shoulders on a background: RGB, 288 x 360."""
    rng = np.random.default_rng(look.seed)
    canvas = _background(look, rng)
    for layer in _figure(look, rng):
        canvas.paste(layer, mask=layer.getchannel("A"))
    small = canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return _grain(small, look, rng) if look.soft else small


def cutout(look: Look) -> Image.Image:
    """The same figure without a background: RGBA."""
    rng = np.random.default_rng(look.seed)
    _background(look, rng)
    canvas = Image.new("RGBA", (WIDTH * FINE, HEIGHT * FINE))
    for layer in _figure(look, rng):
        canvas.alpha_composite(layer)
    return canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _background(look: Look, rng: np.random.Generator) -> Image.Image:
    down = np.linspace(0, 1, HEIGHT * FINE)[:, None, None]
    colours = np.array(look.sky) * (1 - down) + np.array(look.ground) * down
    canvas = Image.fromarray(
        np.broadcast_to(colours, (HEIGHT * FINE, WIDTH * FINE, 3)).astype(np.uint8)
    )
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(26):
        x, y = rng.uniform(0, WIDTH * FINE), rng.uniform(0, HEIGHT * FINE)
        r = rng.uniform(4, 40) * FINE * (0.3 + look.soft)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, int(rng.uniform(20, 90))))
    return canvas.filter(ImageFilter.GaussianBlur(14 * look.soft)) if look.soft else canvas


def _figure(look: Look, rng: np.random.Generator) -> list[Image.Image]:
    cx, cy, r = 144.0, 150.0, 74.0
    skin, cloth = (250, 222, 205), tuple(c // 2 for c in look.eyes)
    back = _blob(cx, cy + 28, r * 1.32, r * 1.75, rng, 0.05)
    shoulders = [(30.0, 370.0), (70.0, 292.0), (122.0, 268.0), (166.0, 268.0), (220.0, 292.0)]
    face = [
        (
            cx + r * math.sin(t) * (1 - 0.24 * max(0.0, -math.cos(t)) ** 2),
            cy - r * 1.1 * math.cos(t),
        )
        for t in np.linspace(0, 2 * math.pi, 90)
    ]
    layers = [
        _shape(back, look.hair, look),
        _shape([*shoulders, (262.0, 370.0)], cloth, look),
        _shape([(124.0, 215.0), (164.0, 215.0), (168.0, 280.0), (120.0, 280.0)], skin, look),
        _shape(face, skin, look),
    ]
    for side in (-1, 1):
        layers += _eye(cx + side * 31, cy + 18, look)
    layers += [_stroke([(cx - 10, cy + 62), (cx, cy + 66), (cx + 10, cy + 62)], look)]
    layers += [_stroke([(cx + 1, cy + 38), (cx - 3, cy + 46)], look)]
    for k in range(7):
        layers.append(_shape(_lock(cx, cy, r, k, rng), look.hair, look))
    return layers


def _blob(
    cx: float, cy: float, rx: float, ry: float, rng: np.random.Generator, rough: float
) -> list[tuple[float, float]]:
    waves = rng.uniform(-rough, rough, 6)
    turns = np.linspace(0, 2 * math.pi, 120)
    radius = 1 + sum(w * np.sin((k + 2) * turns) for k, w in enumerate(waves))
    return [
        (cx + rx * s * math.sin(t), cy - ry * s * math.cos(t))
        for t, s in zip(turns, radius, strict=True)
    ]


def _lock(
    cx: float, cy: float, r: float, k: int, rng: np.random.Generator
) -> list[tuple[float, float]]:
    left = cx - r * 1.12 + k * r * 0.32
    tip = cy - rng.uniform(0, 34) + (34 if k in (0, 6) else 0)
    crown = (cx + (k - 3) * 6, cy - r * 1.32)
    return [
        crown,
        (left, cy - r * 0.5),
        (left + 12 + rng.uniform(-5, 5), tip),
        (left + r * 0.36, cy - r * 0.55),
    ]


def _eye(x: float, y: float, look: Look) -> list[Image.Image]:
    white = [(x + 19 * math.sin(t), y - 16 * math.cos(t)) for t in np.linspace(0, 6.28, 40)]
    iris = [(x + 12 * math.sin(t), y - 15 * math.cos(t)) for t in np.linspace(0, 6.28, 40)]
    pupil = [(x + 5 * math.sin(t), y - 8 * math.cos(t)) for t in np.linspace(0, 6.28, 30)]
    light = [(x - 5 + 4 * math.sin(t), y - 7 - 4 * math.cos(t)) for t in np.linspace(0, 6.28, 20)]
    lid = [(x + 21 * math.sin(t), y - 18 * math.cos(t)) for t in np.linspace(-1.2, 1.2, 20)]
    shapes = ((white, (255, 255, 255)), (iris, look.eyes), (pupil, (30, 20, 40)))
    layers = [_shape(points, colour, look) for points, colour in shapes]
    return [*layers, _shape(light, (255, 255, 255), look), _stroke(lid, look, 2.0)]


def _shape(points: list[tuple[float, float]], colour: tuple[int, ...], look: Look) -> Image.Image:
    scaled = [(x * FINE, y * FINE) for x, y in points]
    mask = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    ImageDraw.Draw(mask).polygon(scaled, fill=255)
    layer = Image.new("RGBA", mask.size, (*colour[:3], 255))
    if look.soft:  # light from above left, edges without ink
        shade = ImageChops.offset(mask.filter(ImageFilter.GaussianBlur(30)), 24, 30)
        dark = Image.new("RGBA", mask.size, (*(c * 2 // 3 for c in colour[:3]), 255))
        layer = Image.composite(layer, dark, shade)
        mask = mask.filter(ImageFilter.GaussianBlur(1 + 2 * look.soft))
    layer.putalpha(mask)
    if look.line and not look.soft:
        ImageDraw.Draw(layer).line([*scaled, scaled[0]], fill=(40, 30, 50, 255), width=look.line)
    return layer


def _stroke(points: list[tuple[float, float]], look: Look, weight: float = 1.0) -> Image.Image:
    layer = Image.new("RGBA", (WIDTH * FINE, HEIGHT * FINE))
    scaled = [(x * FINE, y * FINE) for x, y in points]
    width = max(2, int(look.line * weight * 1.5))
    ImageDraw.Draw(layer).line(scaled, fill=(60, 40, 60, 255), width=width, joint="curve")
    return layer.filter(ImageFilter.GaussianBlur(3 * look.soft)) if look.soft else layer


def _grain(picture: Image.Image, look: Look, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(picture, dtype=np.float32)
    coarse = rng.normal(0, 9 * look.soft, (HEIGHT // 4, WIDTH // 4, 3)).astype(np.float32)
    waves = np.kron(coarse, np.ones((4, 4, 1), dtype=np.float32))
    return Image.fromarray(np.clip(pixels + waves, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.8)
    )


INK = Look(1, (90, 110, 200), (60, 140, 220), (200, 225, 255), (255, 235, 240))
SUNSET = Look(5, (230, 180, 70), (70, 150, 90), (255, 190, 120), (255, 120, 120))
GREEN = Look(8, (120, 190, 120), (200, 120, 40), (230, 240, 225), (190, 220, 210))
WINK = Look(11, (60, 50, 70), (170, 60, 60), (255, 245, 200), (240, 220, 160))
ROSE = Look(2, (220, 90, 120), (200, 60, 90), (60, 40, 110), (240, 150, 170), soft=0.8)
NEON = Look(199, (10, 250, 136), (20, 131, 92), (106, 43, 14), (196, 10, 159), soft=0.46)
DAWN = Look(7, (150, 90, 60), (240, 180, 60), (255, 210, 180), (120, 150, 220), soft=1.0)


def draw_all(folder: Path) -> None:
    """Write every example, the broken ones too."""
    folder.mkdir(parents=True, exist_ok=True)
    text = PngInfo()
    text.add_text("parameters", PARAMETERS)
    portrait(INK).save(folder / "ink.png", optimize=True)
    portrait(SUNSET).save(folder / "sunset.jpg", quality=88)
    portrait(NEON).save(folder / "neon.webp", quality=86, method=6)
    portrait(DAWN).save(folder / "dawn.avif", quality=70)
    portrait(ROSE).save(folder / "rose-with-parameters.png", pnginfo=text, optimize=True)
    cutout(GREEN).save(folder / "切り抜き-cutout.png", optimize=True)
    portrait(GREEN).convert("L").save(folder / "grey.tif", compression="tiff_lzw")
    frames = [portrait(WINK).quantize(64), portrait(INK).quantize(64)]
    frames[0].save(folder / "two-frames.gif", save_all=True, append_images=frames[1:], duration=500)
    portrait(WINK).resize((48, 60)).save(folder / "too-small.png", optimize=True)
    whole = (folder / "sunset.jpg").read_bytes()
    (folder / "broken.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "not-a-picture.png").write_text("A text file whose name promises a picture.\n")


if __name__ == "__main__":
    draw_all(Path(sys.argv[1] if len(sys.argv) > 1 else "examples"))
