"""Whatever stands at a path becomes a typed row."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegaki import Detector, Limits
from tests.conftest import painting

NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read everything: be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def let_others_in(folder: Path) -> None:
    """Folders of tests are the user's alone."""
    for above in (folder, *folder.parents):
        if above.stat().st_mode & 0o077 == 0 and above.owner() == folder.owner():
            above.chmod(0o755)


def error_of(detector: Detector, path: Path | str) -> str:
    row = detector.inspect(path)
    assert row.verdict == "error"
    assert row.error is not None
    assert row.probability is None
    assert row.logit is None
    assert row.views == ()
    assert row.reasons == (f"Cannot be judged: {row.error.message}.",)
    assert row.error.message
    return row.error.type


def test_missing_file(detector: Detector, tmp_path: Path) -> None:
    assert error_of(detector, tmp_path / "no.png") == "FileNotFound"
    (tmp_path / "file.png").write_bytes(b"x")
    assert error_of(detector, tmp_path / "file.png" / "inside.png") == "FileNotFound"


def test_a_name_that_no_file_can_have(detector: Detector) -> None:
    assert error_of(detector, "a\0b.png") == "FileNotFound"
    assert error_of(detector, "\ud800.png") == "FileNotFound"


def test_a_name_too_long_for_the_system(detector: Detector) -> None:
    assert error_of(detector, "x" * 5000) == "UnreadableFile"


def test_broken_symlink(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    row = detector.inspect(tmp_path / "link.png")
    assert row.error is not None
    assert row.error.type == "FileNotFound"
    assert row.error.message == "a symlink to something that does not exist"


def test_symlink_loop(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    assert error_of(detector, tmp_path / "a.png") == "SymlinkLoop"


def test_folder_named_like_a_picture(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    assert error_of(detector, tmp_path / "x.png") == "IsAFolder"


def test_nothing_stays_open(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for name in ("x.png", "pipe.png", "missing.png") * 10:
        assert detector.inspect(tmp_path / name).error
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_pipe_keeps_what_was_written_to_it(detector: Detector, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    reader = os.open(tmp_path / "pipe.png", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(tmp_path / "pipe.png", os.O_WRONLY)
    os.write(writer, b"precious")
    assert error_of(detector, tmp_path / "pipe.png") == "NotARegularFile"
    assert os.read(reader, 100) == b"precious"
    os.close(writer)
    os.close(reader)


def test_any_byte_limit_can_be_given(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.png")
    assert Detector.load(limits=Limits(max_bytes=2**70)).inspect(tmp_path / "a.png").error is None


def test_the_extension_is_never_trusted(detector: Detector, tmp_path: Path) -> None:
    painting().save(tmp_path / "a.webp")
    (tmp_path / "a.webp").rename(tmp_path / "a.jpg")
    assert detector.inspect(tmp_path / "a.jpg").format == "WEBP"


def test_fifo_is_not_waited_for(detector: Detector, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert error_of(detector, tmp_path / "pipe.png") == "NotARegularFile"


def test_socket_and_device(detector: Detector, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.png"))
        assert stat.S_ISSOCK((tmp_path / "s.png").stat().st_mode)
        assert error_of(detector, tmp_path / "s.png") == "NotARegularFile"
    assert error_of(detector, "/dev/zero") == "NotARegularFile"


def test_missing_permission(detector: Detector, tmp_path: Path) -> None:
    let_others_in(tmp_path)
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    with without_privileges():
        assert error_of(detector, path) == "PermissionDenied"


def test_empty_file(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    row = detector.inspect(tmp_path / "empty.png")
    assert row.error is not None
    assert (row.error.type, row.error.message) == ("EmptyFile", "the file is empty")


def test_file_over_the_byte_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(10_000_000_000)  # sparse: reading it would take minutes
    small = Detector.load(limits=Limits(max_bytes=1000))
    row = small.inspect(tmp_path / "huge.png")
    assert row.error is not None
    assert row.error.type == "FileTooLarge"
    assert row.error.message == "10,000,000,000 bytes, over the limit of 1,000"
    assert row.sha256 is None


def test_name_that_is_not_utf8(detector: Detector, tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xffname.png"
    with open(raw, "wb") as stream:
        painting().save(stream, "PNG")
    row = detector.inspect(os.fsdecode(raw))
    assert row.error is None
    assert row.path.endswith("/\\xffname.png")
    assert row.path_bytes == raw.hex()
    row.to_json().encode("utf-8")
