"""Ctrl-C while a network trains: nothing is lost, and nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from torch.optim.swa_utils import AveragedModel  # noqa: E402

from tegaki.lab.corpus import ShardSet  # noqa: E402
from tegaki.lab.training.data import PictureInputs  # noqa: E402
from tegaki.lab.training.interrupts import DeferredInterrupt  # noqa: E402
from tegaki.lab.training.stage import StageRun  # noqa: E402
from tegaki.lab.training.trainer import Trainer  # noqa: E402
from tests.lab.tiny import little_shards, one_thread, tiny  # noqa: E402, F401
from tests.lab.training.test_trainer import same  # noqa: E402

RECIPE = tiny("finetune", precision="fp32")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return little_shards(tmp_path_factory.mktemp("set"))


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


# ---- the signal --------------------------------------------------------------------------------


def test_the_first_waits_and_the_second_does_not(capfd: pytest.CaptureFixture[str]) -> None:
    with DeferredInterrupt() as patience:
        assert not patience.requested
        ctrl_c()
        assert patience.requested
        assert "Ctrl-C once more stops at once" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_nothing_can_be_lost_it_does_not_wait() -> None:
    with DeferredInterrupt() as patience:
        with pytest.raises(KeyboardInterrupt), patience.immediately():
            ctrl_c()
        with pytest.raises(KeyboardInterrupt), patience.immediately():
            pytest.fail("what was noted before counts")
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_signals_of_others_are_left_alone() -> None:
    with DeferredInterrupt(active=False), pytest.raises(KeyboardInterrupt):
        ctrl_c()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with DeferredInterrupt() as patience:
            ctrl_c()
            assert not patience.requested
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_can_train_too() -> None:
    entered: list[bool] = []

    def enter() -> None:
        with DeferredInterrupt() as patience:
            entered.append(patience.requested)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [False]


# ---- runs --------------------------------------------------------------------------------------


def interrupting(call: Callable[..., Any], turn: int) -> Callable[..., Any]:
    """The call, with a Ctrl-C in its midst the ``turn``-th time."""
    turns = iter(range(1, 1_000))

    def interrupted(*args: Any) -> Any:
        if next(turns) == turn:
            ctrl_c()
        return call(*args)

    return interrupted


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("owner", "name", "turn", "at"),
    [
        (AveragedModel, "update_parameters", 3, (0, 3)),  # between the optimizer and the average
        (PictureInputs, "validate", 1, (0, 4)),
        (StageRun, "on_validation_end", 1, (1, 0)),
        (StageRun, "on_validation_end", 2, (2, 0)),
    ],
)
def test_ctrl_c_keeps_the_step_and_the_run_ends_the_same(
    shards: ShardSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    owner: type, name: str, turn: int, at: tuple[int, int],
) -> None:  # fmt: skip
    whole = Trainer(RECIPE, shards, tmp_path / "whole").run()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupting(getattr(owner, name), turn))
        with pytest.raises(KeyboardInterrupt):
            Trainer(RECIPE, shards, tmp_path / "stopped").run()
    saved = torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)["at"]
    assert (saved["epoch"], saved["step"]) == at
    assert same(whole, Trainer(RECIPE, shards, tmp_path / "stopped").run())


@pytest.mark.usefixtures("one_thread")
def test_features_of_a_fixed_backbone_too(shards: ShardSet, tmp_path: Path) -> None:
    Trainer(tiny("baseline", epochs=1), shards, tmp_path / "baseline").run()
    recipe = tiny("enhanced", epochs=3)
    networks = []
    for name, limit in (("whole", 0), ("stopped", 40), ("stopped", 0)):
        trainer = Trainer(
            recipe, shards, tmp_path / name, backbone=tmp_path / "baseline",
            features=tmp_path / "features",
        )  # fmt: skip

        def stop(done: int, limit: int = limit) -> None:
            if done == limit:
                ctrl_c()

        try:
            networks.append(trainer.run(stop))
        except KeyboardInterrupt:
            assert trainer.position.step
    assert len(networks) == 2
    assert same(*networks)


PROGRAM = """
import sys, torch; torch.set_num_threads(1)
from pathlib import Path
import tegaki.lab.reproduction.run as run
from tegaki.lab.reproduction.plan import Cell
from tegaki.lab.corpus import load_shards
from tegaki.lab.training.trainer import Trainer
from tests.lab.tiny import tiny
shards = load_shards(Path(sys.argv[1]))
def train(cell, _, test, folder, weights, workers, tell):
    Trainer(tiny("finetune", epochs=1000), shards, folder / "run").run(lambda _: tell("a step"))
run.run_cell = train
run._ignore_interrupts()
run._run((Cell("unseen", 0), Path(sys.argv[2]), None))
"""


def test_a_cell_that_its_parent_ends_is_saved(shards: ShardSet, tmp_path: Path) -> None:
    """Ctrl-C is the parent's; SIGTERM is what it ends its cells with."""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    command = [sys.executable, "-c", PROGRAM, str(shards.folder), str(tmp_path)]
    folder = tmp_path / "cells" / "unseen" / "seed-0"
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while not (folder / "log.txt").exists() or not (folder / "log.txt").read_text():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert b"Traceback" not in said
    assert (folder / "run" / "checkpoint.pt").exists()
