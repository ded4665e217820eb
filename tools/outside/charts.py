"""Plots by matplotlib: kinds, styles and sizes drawn by lot."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib as mpl
import matplotlib.style as mpl_style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from tools.outside.lettering import Lettering, title

STYLES = ("default", "classic", "ggplot", "dark_background", "bmh", "seaborn-v0_8-whitegrid")
STYLES_TOO = ("fivethirtyeight", "grayscale", "Solarize_Light2", "seaborn-v0_8-dark", "fast")
MAPS = ("viridis", "plasma", "magma", "coolwarm", "Greys", "jet", "terrain", "Spectral")
Kind = Callable[[Axes, np.random.Generator], None]


def chart(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Lines, bars, points, histograms: one to four axes."""
    return _figure(rng, (_lines, _bars, _points, _histogram, _areas), STYLES)


def field(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Heat maps, contours, boxes, pies, streams, polar curves: one to four axes."""
    return _figure(rng, (_heat, _contours, _boxes, _pie, _stream, _steps), STYLES_TOO)


def surface(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Surfaces, wire frames, bars and points in three dimensions."""
    figure = Figure(figsize=(rng.uniform(4, 7), rng.uniform(4, 6)), dpi=100)
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(np.linspace(-3, 3, 40), np.linspace(-3, 3, 40))
    a, b, c = rng.uniform(0.4, 2, 3)
    z = np.sin(a * x + b) * np.cos(c * y) * np.exp(-(x**2 + y**2) / rng.uniform(4, 30))
    cmap = str(rng.choice(MAPS))
    kind = int(rng.integers(4))
    if kind == 0:
        axes.plot_surface(x, y, z, cmap=cmap)
    elif kind == 1:
        axes.plot_wireframe(x, y, z, color=rng.uniform(0, 0.8, 3), linewidth=0.6)
    elif kind == 2:
        axes.scatter(*rng.normal(size=(3, 150)), c=rng.uniform(size=150), cmap=cmap)
    else:
        k = np.arange(36)
        height = rng.uniform(0.2, 3, 36)
        axes.bar3d(k % 6, k // 6, 0 * k, 0.7, 0.7, height, color=mpl.colormaps[cmap](height / 3))
    axes.view_init(rng.uniform(10, 60), rng.uniform(0, 360))
    return _rendered(figure)


def _figure(
    rng: np.random.Generator, kinds: tuple[Kind, ...], styles: tuple[str, ...]
) -> Image.Image:
    with mpl_style.context(str(rng.choice(styles))):
        figure = Figure(figsize=(rng.uniform(4.5, 9), rng.uniform(4, 6.5)), dpi=100)
        rows, columns = ((1, 1), (1, 1), (1, 2), (2, 1), (2, 2))[int(rng.integers(5))]
        for k in range(rows * columns):
            axes = figure.add_subplot(rows, columns, k + 1)
            kinds[int(rng.integers(len(kinds)))](axes, rng)
            if rng.uniform() < 0.7:
                axes.set_title(_words(rng))
            if rng.uniform() < 0.6:
                axes.set_xlabel(_words(rng))
                axes.set_ylabel(_words(rng))
            axes.grid(rng.uniform() < 0.4)
        return _rendered(figure)


def _rendered(figure: Figure) -> Image.Image:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    with Image.open(buffer) as image:
        return image.convert("RGB")


def _words(rng: np.random.Generator) -> str:
    return title(rng, 3).replace("$", "").replace("_", " ").replace("\\", "")[:24]


def _colour(rng: np.random.Generator) -> tuple[float, float, float]:
    r, g, b = rng.uniform(size=3)
    return float(r), float(g), float(b)


def _lines(axes: Axes, rng: np.random.Generator) -> None:
    x = np.linspace(0, 10, int(rng.integers(20, 300)))
    for _ in range(int(rng.integers(1, 7))):
        y = (
            np.cumsum(rng.normal(size=len(x)))
            if rng.uniform() < 0.6
            else np.sin(x * rng.uniform(0.5, 3))
        )
        axes.plot(x, y, str(rng.choice(["-", "--", ":", "o-", "-."])), label=_words(rng))
    if rng.uniform() < 0.5:
        axes.legend()


def _bars(axes: Axes, rng: np.random.Generator) -> None:
    count = int(rng.integers(3, 14))
    paint = axes.bar if rng.uniform() < 0.6 else axes.barh
    for k in range(int(rng.integers(1, 4))):
        paint(np.arange(count) + k * 0.27, rng.uniform(1, 9, count), 0.26)


def _points(axes: Axes, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.normal(rng.uniform(-3, 3), rng.uniform(0.3, 2), (2, int(rng.integers(20, 300))))
        axes.scatter(x, y + x * rng.uniform(-1, 1), s=float(rng.uniform(5, 60)), alpha=0.6)


def _histogram(axes: Axes, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        axes.hist(rng.gamma(rng.uniform(1, 6), size=800), bins=int(rng.integers(8, 60)), alpha=0.7)


def _areas(axes: Axes, rng: np.random.Generator) -> None:
    x = np.arange(40)
    axes.stackplot(x, np.abs(np.cumsum(rng.normal(size=(4, 40)), axis=1)) + 1)


def _heat(axes: Axes, rng: np.random.Generator) -> None:
    rows, columns = rng.integers(4, 30, 2)
    cmap = str(rng.choice(MAPS))
    drawn = axes.imshow(rng.normal(size=(int(rows), int(columns))), cmap=cmap, aspect="auto")
    if rng.uniform() < 0.6:
        axes.figure.colorbar(drawn, ax=axes)


def _contours(axes: Axes, rng: np.random.Generator) -> None:
    x, y = np.meshgrid(np.linspace(-3, 3, 80), np.linspace(-3, 3, 80))
    z = sum(
        h * np.exp(-((x - px) ** 2 + (y - py) ** 2)) for px, py, h in rng.uniform(-2, 2, (6, 3))
    )
    paint = axes.contourf if rng.uniform() < 0.5 else axes.contour
    paint(x, y, z, int(rng.integers(5, 20)), cmap=str(rng.choice(MAPS)))


def _boxes(axes: Axes, rng: np.random.Generator) -> None:
    data = [rng.normal(rng.uniform(-2, 2), rng.uniform(0.5, 2), 80) for _ in range(6)]
    if rng.uniform() < 0.5:
        axes.boxplot(data)
    else:
        axes.violinplot(data)


def _pie(axes: Axes, rng: np.random.Generator) -> None:
    shares = rng.uniform(1, 6, int(rng.integers(3, 8)))
    axes.pie(
        shares, labels=[_words(rng)[:10] for _ in shares], colors=[_colour(rng) for _ in shares]
    )


def _stream(axes: Axes, rng: np.random.Generator) -> None:
    y, x = np.mgrid[-3:3:30j, -3:3:30j]
    a, b = rng.uniform(-1, 1, 2)
    axes.streamplot(x, y, -a + y**2 - x, b + x - y**2, color=_colour(rng))


def _steps(axes: Axes, rng: np.random.Generator) -> None:
    for _ in range(3):
        axes.step(np.arange(25), np.cumsum(rng.integers(-2, 4, 25)), color=_colour(rng))
    axes.fill_between(np.arange(25), rng.uniform(0, 9, 25), alpha=0.3, color=_colour(rng))
