"""A file system whose files stall: what a server that went away looks like to a program.

It speaks the kernel's FUSE protocol itself (linux/fuse.h, version 7.31), as much of it as a
program needs to list one folder and to begin to read; a read is never answered, until the
kernel takes it back because whoever asked has gone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_LOOKUP, _GETATTR, _OPEN, _READ, _INIT, _OPENDIR, _READDIR = 1, 3, 14, 15, 26, 27, 28
_INTERRUPT = 36
_NO_ANSWER = {2, 42}  # FORGET, BATCH_FORGET
_FORCE, _DETACH = 1, 2
_FOLDER, _FILE = 0o40755, 0o100644


@contextmanager
def stalling(place: Path, names: tuple[str, ...]) -> Iterator[None]:
    """Mount it at an empty folder. Every name is a file of 1,000 bytes that cannot be read."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        kernel = os.open("/dev/fuse", os.O_RDWR)
    except OSError as problem:
        pytest.skip(f"needs FUSE: {problem}")
    options = f"fd={kernel},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"stalling", os.fsencode(place), b"fuse", 0, options.encode()):
        os.close(kernel)
        pytest.skip(f"needs leave to mount: {os.strerror(ctypes.get_errno())}")
    answering = threading.Thread(target=_answer, args=(kernel, names), daemon=True)
    answering.start()
    try:
        yield
    finally:
        libc.umount2(os.fsencode(place), _FORCE)  # whoever waits for an answer gets an error
        libc.umount2(os.fsencode(place), _DETACH)
        answering.join(10)
        os.close(kernel)


def _answer(kernel: int, names: tuple[str, ...]) -> None:
    while True:
        try:
            request = os.read(kernel, 1 << 17)
        except OSError:  # unmounted
            return
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        if opcode in _NO_ANSWER or opcode == _READ:
            continue
        if opcode == _INTERRUPT:
            (unique,) = struct.unpack_from("<Q", request, 40)
            problem, data = errno.EINTR, b""
        else:
            problem, data = _reply(opcode, node, request[40:], names)
        try:
            os.write(kernel, struct.pack("<IiQ", 16 + len(data), -problem, unique) + data)
        except OSError:
            return


def _reply(opcode: int, node: int, body: bytes, names: tuple[str, ...]) -> tuple[int, bytes]:
    if opcode == _INIT:
        return 0, struct.pack("<IIIIHHIIHH8I", 7, 31, 0, 0, 8, 8, 1 << 16, 1, 0, 0, *[0] * 8)
    if opcode == _LOOKUP:
        name = os.fsdecode(body.rstrip(b"\0"))
        if name not in names:
            return errno.ENOENT, b""
        number = names.index(name) + 2
        return 0, struct.pack("<QQQQII", number, 0, 60, 60, 0, 0) + _attributes(number)
    if opcode == _GETATTR:
        return 0, struct.pack("<QII", 60, 0, 0) + _attributes(node)
    if opcode in (_OPEN, _OPENDIR):
        return 0, struct.pack("<QII", 1, 0, 0)
    if opcode == _READDIR:
        _, offset = struct.unpack_from("<QQ", body)
        return 0, b"" if offset else b"".join(map(_entry, range(2, 2 + len(names)), names))
    return errno.ENOSYS, b""


def _attributes(node: int) -> bytes:
    mode, size = (_FOLDER, 0) if node == 1 else (_FILE, 1000)
    times, parts = [0] * 3, [0] * 3
    return struct.pack("<6Q10I", node, size, 8, *times, *parts, mode, 1, 0, 0, 0, 4096, 0)


def _entry(number: int, name: str) -> bytes:
    data = os.fsencode(name)
    whole = struct.pack("<QQII", number, number, len(data), 8) + data
    return whole + bytes(-len(whole) % 8)
