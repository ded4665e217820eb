"""Training, stopping, going on, exporting: small but real runs of the whole thing."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from tegaki import Detector  # noqa: E402
from tegaki.cli.main import program  # noqa: E402
from tegaki.cli.progress import make_progress  # noqa: E402
from tegaki.cli.train import progress_line  # noqa: E402
from tegaki.errors import OutputError, TrainingError  # noqa: E402
from tegaki.lab.corpus import ShardSet, load_corpus  # noqa: E402
from tegaki.lab.export.bundle import build_bundle  # noqa: E402
from tegaki.lab.models.classifier import Classifier  # noqa: E402
from tegaki.lab.training.augment import training_view  # noqa: E402
from tegaki.lab.training.distributed import World, init_distributed  # noqa: E402
from tegaki.lab.training.recipes import RECIPES, AugmentPolicy, TrainingRecipe, Warp  # noqa: E402
from tegaki.lab.training.stream import batches, epoch_size, sample_epoch, training_input  # noqa: E402
from tegaki.lab.training.trainer import Trainer  # noqa: E402
from tests.conftest import painting  # noqa: E402
from tests.lab.little_corpus import PER_LABEL  # noqa: E402
from tests.lab.tiny import little_shards, one_thread, tiny  # noqa: E402, F401

pytestmark = pytest.mark.usefixtures("one_thread")
FINETUNE = tiny("finetune")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return little_shards(tmp_path_factory.mktemp("set"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def same(a: Classifier, b: Classifier) -> bool:
    """Bit by bit."""
    theirs = b.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in a.state_dict().items())


# ---- what it is fed ----------------------------------------------------------------------------


def test_draws_are_balanced_by_label_and_root_of_source(tmp_path: Path) -> None:
    shards = little_shards(tmp_path, {**PER_LABEL, "train": 40})
    recipe = replace(FINETUNE, stages=(replace(FINETUNE.stages[0], batch=16),))
    drawn = [s for epoch in range(40) for s in sample_epoch(shards, recipe, 0, epoch)]
    assert len(drawn) == 40 * epoch_size(shards, recipe, 0) == 40 * 80
    assert all(a.generated != b.generated for a, b in zip(drawn[::2], drawn[1::2], strict=True))
    sizes = shards.counts["train"]["human"]
    total = sum(size**0.5 for size in sizes.values())
    shares = Counter(s.source for s in drawn if not s.generated)
    for source, size in sizes.items():
        assert shares[source] / 1600 == pytest.approx(size**0.5 / total, rel=0.05)


def test_once_means_once(shards: ShardSet) -> None:
    recipe = tiny("baseline")
    orders = [[s.id for s in sample_epoch(shards, recipe, 0, epoch)] for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert len(set(orders[0])) == len(orders[0]) == shards.size("train")


@pytest.mark.parametrize("name", ["finetune", "baseline"])
def test_batches_depend_on_nothing_but_the_recipe(shards: ShardSet, name: str) -> None:
    """Not on threads, not on where a run goes on, not on how many processes share them."""
    recipe = tiny(name)

    def look(data: bytes, rng: np.random.Generator) -> np.ndarray:
        return training_input(data, recipe, recipe.stages[0], rng)

    whole = list(batches(shards, recipe, 0, 3, look, workers=1))
    for other in (
        list(batches(shards, recipe, 0, 3, look, workers=3)),
        whole[:1] + list(batches(shards, recipe, 0, 3, look, skip=1)),
    ):
        assert len(other) == len(whole)
        for (views, labels), (others, other_labels) in zip(whole, other, strict=True):
            assert torch.equal(views, others)
            assert torch.equal(labels, other_labels)
    shared = [list(batches(shards, recipe, 0, 3, look, share=(r, 2))) for r in (0, 1)]
    for (views, _), (even, _), (odd, _) in zip(whole, *shared, strict=True):
        assert torch.equal(views[::2], even)
        assert torch.equal(views[1::2], odd)


def test_training_views_have_the_network_s_form() -> None:
    always = AugmentPolicy(rescale=1, recompress=1, blur=1, noise=1, grey=0.5, colour=1)
    for seed in range(30):
        picture = painting(100 + 10 * seed, 130, seed=seed)
        view = training_view(picture, 224, always, np.random.default_rng(seed))
        assert view.shape == (3, 224, 224)
        assert view.dtype == np.float32
        assert -1 <= view.min() <= view.max() <= 1
        again = training_view(picture, 224, always, np.random.default_rng(seed))
        assert np.array_equal(view, again)


def test_no_training_view_of_ours_has_bars() -> None:
    """The seed's letterbox: its black bars gave the label away."""
    white = painting(320, 512)
    white.paste((255, 255, 255), (0, 0, 320, 512))
    for seed in range(40):
        view = training_view(
            white, 224, AugmentPolicy(colour=0, noise=0), np.random.default_rng(seed)
        )
        assert view.min() > 0.9


# ---- runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["finetune", "baseline"])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    shards: ShardSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    recipe = tiny(name, epochs=2 if name == "finetune" else 1, precision="fp32")
    whole = Trainer(recipe, shards, tmp_path / "whole").run()
    monkeypatch.setattr(
        "tegaki.lab.training.trainer.SAVE_EVERY", 0
    )  # a checkpoint after every batch
    stops = iter([40, 10_000])

    def going(done: int, limit: int) -> None:
        if done > limit:
            raise KeyboardInterrupt

    for limit in stops:
        trainer = Trainer(recipe, shards, tmp_path / "stopped")
        try:
            trainer.run(lambda done, limit=limit: going(done, limit))  # type: ignore[misc]
        except KeyboardInterrupt:
            assert limit < 10_000
            assert (tmp_path / "stopped" / "checkpoint.pt").exists()
    assert same(whole, trainer.network)
    logs = [
        [
            {k: v for k, v in json.loads(line).items() if k != "pictures_per_second"}
            for line in (tmp_path / folder / "log.jsonl").read_text().splitlines()
        ]
        for folder in ("whole", "stopped")
    ]
    assert logs[0] == logs[1]
    assert len(logs[0]) == sum(stage.epochs for stage in recipe.stages)


def test_a_killed_run_goes_on(shards: ShardSet, tmp_path: Path) -> None:
    """kill -9 in the middle: the same command ends with the same network."""
    program = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "import tegaki.lab.training.trainer as t\n"
        "t.SAVE_EVERY = 0\n"
        "from pathlib import Path\n"
        "from tegaki.lab.corpus import load_shards\n"
        "from tests.lab.tiny import tiny\n"
        "recipe = tiny('finetune', epochs=4, precision='fp32')\n"
        "t.Trainer(recipe, load_shards(Path(sys.argv[1])), Path(sys.argv[2])).run()\n"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program, str(shards.folder), str(out)]
        return subprocess.Popen(command, env=environment)

    killed = start(tmp_path / "killed")
    while not (tmp_path / "killed" / "checkpoint.pt").exists():
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed" / "network.pt").exists()
    runs = [start(tmp_path / name) for name in ("killed", "whole")]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    a, b = (
        torch.load(tmp_path / name / "network.pt", weights_only=True)["network"]
        for name in ("killed", "whole")
    )
    assert all(torch.equal(a[key], b[key]) for key in a)


def linear() -> TrainingRecipe:
    """Without dropout and moving batch norms, how a batch is shared changes nothing."""
    recipe = tiny("baseline")
    stage = replace(recipe.stages[0], trained="head", augmentation=Warp(rotation=5))
    plan = replace(recipe.network, hidden=(), dropout=())
    return replace(recipe, network=plan, stages=(stage,), micro_batch=2)


PROCESS = """
import sys, torch; torch.set_num_threads(1)
from pathlib import Path
from tegaki.lab.corpus import load_shards
from tegaki.lab.training.distributed import init_distributed
from tegaki.lab.training.trainer import Trainer
from tests.lab.training.test_trainer import linear
with init_distributed() as world:
    assert world.size == 2
    trainer = Trainer(linear(), load_shards(Path(sys.argv[1])), Path(sys.argv[2]), world=world)
    trainer.run()
    torch.save(trainer.network.state_dict(), f"{sys.argv[2]}-{world.rank}.pt")
"""


def test_two_processes_train_what_one_trains(shards: ShardSet, tmp_path: Path) -> None:
    """torchrun on two CPU processes: the same steps as one process, and one set of files."""
    program = tmp_path / "program.py"
    program.write_text(PROCESS)
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone",
         str(program), str(shards.folder), str(tmp_path / "run")],
        env=os.environ | {
            "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}",
            "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        },
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    here = World(0, 1, torch.device("cpu"))
    alone = Trainer(linear(), shards, tmp_path / "alone", world=here).run().state_dict()
    start = Trainer(linear(), shards, tmp_path / "start", world=here).network.state_dict()
    for rank in (0, 1):
        together = torch.load(tmp_path / f"run-{rank}.pt", weights_only=True)
        for name, value in alone.items():
            assert torch.allclose(value.float(), together[name].float(), atol=1e-6), name
    moved = (alone["head.0.weight"] - start["head.0.weight"]).abs().max()
    assert moved > 2e-5  # far more than the two may differ
    lines = [(tmp_path / run / "log.jsonl").read_text().splitlines() for run in ("run", "alone")]
    losses = [[json.loads(line)["loss"] for line in log] for log in lines]
    assert losses[0] == pytest.approx(losses[1], abs=0.05)  # the first process' share of the sum


def test_more_processes_than_gpus_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before any of them touches a device, so that no GPU is needed to see it."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with (
        pytest.raises(TrainingError, match="one GPU here, one a process"),
        init_distributed(),
    ):
        pass


def test_the_in_place_bug_is_a_switch(shards: ShardSet, tmp_path: Path) -> None:
    """With it, stage 2 is validated on nearly black pictures; stage 1 and training are the same."""
    logs = []
    for bug in (False, True):
        recipe = tiny("baseline", epochs=1, precision="fp32", validate_in_place=bug)
        Trainer(recipe, shards, tmp_path / str(bug)).run()
        lines = (tmp_path / str(bug) / "log.jsonl").read_text().splitlines()
        logs.append([json.loads(line) for line in lines])
    (first, second), (buggy_first, buggy_second) = logs
    assert first["val_loss"] == buggy_first["val_loss"]
    assert second["loss"] == buggy_second["loss"]
    assert second["val_loss"] != buggy_second["val_loss"]


def test_what_is_trained_on_a_fixed_backbone(shards: ShardSet, tmp_path: Path) -> None:
    """enhanced begins with a baseline's backbone, leaves it as it is and uses cached features."""
    baseline = Trainer(tiny("baseline", epochs=1), shards, tmp_path / "baseline").run()
    recipe = tiny("enhanced", epochs=15)
    with pytest.raises(TrainingError, match="begins with the backbone of a 'baseline' run"):
        Trainer(recipe, shards, tmp_path / "enhanced")
    with pytest.raises(TrainingError, match="none does not exist"):
        Trainer(recipe, shards, tmp_path / "enhanced", backbone=tmp_path / "none")
    trainer = Trainer(recipe, shards, tmp_path / "enhanced", backbone=tmp_path / "baseline")
    network = trainer.run()
    for name, value in network.features.state_dict().items():
        assert torch.equal(value, baseline.features.state_dict()[name])
    log = [json.loads(x) for x in (tmp_path / "enhanced" / "log.jsonl").read_text().splitlines()]
    assert min(line["loss"] for line in log[1:]) < log[0]["loss"], [line["loss"] for line in log]
    assert len(log) <= 15


def test_a_backbone_of_another_split_is_refused(shards: ShardSet, tmp_path: Path) -> None:
    """Its training pictures may be what this run is tested on."""
    Trainer(tiny("baseline", epochs=1), shards, tmp_path / "baseline").run()
    other = replace(shards, manifest_sha256="0" * 64)
    for recipe, data in ((tiny("enhanced"), other), (tiny("no-head"), other)):
        with pytest.raises(TrainingError, match="is not a 'baseline' run on these shards"):
            Trainer(recipe, data, tmp_path / recipe.name, backbone=tmp_path / "baseline")


def test_two_runs_do_not_share_a_folder(shards: ShardSet, tmp_path: Path) -> None:
    first, second = (Trainer(tiny("finetune"), shards, tmp_path) for _ in range(2))

    def start_another(_: int) -> None:
        with pytest.raises(OutputError, match="another run is at work in"):
            second.run()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(start_another)


@pytest.mark.parametrize("name", ["network.pt", "checkpoint.pt"])
def test_a_damaged_run_is_told(shards: ShardSet, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="is damaged or of another version; remove it"):
        Trainer(tiny("finetune"), shards, tmp_path)


def test_what_cannot_be_trained_is_told_at_once(shards: ShardSet, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="are fewer than one batch of 64"):
        Trainer(replace(RECIPES["finetune"], start=None), shards, tmp_path)
    one = replace(shards, counts={**shards.counts, "val": {"human": {"h0": 8}}})
    with pytest.raises(TrainingError, match=r"split val of .* lacks pictures of one label"):
        Trainer(tiny("finetune"), one, tmp_path)
    with pytest.raises(TrainingError, match="3 processes cannot share batches of 8"):
        Trainer(tiny("finetune"), shards, tmp_path, world=World(0, 3, torch.device("cpu")))


def test_another_recipe_does_not_overwrite_a_run(shards: ShardSet, tmp_path: Path) -> None:
    recipe = tiny("finetune", epochs=1)
    Trainer(recipe, shards, tmp_path).run()
    with pytest.raises(TrainingError, match="holds a run of another recipe"):
        Trainer(replace(recipe, seed=1), shards, tmp_path)
    with pytest.raises(TrainingError, match="holds a run of another corpus"):
        Trainer(recipe, replace(shards, manifest_sha256="0" * 64), tmp_path)


@pytest.mark.parametrize("weights", [None, "missing.pth", "wrong.pth"])
def test_start_weights_are_checked(shards: ShardSet, tmp_path: Path, weights: str | None) -> None:
    (tmp_path / "wrong.pth").write_bytes(b"something else")
    path = None if weights is None else tmp_path / weights
    with pytest.raises(TrainingError, match=r"starts from weights|cannot be read|SHA-256 differs"):
        Trainer(RECIPES["baseline"], shards, tmp_path / "run", weights=path)


def test_export_without_a_test_split(tmp_path: Path) -> None:
    """From training to bundle no test picture is read; the export says what the network said."""
    shards = little_shards(tmp_path)
    for path in shards.folder.glob("test*"):
        path.unlink()
    recipe: TrainingRecipe = tiny("finetune", epochs=1, precision="fp32")
    trainer = Trainer(recipe, shards, tmp_path / "run")
    network = trainer.run()
    expected, _ = trainer.inputs().validate(network, 0)
    corpus = load_corpus(shards.folder)
    bundle = build_bundle(network, recipe, shards, tmp_path / "bundle")
    detector = Detector.load(bundle.folder)
    ids = [sample.id for sample in shards.stream("val")]
    by_id = {item.id: item for item in corpus.split("val")}
    rows = [detector.inspect(by_id[id].read(), id) for id in ids]
    logits = np.array([row.logit for row in rows], dtype=np.float64)
    assert np.allclose(logits, expected, atol=1e-3)
    assert (bundle.thresholds.humans, bundle.thresholds.generated) == (8, 8)
    exported = bundle.onnx.read_bytes()
    for trace in (b"site-packages", str(Path(__file__).parents[3]).encode()):
        assert trace not in exported


def test_from_scratch_is_said(shards: ShardSet, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(asdict(tiny("kusuma-v3", epochs=1))))
    words = ["lab", "train", "--recipe", str(recipe), "--corpus", str(shards.folder)]
    done = CliRunner().invoke(program, [*words, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert "kusuma-v3 starts from scratch: its recipe names no weights." in done.stderr
    first = done.stdout.splitlines()[0]
    assert re.fullmatch(r"kusuma-v3 on .+: \d+ steps at most; the time left follows", first)


def test_loss_and_accuracy_are_shown_while_an_epoch_runs(shards: ShardSet, tmp_path: Path) -> None:
    trainer = Trainer(tiny("finetune", epochs=1), shards, tmp_path)
    said: list[str] = []
    trainer.run(lambda _: said.append(progress_line(trainer)))
    (line,) = trainer.log
    assert len(said) == shards.size("train") / 8
    assert said[-1] == (
        f"stage 1 epoch 1 so far: loss {line.loss:.4f}, accuracy {line.accuracy:.3f}"
    )
    screen = Terminal()
    with make_progress(Console(file=screen, force_terminal=True, width=80)) as bar:
        bar.add_task("train", total=9)
        bar.status = said[0]
    assert said[0] in screen.getvalue()


def test_train_and_card_from_the_command_line(shared: Path, tmp_path: Path) -> None:
    weights = shared / "weights" / "mobilenetv2_160_keras.pth"
    shards = little_shards(tmp_path)
    command = [sys.executable, "-m", "tegaki"]
    run = tmp_path / "run"
    options = ["--set", "epochs=1", "--set", "batch=8", "--corpus", str(shards.folder)]
    train = [*command, "lab", "train", "--recipe", "finetune", *options, "--out", str(run)]
    done = subprocess.run([*train, "--weights", str(weights)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "stage 1 epoch 1  loss 0." in done.stdout
    card = [*command, "lab", "card", "--corpus", str(shards.folder), "--model", str(run / "bundle")]
    assert subprocess.run(card, capture_output=True).returncode == 0
    text = (run / "bundle" / "card.md").read_text()
    assert "| Human / generated / sources | 8 / 8 / 6 | 6 / 6 / 6 | 6 / 6 / 6 |" in text
    assert subprocess.run([*card, "--check"], capture_output=True).returncode == 0
    figures = run / "bundle" / "figures.json"
    figures.write_text(figures.read_text().replace('"human": 8', '"human": 9', 1))
    checked = subprocess.run([*card, "--check"], capture_output=True, text=True)
    assert checked.returncode == 1
    assert "/splits/val/human: 9 was written, 8 was measured" in checked.stdout
    wrong = [*train, "--set", "epoch=1"]
    done = subprocess.run(wrong, capture_output=True, text=True)
    assert done.returncode == 2
    assert "a recipe has no setting 'epoch'" in done.stderr
