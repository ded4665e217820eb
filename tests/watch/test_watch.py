"""``tegaki watch`` as a real process: arrivals, restarts, kills, and what goes wrong around it."""

from __future__ import annotations

import json
import os
import pty
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from tegaki.cli.main import program
from tegaki.store import Query, Store, results
from tests.conftest import painting
from tests.watch.conftest import Receiver, Workspace, generated, status, until

LIMIT = resource.RLIMIT_FSIZE


@pytest.mark.parametrize("way", [(), ("--poll", "--rescan", "0.3")], ids=["events", "poll"])
def test_arrivals_are_scored_and_kept(workspace: Workspace, way: tuple[str, ...]) -> None:
    generated(workspace.folder / "before.png")
    with workspace.watching("--recursive", *way) as watching:
        watching.until_names("before.png")
        generated(workspace.folder / "絵.png", seed=1)
        (workspace.folder / "no.png").write_bytes(b"no picture")
        (workspace.folder / ".hidden.png").write_bytes(b"no picture")
        watching.until_names("before.png", "no.png", "絵.png")
        generated(workspace.folder / ".partial", seed=2).rename(workspace.folder / "renamed.png")
        watching.until_names("before.png", "no.png", "renamed.png", "絵.png")
        deep = workspace.folder / "new" / "deep"
        deep.mkdir(parents=True)
        generated(deep / "in.png", seed=3)
        watching.until_names("before.png", "in.png", "no.png", "renamed.png", "絵.png")
        (workspace.folder / "no.png").unlink()
        shutil.rmtree(workspace.folder / "new")

        def gone() -> list[str]:
            with Store.open(workspace.store) as store:
                asked = results(store, Query(gone=True))
                return sorted(os.path.basename(row.path) for row in asked)

        until(lambda: gone() == ["in.png", "no.png"], "that files are gone")
        (workspace.folder / "no.png").write_bytes(b"still none")
        until(lambda: len(watching.rows) == 6, "a changed file's row")
        assert watching.end() == 0
    assert len(watching.rows) == 6
    assert watching.said[-1:] == ["Stopped; 6 files new or changed\n"]


def test_what_arrives_in_an_archive_is_told_of_by_name(
    workspace: Workspace, tmp_path: Path
) -> None:
    told = tmp_path / "told.jsonl"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(told)!r}, 'a').write(sys.argv[-1] + '\\n')")
    for name, seed in (("one.png", 1), ("two.png", 2)):
        generated(tmp_path / name, seed=seed)
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for name in ("one.png", "two.png"):
            archive.write(tmp_path / name, f"in/{name}")
    command = f"{sys.executable} {script}"
    with workspace.watching("--poll", "--rescan", "0.2", "--run", command) as watching:
        shutil.move(tmp_path / "both.zip", workspace.folder / "both.zip")
        until(lambda: told.exists() and len(told.read_text().splitlines()) == 2, "two are told")
        time.sleep(1)  # some rescans more
        assert watching.end() == 0
    inside = [f"{workspace.folder / 'both.zip'}::in/{name}" for name in ("one.png", "two.png")]
    assert sorted(told.read_text().splitlines()) == inside
    assert sorted(row["path"] for row in watching.rows) == inside


def test_a_file_that_grows_is_scored_when_it_is_whole(workspace: Workspace) -> None:
    data = generated(workspace.folder / "first.png").read_bytes()
    with workspace.watching("--settle", "1.5") as watching:
        watching.until_names("first.png")  # it watches
        with (workspace.folder / "slow.png").open("wb") as slow:
            for start in range(0, len(data), 50):
                slow.write(data[start : start + 50])
                slow.flush()
                time.sleep(0.1)
        watching.until_names("first.png", "slow.png")
        (workspace.folder / "last").write_bytes(b"")
        watching.until_names("first.png", "last", "slow.png")
    assert [row["verdict"] for row in watching.rows] == ["generated", "generated", "error"]


def test_a_file_that_was_there_for_a_moment_is_no_news(workspace: Workspace) -> None:
    with workspace.watching("--on", "error", "--run", "false") as watching:
        generated(workspace.folder / "first.png")
        watching.until_names("first.png")
        for number in range(5):
            path = generated(workspace.folder / f"{number}.png", seed=number)
            time.sleep(0.15)  # it is noted, and has not stood still for long enough
            path.unlink()
        generated(workspace.folder / "last.png")
        watching.until_names("first.png", "last.png")
        assert watching.end() == 0
    assert watching.said == ["Stopped; 2 files new or changed\n"]


def test_names_that_are_no_text(workspace: Workspace) -> None:
    raw = os.fsencode(workspace.folder) + b"/\xff\x1b[31m.png"
    with workspace.watching() as watching:
        generated(workspace.folder / ".tmp")
        os.rename(workspace.folder / ".tmp", raw)
        until(lambda: watching.rows, "a row")
    assert watching.rows[0]["path_bytes"] == raw.hex()


def test_links_to_folders_double_nothing(workspace: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with workspace.watching("--recursive") as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        (workspace.folder / "loop").symlink_to(workspace.folder)
        (workspace.folder / "link").symlink_to(other)
        generated(other / "b.png", seed=1)
        # The link is an event, and makes for a rescan.
        until(lambda: len(watching.rows) >= 3, "three rows")
        generated(workspace.folder / "z.png")
        until(lambda: len(watching.rows) >= 4, "four rows")
    # The loop is told as a scan tells it: an error's row, and nothing of what it leads to.
    assert watching.names() == ["a.png", "b.png", "loop", "z.png"]


def test_a_folder_that_is_a_link(workspace: Workspace, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(workspace.folder)
    with Workspace(link, workspace.store).watching() as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
    assert watching.rows[0]["path"] == str(link / "a.png")


def test_the_store_in_the_folder_is_not_looked_at(workspace: Workspace) -> None:
    inside = Workspace(workspace.folder, str(workspace.folder / "s.tegaki"))
    with inside.watching() as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        time.sleep(1)  # its own commits are events
    assert watching.names() == ["a.png"]


def test_events_that_were_lost(workspace: Workspace) -> None:
    """The queue of the system overflows while the process is held: it looks for itself."""
    try:
        most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    except OSError:
        pytest.skip("needs inotify")
    if most > 40_000:
        pytest.skip("the queue is too long to be filled by a test")
    with workspace.watching() as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        watching.process.send_signal(signal.SIGSTOP)
        for number in range(most):  # each is created and closed: twice of what it holds
            (workspace.folder / f".{number}").touch()
        generated(workspace.folder / "b.png", seed=1)
        watching.process.send_signal(signal.SIGCONT)
        watching.until_names("a.png", "b.png")


def test_the_status_on_a_terminal(workspace: Workspace) -> None:
    generated(workspace.folder / "a.png")
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        workspace.command("--webhook", "http://127.0.0.1:9/"), stdout=inside, stderr=inside,
        env=os.environ | {"COLUMNS": "100", "TERM": "xterm"},
    )  # fmt: skip
    os.close(inside)
    shown = b""
    awaited = (
        b"1 new or changed, 0 not yet at rest, 1 to deliver, 0 given up",
        b'"path": ',
        b"tegaki: webhook ",
    )

    def read() -> bool:
        nonlocal shown
        shown += os.read(outside, 10_000)
        return all(words in shown for words in awaited)

    until(read, "the status, a row and an attempt")
    process.terminate()
    assert process.wait(60) == 0
    os.close(outside)
    assert b"Traceback" not in shown


def test_rows_in_a_pipe_are_free_of_the_status(workspace: Workspace) -> None:
    generated(workspace.folder / "a.png")
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        workspace.command(),
        stdout=subprocess.PIPE,
        stderr=inside,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(inside)
    assert process.stdout is not None
    with process.stdout:
        assert json.loads(process.stdout.readline())["verdict"] == "generated"
        assert os.read(outside, 10)
        process.terminate()
        assert process.wait(60) == 0
        assert process.stdout.read() == b""
    os.close(outside)


# ---- once, and again ---------------------------------------------------------------------------


def test_once_tells_what_is_new(workspace: Workspace, receiver: Receiver) -> None:
    generated(workspace.folder / "a.png")
    painting(100, 100).save(workspace.folder / "drawn.png")
    (workspace.folder / "bad.png").write_bytes(b"no picture")
    done = workspace.once("--webhook", receiver.url)
    assert (done.returncode, done.stderr) == (0, "3 files new or changed\n")
    assert len(done.stdout.splitlines()) == 3
    assert receiver.names() == ["a.png"]
    generated(workspace.folder / "b.png")
    os.utime(workspace.folder / "a.png")
    done = workspace.once("--webhook", receiver.url)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert receiver.names() == ["a.png", "b.png"]
    again = workspace.once("--webhook", receiver.url, "--on", "drawn,generated,unsure,error")
    assert (again.returncode, again.stdout) == (0, "")
    assert receiver.names() == ["a.png", "b.png"]


def test_side_cars_are_no_news(workspace: Workspace) -> None:
    with workspace.watching() as watching:
        (workspace.folder / "a.txt").write_text("a fox")
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        (workspace.folder / "a.json").write_text("{}")
        generated(workspace.folder / "b.png", seed=1)
        watching.until_names("a.png", "b.png")
        assert watching.end() == 0
    assert workspace.once().stdout == ""
    assert len(workspace.once("--all-files").stdout.splitlines()) == 2


def test_once_leaves_what_still_grows(workspace: Workspace) -> None:
    with workspace.watching("--once") as watching, (workspace.folder / "log").open("wb") as log:
        generated(workspace.folder / "a.png")
        while watching.process.poll() is None:
            log.write(b"x")
            log.flush()
            time.sleep(0.02)
        assert watching.end() == 1
    assert watching.names() == ["a.png"]
    assert "1 still changing, left for the next time" in watching.said[-1]


def test_a_file_that_cannot_be_read_is_told_once(workspace: Workspace) -> None:
    (workspace.folder / "empty.png").write_bytes(b"")
    with workspace.watching("--poll", "--rescan", "0.1") as watching:
        watching.until_names("empty.png")
        time.sleep(1)
        generated(workspace.folder / "empty.png")
        watching.until_names("empty.png", "empty.png")
    assert [row["verdict"] for row in watching.rows] == ["error", "generated"]


# ---- what goes wrong around it -----------------------------------------------------------------


def test_kills_lose_nothing(workspace: Workspace, receiver: Receiver) -> None:
    """Killed while it starts, scores, keeps and delivers, while files go on arriving."""
    chance = random.Random(0)
    hook = ("--webhook", receiver.url, "--timeout", "1")
    expected, kills = set(), 0
    for round_ in range(6):
        with workspace.watching(*hook) as watching:
            end = time.monotonic() + chance.uniform(0.3, 2.0)
            for number in range(6):
                name = f"{round_}-{number}.png"
                generated(workspace.folder / name, seed=10 * round_ + number)
                expected.add(name)
                time.sleep(0.05)
            time.sleep(max(end - time.monotonic(), 0))
            watching.end(signal.SIGKILL)
            kills += 1
    assert kills == 6

    def told() -> bool:
        workspace.once(*hook)  # what was in hand is owed after its time limit
        return set(receiver.names()) == expected

    until(told, "that all are told")
    with Store.open(workspace.store) as store:
        kept = Counter(os.path.basename(row.path) for row in results(store, Query()))
    assert kept == dict.fromkeys(expected, 1)
    ids = Counter(post.id for post in receiver.posts)
    assert len(ids) == len(expected)
    assert len(receiver.posts) - len(ids) <= 4 * kills  # in hand when it was killed
    before = len(receiver.posts)
    workspace.once(*hook)
    assert len(receiver.posts) == before


@pytest.mark.parametrize(
    ("number", "times", "code"),
    [(signal.SIGINT, 1, 130), (signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 0)],
    ids=["Ctrl-C", "Ctrl-C twice", "SIGTERM"],
)
def test_it_ends_when_it_is_asked_to(
    workspace: Workspace, receiver: Receiver, number: int, times: int, code: int
) -> None:
    receiver.answers = [receiver.stall()]
    generated(workspace.folder / "a.png")
    with workspace.watching("--webhook", receiver.url, "--timeout", "600") as watching:
        until(lambda: receiver.posts, "a request")
        started = time.monotonic()
        assert watching.end(number, times) == code
        waited = time.monotonic() - started
    assert "Stopped; 1 file new or changed, 1 still to be delivered" in watching.said[-1]
    assert "Traceback" not in "".join(watching.said)
    assert waited >= 4 if times == 1 else waited < 4  # a request gets some seconds to end, once
    receiver.answers = [status(204)]
    assert workspace.once("--webhook", receiver.url).returncode == 0
    assert [post.name for post in receiver.posts] == ["a.png", "a.png"]


def test_a_folder_that_vanishes_is_waited_for(workspace: Workspace) -> None:
    generated(workspace.folder / "a.png")
    with workspace.watching() as watching:
        watching.until_names("a.png")
        workspace.folder.rename(workspace.folder.with_name("away"))
        watching.until_said("no such folder; it is waited for")
        workspace.folder.with_name("away").rename(workspace.folder)
        watching.until_said("is there again")
        generated(workspace.folder / "b.png", seed=1)
        watching.until_names("a.png", "b.png")
        # Replaced by another one, too fast to be seen missing.
        workspace.folder.rename(workspace.folder.with_name("old"))
        workspace.folder.mkdir()
        generated(workspace.folder / "c.png", seed=2)
        watching.until_names("a.png", "b.png", "c.png")
        assert watching.end() == 0
    shutil.rmtree(workspace.folder)
    done = workspace.once()
    assert done.returncode == 1
    assert "no such folder" in done.stderr


def test_a_locked_store_is_waited_for(workspace: Workspace) -> None:
    with workspace.watching() as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        other = sqlite3.connect(workspace.store, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        generated(workspace.folder / "b.png", seed=1)
        watching.until_said("locked by another process")
        other.execute("COMMIT")
        other.close()
        watching.until_names("a.png", "b.png")
        assert watching.end() == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="fills a disk by a limit of Linux")
def test_a_full_disk_is_waited_for(workspace: Workspace) -> None:
    with workspace.watching() as watching:
        generated(workspace.folder / "a.png")
        watching.until_names("a.png")
        pid, whole = watching.process.pid, resource.prlimit(watching.process.pid, LIMIT)
        resource.prlimit(pid, LIMIT, (0, whole[1]))  # no file can be made longer
        generated(workspace.folder / "b.png", seed=1)
        watching.until_said("the store could not be written")
        resource.prlimit(pid, LIMIT, whole)
        watching.until_names("a.png", "b.png")
        assert watching.end() == 0


def test_rows_into_a_closed_pipe(workspace: Workspace) -> None:
    generated(workspace.folder / "a.png")
    process = subprocess.Popen(
        workspace.command("--webhook", "http://127.0.0.1:9/"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    generated(workspace.folder / "b.png", seed=1)
    assert process.wait(60) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--run", "no-such-program"], "there is no program 'no-such-program'"),
        (["--run", "'"], "No closing quotation"),
        (["--webhook", "ftp://a/b"], "begins with http:// or https://"),
        (["--webhook", "http://u:p@a/"], "are not sent"),
        (["--webhook", "http://a/絵"], "is not ASCII"),
        (["--webhook", "http://a:b/"], "is no URL"),
        (["--secret-file", "x"], "--secret-file needs --webhook"),
        (["--webhook", "http://a/", "--secret-file", "x"], "cannot be read"),
        (["--webhook", "http://a/", "--secret-file", "short"], "holds no secret"),
        (["--on", "fake"], "is none of drawn, generated"),
        (["--once", "--poll"], "choose one"),
    ],
)
def test_wrong_usage(workspace: Workspace, options: list[str], words: str) -> None:
    short = workspace.folder / "short"
    short.write_text("whsec_c2hvcnQ=\n")
    given = [str(short) if option == "short" else option for option in options]
    done = CliRunner().invoke(
        program, ["watch", str(workspace.folder), "--store", workspace.store, *given]
    )
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert not Path(workspace.store).exists()


def test_a_file_is_no_folder(workspace: Workspace) -> None:
    path = generated(workspace.folder / "a.png")
    done = CliRunner().invoke(program, ["watch", str(path), "--store", workspace.store])
    assert done.exit_code == 2
    assert "is no folder" in done.stderr
