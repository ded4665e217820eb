"""From what a program holds to what can be judged: a path, bytes, an open file, pixels."""

from __future__ import annotations

import io
import os
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.errors import EmptyFile, InputError, UnreadableFile
from tegaki.formats.unsupported import HEAD, unsupported_format
from tegaki.imaging.files import file_size, more_than, read_file, too_large
from tegaki.imaging.held import HeldPicture, lock_of


@runtime_checkable
class BinaryFile(Protocol):
    """A file that is open for reading, or anything that reads as one."""

    def read(self, size: int, /) -> bytes | None:
        """Up to so many bytes; none at the end."""


Picture = (
    str | os.PathLike[str] | os.PathLike[bytes]
    | bytes | bytearray | memoryview
    | BinaryFile
    | Image.Image
    | npt.NDArray[np.uint8]
)  # fmt: skip
"""What can be inspected. Text and path objects are paths; bytes are a file's content."""

_PATHS = (str, os.PathLike)
_BYTES = (bytes, bytearray, memoryview)
_TAKEN = (
    "a path, bytes, a binary file, a Pillow picture, or a uint8 array of height x width, "
    "height x width x 3 or height x width x 4"
)


def is_one_picture(thing: object) -> bool:
    """Whether it is something to inspect, and not several of them."""
    if isinstance(thing, np.ndarray):
        return thing.dtype == np.uint8 and thing.ndim in (2, 3)
    return isinstance(thing, (*_PATHS, *_BYTES, Image.Image, BinaryFile))


def name_of(picture: Picture) -> str:
    """A path as it is given, the name of an open file or of the file that Pillow has opened; empty
    for what has none.

    Raises:
        InputError: it is nothing that can be inspected.
    """
    if isinstance(picture, _PATHS):
        return os.fsdecode(picture)
    if isinstance(picture, (*_BYTES, np.ndarray)):
        return ""
    if isinstance(picture, Image.Image):
        return _text(getattr(picture, "filename", ""))
    if isinstance(picture, BinaryFile):
        return _text(getattr(picture, "name", ""))
    raise InputError(f"{_TAKEN} is taken, not {type(picture).__name__}")


def bytes_to_read(picture: Picture) -> int:
    """How many bytes of a file it takes to judge it; 0 where that cannot be said."""
    if isinstance(picture, _PATHS):
        return file_size(os.fsdecode(picture))
    return memoryview(picture).nbytes if isinstance(picture, _BYTES) else 0


def read_picture(picture: Picture, max_bytes: int) -> bytes | HeldPicture:
    """A file's content, or pixels.

    Args:
        picture: a binary file is read from where it stands to its end, and left open.

    Raises:
        PictureError: see :func:`tegaki.imaging.read_file`.
        InputError: it is nothing that can be inspected, a closed file or one of text.
    """
    if isinstance(picture, _PATHS):
        return read_file(os.fsdecode(picture), max_bytes)
    if isinstance(picture, _BYTES):
        size = memoryview(picture).nbytes
        if size > max_bytes:
            raise unsupported_format(_head(picture)) or too_large(size, max_bytes)
        return picture if isinstance(picture, bytes) else memoryview(picture).tobytes()
    if isinstance(picture, Image.Image | np.ndarray):
        return HeldPicture(picture)
    if isinstance(picture, BinaryFile):
        with lock_of(picture):
            return _content(picture, max_bytes)
    raise InputError(f"{_TAKEN} is taken, not {type(picture).__name__}")


def _content(file: BinaryFile, max_bytes: int) -> bytes:
    _refuse_text_and_closed(file)
    start = _position(file)
    pieces, size = [], 0
    while size <= max_bytes:
        try:
            piece = file.read(max_bytes + 1 - size)
        except Exception as problem:
            raise UnreadableFile(f"it could not be read: {problem}") from problem
        if not piece:
            break
        if not isinstance(piece, bytes | bytearray):
            raise InputError(f"a file that gives {type(piece).__name__}, not bytes")
        pieces.append(bytes(piece))
        size += len(piece)
    data = b"".join(pieces)
    if not data:
        raise EmptyFile(
            f"nothing is left to read after the first {start:,} bytes; seek to its beginning first"
            if start
            else "the file is empty"
        )
    if size > max_bytes:
        raise unsupported_format(data) or more_than(max_bytes)
    return data


def _refuse_text_and_closed(file: BinaryFile) -> None:
    if getattr(file, "closed", False) is True:
        raise InputError("the file is closed; inspect it before")
    if isinstance(file, io.TextIOBase):
        raise InputError("the file is open as text; open it in binary mode ('rb')")
    if isinstance(file, io.IOBase) and not file.readable():
        raise InputError("the file is open for writing alone; open it in binary mode ('rb')")


def _position(file: BinaryFile) -> int:
    """Where a file stands, 0 where it does not say."""
    try:
        return int(file.tell())  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - of a pipe, or of anything that only reads
        return 0


def _head(content: bytes | bytearray | memoryview) -> bytes:
    whole = content.tobytes() if isinstance(content, memoryview) else content
    return bytes(whole[:HEAD])


def _text(name: Any) -> str:
    """A name, where it is one: that of a file may be a number."""
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
