"""The watch beside each kind of store."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.store.conftest import database, postgres, where
from tests.watch.conftest import Receiver, Workspace, generated, status, until

__all__ = ["database", "postgres", "where"]  # fixtures


def test_what_is_owed_outlives_a_kill(where: str, receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers = [receiver.stall()]
    workspace = Workspace(tmp_path, where)
    generated(tmp_path / "a.png")
    hook = ("--webhook", receiver.url, "--timeout", "0.5")
    with workspace.watching(*hook, "--poll") as watching:
        until(lambda: receiver.posts, "a request")
        watching.end(signal.SIGKILL)
    generated(tmp_path / "b.png", seed=1)
    receiver.answers = [status(404)]
    with workspace.watching(*hook) as watching:
        watching.until_names("b.png")
        until(lambda: len(receiver.posts) == 3, "three requests")
        until(lambda: len(workspace.dead()) == 2, "two dead letters")
    assert receiver.names() == ["a.png", "a.png", "b.png"]
    receiver.answers = [status(200)]
    workspace.deliveries("retry")
    assert workspace.once(*hook).returncode == 0
    assert receiver.names() == ["a.png", "a.png", "a.png", "b.png", "b.png"]
