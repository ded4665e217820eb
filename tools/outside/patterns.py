"""Noise, textures, gradients and abstract flat patterns, all from numpy."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Pixels = npt.NDArray[np.float64]
Colour = tuple[int, int, int]
SIZES = ((480, 480), (640, 400), (400, 640), (560, 420), (720, 450), (420, 560))


def size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of a new picture."""
    return SIZES[int(rng.integers(len(SIZES)))]


def colour(rng: np.random.Generator) -> Colour:
    """A colour of any hue, saturation and brightness."""
    r, g, b = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0, 1), rng.uniform(0.1, 1))
    return int(255 * r), int(255 * g), int(255 * b)


def palette(rng: np.random.Generator, count: int) -> list[Colour]:
    """Colours to use in one picture."""
    return [colour(rng) for _ in range(count)]


def picture(pixels: Pixels) -> Image.Image:
    """RGB from values of 0 to 1, ``(height, width)`` or ``(height, width, 3)``."""
    levels = np.clip(pixels * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(levels).convert("RGB")


def through_map(values: Pixels, colours: list[Colour]) -> Image.Image:
    """Colour a field of 0 to 1 by a ramp through the colours."""
    stops = np.linspace(0, 1, len(colours))
    table = np.array(colours) / 255
    return picture(np.stack([np.interp(values, stops, table[:, c]) for c in range(3)], axis=2))


def white_noise(rng: np.random.Generator) -> Image.Image:
    """Independent pixels: grey or coloured, of several distributions, sometimes enlarged."""
    width, height = size(rng)
    block = int(rng.choice([1, 1, 2, 4, 8, 16]))
    shape = (height // block, width // block, *([3] if rng.uniform() < 0.6 else []))
    if rng.uniform() < 0.3:
        small = picture((rng.uniform(size=shape) < rng.uniform(0.05, 0.95)).astype(np.float64))
    else:
        small = picture(rng.normal(rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.5), shape))
    return small.resize((width, height), Image.Resampling.NEAREST)


def power_noise(rng: np.random.Generator) -> Image.Image:
    """Noise whose spectrum falls with a power of the frequency: clouds, marble, static."""
    width, height = size(rng)
    power = rng.uniform(0.3, 2.4)
    planes = [_power(rng, width, height, power) for _ in range(3 if rng.uniform() < 0.5 else 1)]
    if len(planes) == 3:
        return picture(np.stack(planes, axis=2))
    return through_map(planes[0], palette(rng, int(rng.integers(2, 6))))


def gradient(rng: np.random.Generator) -> Image.Image:
    """Linear, radial, conic, or between four corners; sometimes in few steps."""
    width, height = size(rng)
    x, y = _grid(width, height)
    kind = int(rng.integers(4))
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        values = x * np.cos(angle) + y * np.sin(angle)
    elif kind == 1:
        values = np.hypot(x - rng.uniform(-0.5, 0.5), y - rng.uniform(-0.5, 0.5))
    elif kind == 2:
        values = np.arctan2(y - rng.uniform(-0.4, 0.4), x - rng.uniform(-0.4, 0.4))
    else:
        corners = np.array(palette(rng, 4), dtype=np.uint8).reshape(2, 2, 3)
        return Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)
    values = _unit(values)
    if rng.uniform() < 0.25:
        steps = int(rng.integers(3, 12))
        values = np.round(values * steps) / steps
    return through_map(values, palette(rng, int(rng.integers(2, 5))))


def stripes(rng: np.random.Generator) -> Image.Image:
    """Stripes, checks, plaid and moire of straight waves."""
    width, height = size(rng)
    x, y = _grid(width, height)
    total = np.zeros_like(x)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.02, 0.3)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        total += np.sign(wave) if rng.uniform() < 0.6 else wave
    return through_map(_unit(total), palette(rng, int(rng.integers(2, 4))))


def tiles(rng: np.random.Generator) -> Image.Image:
    """One flat shape repeated on a grid, of a few colours."""
    width, height = size(rng)
    colours = palette(rng, 4)
    canvas = Image.new("RGB", (width * 2, height * 2), colours[0])
    draw = ImageDraw.Draw(canvas)
    step, sides = int(rng.integers(24, 120)), int(rng.choice([3, 4, 5, 6, 8, 40]))
    radius, turn = step * rng.uniform(0.2, 0.7), rng.uniform(0, 360)
    for row, top in enumerate(range(0, height * 2 + step, step)):
        for column, left in enumerate(range(0, width * 2 + step, step)):
            shift = step // 2 if row % 2 else 0
            fill = colours[1 + (row * 2 + column) % 3]
            draw.regular_polygon((left + shift, top, radius), sides, rotation=turn, fill=fill)
    return canvas.resize((width, height), Image.Resampling.LANCZOS)


def cells(rng: np.random.Generator) -> Image.Image:
    """Distances to random points (Worley): stone, bubbles, flat mosaics, crackle."""
    width, height = size(rng)
    x, y = _grid(width, height)
    points = rng.uniform(-1, 1, (int(rng.integers(12, 90)), 2))
    distances = np.stack([np.hypot(x - px, y - py) for px, py in points])
    first, second = np.partition(distances, 1, axis=0)[:2]
    kind = int(rng.integers(3))
    if kind == 0:
        chosen = np.array(palette(rng, len(points)))[distances.argmin(axis=0)]
        return picture(chosen / 255)
    values = _unit(first) if kind == 1 else np.clip((second - first) * 6, 0, 1)
    return through_map(values, palette(rng, int(rng.integers(2, 4))))


def fractal(rng: np.random.Generator) -> Image.Image:
    """A Julia set, coloured by the number of steps until it escapes."""
    width, height = size(rng)
    x, y = _grid(width, height)
    angle = rng.uniform(0, 2 * np.pi)
    c = 0.7885 * np.exp(1j * angle)
    z = (x + 1j * y) * rng.uniform(0.4, 1.5)
    steps = np.zeros(z.shape)
    for _ in range(60):
        alive = np.abs(z) < 4
        z = np.where(alive, z * z + c, z)
        steps += alive
    return through_map(_unit(np.sqrt(steps)), palette(rng, int(rng.integers(3, 7))))


def weave(rng: np.random.Generator) -> Image.Image:
    """Cloth, paper, brushed metal or sand: noise along one direction, lit from the side."""
    width, height = size(rng)
    grain = rng.normal(size=(height, width))
    along, across = (float(v) for v in rng.choice([0.5, 1, 2, 12, 40], 2))
    image = picture(_unit(grain)).convert("L")
    image = image.filter(ImageFilter.GaussianBlur((along, across)))
    values = _unit(np.asarray(image, dtype=np.float64))
    lit = np.clip(0.5 + 6 * np.gradient(values, axis=1) + 0.3 * (values - 0.5), 0, 1)
    return through_map(lit, palette(rng, 2))


def blobs(rng: np.random.Generator) -> Image.Image:
    """Soft spots of colour that run into each other, as on mesh-gradient wallpapers."""
    width, height = size(rng)
    x, y = _grid(width, height)
    weights = []
    colours = palette(rng, int(rng.integers(3, 7)))
    for _ in colours:
        px, py = rng.uniform(-1.1, 1.1, 2)
        weights.append(np.exp(-((x - px) ** 2 + (y - py) ** 2) / rng.uniform(0.05, 0.6)))
    share = np.stack(weights) / (np.sum(weights, axis=0) + 1e-9)
    return picture(np.einsum("khw,kc->hwc", share, np.array(colours) / 255))


def _power(rng: np.random.Generator, width: int, height: int, power: float) -> Pixels:
    fx, fy = np.fft.fftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    radius = np.hypot(fx, fy)
    radius[0, 0] = 1
    spectrum = np.fft.fft2(rng.normal(size=(height, width))) / radius**power
    return _unit(np.real(np.fft.ifft2(spectrum)))


def _unit(values: Pixels) -> Pixels:
    low, high = values.min(), values.max()
    scaled: Pixels = (values - low) / (high - low if high > low else 1)
    return scaled


def _grid(width: int, height: int) -> tuple[Pixels, Pixels]:
    scale = max(width, height) / 2
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return (x - width / 2) / scale, (y - height / 2) / scale
