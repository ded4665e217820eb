"""Plain scenes in three dimensions: solids on a floor, by numpy or by POV-Ray."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tools.outside.lettering import Lettering

Array = npt.NDArray[np.float64]
MARCH, FAR, NEAR = 90, 24.0, 0.002  # steps of a ray; where it is lost; where it has hit
POV_SECONDS = 240.0
PACKAGED_SIZE = (426, 320)  # most scenes are made for 4:3
FINISHES = (
    "finish { phong 0.8 }",
    "finish { reflection 0.35 specular 0.9 }",
    "finish { ambient 0.15 diffuse 0.8 }",
    "finish { brilliance 4 metallic specular 0.7 reflection 0.2 }",
)
TEXTURES = (
    "pigment {{ rgb <{r},{g},{b}> }}",
    "pigment {{ rgb <{r},{g},{b}> }}",
    "pigment {{ checker rgb <{r},{g},{b}> rgb 0.9 scale 0.4 }}",
    "pigment {{ marble turbulence 1 color_map {{ [0 rgb <{r},{g},{b}>] [1 rgb 0.9] }} }}",
    "pigment {{ wood color_map {{ [0 rgb <0.5,0.3,0.1>] [1 rgb <{r},{g},{b}>] }} scale 0.3 }}",
    "pigment {{ granite color_map {{ [0 rgb <{r},{g},{b}>] [1 rgb 0.3] }} }}",
    "pigment {{ brick rgb 0.7 rgb <{r},{g},{b}> scale 0.12 }}",
)


def marched(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """Balls, boxes, rings and cylinders on a floor, lit by one lamp, with shadows."""
    width, height = (426, 320) if rng.uniform() < 0.7 else (320, 400)
    scene = _Scene(rng)
    origin, rays = _camera(rng, width, height)
    depth = scene.march(origin[None, :], rays)
    points = origin + rays * depth[:, None]
    normals = scene.normals(points)
    lamp = np.array([rng.uniform(-4, 4), rng.uniform(4, 8), rng.uniform(-5, 0)])
    towards = lamp - points
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    shine = np.clip((normals * towards).sum(axis=1), 0, 1)
    lit = scene.march(points + normals * 0.02, towards) > FAR - 1
    half = towards - rays
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = np.clip((half * normals).sum(axis=1), 0, 1) ** rng.uniform(8, 90) * rng.uniform(0, 0.8)
    ambient = rng.uniform(0.15, 0.4)
    light = ambient + 0.8 * shine * lit
    colours = scene.colours(points) * light[:, None] + (gloss * lit)[:, None]
    sky = scene.sky * (1 - 0.5 * np.clip(rays[:, 1:2], 0, 1))
    fog = np.clip((depth / FAR) ** 2, 0, 1)[:, None]
    colours = np.where((depth > FAR - 1)[:, None], sky, colours * (1 - fog) + sky * fog)
    levels = 255 * np.clip(colours, 0, 1) ** 0.85
    return Image.fromarray(levels.astype(np.uint8).reshape(height, width, 3))


def traced(rng: np.random.Generator, fonts: Lettering) -> Image.Image:
    """A scene for POV-Ray: solids of wood, marble, metal and glass; rooms, tables, machines.

    Raises:
        FileNotFoundError: POV-Ray is not installed.
    """
    width, height = (426, 320) if rng.uniform() < 0.6 else (320, 400)
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "scene.pov"
        scene.write_text(_pov_scene(rng), encoding="ascii")
        return _traced(scene, (width, height), 0.2)


def packaged(scene: Path) -> Image.Image:
    """A scene file that a package ships, with the files beside it.

    It is traced in a copy of its folder: some scenes write files, and POV-Ray itself keeps a
    scene from reading or writing elsewhere.

    Raises:
        FileNotFoundError: POV-Ray is not installed.
        subprocess.SubprocessError: POV-Ray cannot show the scene, or not in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(scene.parent, folder, dirs_exist_ok=True)
        return _traced(Path(folder) / scene.name, PACKAGED_SIZE, 0.3)


def _traced(scene: Path, size: tuple[int, int], smoothing: float) -> Image.Image:
    out = scene.with_name("traced.png")
    command = ["povray", f"+I{scene.name}", f"+O{out.name}", f"+W{size[0]}", f"+H{size[1]}"]
    command += ["-D", f"+A{smoothing}", "+WT1", "-GA"]
    subprocess.run(command, cwd=scene.parent, check=True, capture_output=True, timeout=POV_SECONDS)
    with Image.open(out) as image:
        return image.convert("RGB")


class _Scene:
    """Solids by their distance functions (Quilez), each with a colour; a floor with two."""

    def __init__(self, rng: np.random.Generator) -> None:
        count = int(rng.integers(2, 8))
        self.kinds = rng.integers(0, 4, count)
        self.sizes = rng.uniform(0.25, 0.8, count)
        self.centres = np.column_stack(
            [rng.uniform(-2.2, 2.2, count), self.sizes, rng.uniform(-1.2, 2.5, count)]
        )
        self.turns = rng.uniform(0, np.pi, count)
        self.paints = np.clip(rng.uniform(-0.1, 1.1, (count + 2, 3)), 0.05, 1)
        self.tile = rng.uniform(0.3, 1.2) if rng.uniform() < 0.5 else 0.0
        self.sky = rng.uniform(0.5, 1, 3) if rng.uniform() < 0.7 else rng.uniform(0, 0.2, 3)

    def distances(self, points: Array) -> Array:
        """Distance of each point to each solid and to the floor, ``(solids + 1, points)``."""
        rows = [self._solid(k, points) for k in range(len(self.kinds))]
        return np.stack([*rows, points[:, 1]])

    def march(self, origins: Array, rays: Array) -> Array:
        """How far each ray goes until it hits; ``FAR`` where it hits nothing."""
        depth = np.zeros(len(rays))
        alive = np.arange(len(rays))
        starts = np.broadcast_to(origins, rays.shape)
        for _ in range(MARCH):
            points = starts[alive] + rays[alive] * depth[alive, None]
            step = self.distances(points).min(axis=0)
            depth[alive] += step
            alive = alive[(step > NEAR) & (depth[alive] < FAR)]
            if not len(alive):
                break
        depth[alive] = np.where(depth[alive] > 6, FAR, depth[alive])
        return np.minimum(depth, FAR)

    def normals(self, points: Array) -> Array:
        """Unit normals, by differences."""
        steps = np.eye(3) * 0.003
        sides = [
            self.distances(points + s).min(axis=0) - self.distances(points - s).min(axis=0)
            for s in steps
        ]
        normal: Array = np.stack(sides, axis=1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        return normal

    def colours(self, points: Array) -> Array:
        """Colour of the nearest solid; the floor in one colour or chequered."""
        nearest = self.distances(points).argmin(axis=0)
        if self.tile:
            cells = np.floor(points[:, 0] / self.tile) + np.floor(points[:, 2] / self.tile)
            nearest = np.where(
                (nearest == len(self.kinds)) & (cells % 2 == 1), nearest + 1, nearest
            )
        painted: Array = self.paints[nearest]
        return painted

    def _solid(self, k: int, points: Array) -> Array:
        moved = points - self.centres[k]
        c, s = np.cos(self.turns[k]), np.sin(self.turns[k])
        x, y, z = c * moved[:, 0] - s * moved[:, 2], moved[:, 1], s * moved[:, 0] + c * moved[:, 2]
        size, kind = self.sizes[k], self.kinds[k]
        if kind == 0:
            distance: Array = np.sqrt(x * x + y * y + z * z) - size
        elif kind == 1:
            half = size * np.array([0.9, 0.95, 0.7])
            distance = _rounded(np.abs(np.stack([x, y, z], axis=1)) - half) - 0.04
        elif kind == 2:
            distance = np.hypot(np.hypot(x, z) - size, y + size * 0.7) - size * 0.3
        else:
            distance = _rounded(np.stack([np.hypot(x, z) - size * 0.6, np.abs(y) - size], axis=1))
        return distance


def _rounded(beyond: Array) -> Array:
    """Distance to a box, by how far points are beyond its sides."""
    distance: Array = np.linalg.norm(np.maximum(beyond, 0), axis=1)
    distance += np.minimum(beyond.max(axis=1), 0)
    return distance


def _camera(rng: np.random.Generator, width: int, height: int) -> tuple[Array, Array]:
    origin = np.array([rng.uniform(-3, 3), rng.uniform(1, 4), rng.uniform(-6.5, -4)])
    forward = np.array([0.0, 0.5, 0.5]) - origin
    forward /= np.linalg.norm(forward)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    up = np.cross(forward, right)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    scale = rng.uniform(0.5, 0.75) / (min(width, height) / 2)
    u, v = (x.ravel() - width / 2) * scale, (height / 2 - y.ravel()) * scale
    rays = forward + u[:, None] * right + v[:, None] * up
    return origin, rays / np.linalg.norm(rays, axis=1, keepdims=True)


def _pov_scene(rng: np.random.Generator) -> str:
    x, y, z = rng.uniform(-4, 4), rng.uniform(1.2, 4), rng.uniform(-7, -4.5)
    sky = rng.uniform(0.2, 1, 3)
    parts = [
        "#version 3.7; global_settings { assumed_gamma 1.0 }",
        f"camera {{ location <{x:.2f},{y:.2f},{z:.2f}> look_at <0,0.8,0> angle 50 }}",
        f"background {{ rgb <{sky[0]:.2f},{sky[1]:.2f},{sky[2]:.2f}> }}",
        f"light_source {{ <{rng.uniform(-8, 8):.1f},9,-6> rgb 1.1 }}",
        "light_source { <-3,5,-9> rgb 0.35 shadowless }",
        f"plane {{ y, 0 {_pov_texture(rng)} }}",
    ]
    if rng.uniform() < 0.4:
        parts.append(f"plane {{ z, 5 {_pov_texture(rng)} }}")
    for _ in range(int(rng.integers(3, 10))):
        a, b = rng.uniform(-2.8, 2.8), rng.uniform(-1.5, 3.5)
        solid = _pov_solid(rng)
        turn = f"rotate y*{rng.uniform(0, 360):.0f} translate <{a:.2f},0,{b:.2f}>"
        parts.append(f"{solid} {_pov_texture(rng)} {turn} }}")
    return "\n".join(parts)


def _pov_solid(rng: np.random.Generator) -> str:
    s = float(rng.uniform(0.3, 0.9))
    solids = (
        f"sphere {{ <0,{s:.2f},0>, {s:.2f}",
        f"box {{ <{-s:.2f},0,{-s * 0.7:.2f}>, <{s:.2f},{s * 1.6:.2f},{s * 0.7:.2f}>",
        f"cylinder {{ 0, <0,{s * 2:.2f},0>, {s * 0.6:.2f}",
        f"cone {{ 0, {s:.2f}, <0,{s * 2.4:.2f},0>, {s * 0.2:.2f}",
        f"torus {{ {s:.2f}, {s * 0.3:.2f} translate y*{s * 0.3:.2f}",
        f"superellipsoid {{ <0.25,0.25> scale {s:.2f} translate y*{s:.2f}",
        f"difference {{ box {{ <{-s:.2f},0,{-s:.2f}>, <{s:.2f},{2 * s:.2f},{s:.2f}> }} "
        f"sphere {{ <0,{s:.2f},0>, {s * 1.25:.2f} }}",
        f"lathe {{ cubic_spline 6, <0,-0.2>, <{s:.2f},0>, <{s * 0.5:.2f},{s:.2f}>, "
        f"<{s * 0.8:.2f},{s * 2:.2f}>, <{s * 0.3:.2f},{s * 2.4:.2f}>, <0,{s * 3:.2f}>",
    )
    return solids[int(rng.integers(len(solids)))]


def _pov_texture(rng: np.random.Generator) -> str:
    r, g, b = (f"{v:.2f}" for v in rng.uniform(0.05, 1, 3))
    pigment = TEXTURES[int(rng.integers(len(TEXTURES)))].format(r=r, g=g, b=b)
    return f"texture {{ {pigment} {FINISHES[int(rng.integers(len(FINISHES)))]} }}"
