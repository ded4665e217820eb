"""Training, resuming, exporting: small but real runs of the whole thing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from tegaki import Detector  # noqa: E402
from tegaki.errors import TrainingError  # noqa: E402
from tegaki.lab.augment import training_view  # noqa: E402
from tegaki.lab.corpus import Corpus, load_corpus  # noqa: E402
from tegaki.lab.export import build_bundle  # noqa: E402
from tegaki.lab.loader import draw_epoch, training_batches  # noqa: E402
from tegaki.lab.network import Enhanced, count_numbers  # noqa: E402
from tegaki.lab.recipes import RECIPES, Augmentation  # noqa: E402
from tegaki.lab.train import Trainer, score_items  # noqa: E402
from tegaki.recipe import ViewPolicy  # noqa: E402
from tests.conftest import painting  # noqa: E402
from tests.lab.little_corpus import PER_LABEL, write_corpus  # noqa: E402

TINY = replace(RECIPES["enhanced"], epochs=2, batch=8, start=None, views=ViewPolicy(size=64))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return load_corpus(folder)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small steps on several threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def quiet(_: object) -> None:
    pass


# ---- the network -------------------------------------------------------------------------------


def test_the_network_has_the_seeds_numbers() -> None:
    network = Enhanced()
    assert count_numbers(network) == 3_447_937
    assert count_numbers(network.features) == 2_257_984
    assert count_numbers(network.attention) == 820_800
    assert count_numbers(network.head) == 369_153
    trainable = sum(p.numel() for p in network.parameters())
    assert trainable == 3_447_937 - 34_112  # all but the batch norms' statistics


def test_attention_on_means_is_attention_on_maps() -> None:
    """GAP(F * a) = GAP(F) * a, which the network relies on."""
    network = Enhanced().eval()
    with torch.inference_mode():
        maps = network.features(torch.randn(2, 3, 224, 224))
        weights = network.attention(maps.mean(dim=(2, 3)))
        attended = (maps * weights[:, :, None, None]).mean(dim=(2, 3))
        assert torch.allclose(attended, maps.mean(dim=(2, 3)) * weights, atol=1e-5)
    assert maps.shape == (2, 1280, 7, 7)


def test_start_weights_fit(shared: Path) -> None:
    network = Enhanced()
    before = {name: value.clone() for name, value in network.features.state_dict().items()}
    network.load_backbone(shared / "weights" / "mobilenetv2_160_keras.pth")
    for name, value in network.features.state_dict().items():
        assert name.endswith("num_batches_tracked") or not torch.equal(before[name], value), name


# ---- what it is fed ----------------------------------------------------------------------------


def test_draws_are_balanced_by_label_and_root_of_source(corpus: Corpus) -> None:
    items = corpus.split("train")
    many = items * 50
    drawn = [many[i] for i in draw_epoch(many, replace(TINY, batch=1600), 0)]
    counts = Counter(item.generated for item in drawn)
    assert counts[True] == counts[False] == 800
    sizes = Counter(i.source for i in items if not i.generated)
    shares = Counter(i.source for i in drawn if not i.generated)
    total = sum(size**0.5 for size in sizes.values())
    for source, size in sizes.items():
        assert shares[source] / 800 == pytest.approx(size**0.5 / total, abs=0.06)


def test_batches_do_not_depend_on_workers(corpus: Corpus) -> None:
    items = corpus.split("train")
    runs = [list(training_batches(items, TINY, epoch=3, workers=n)) for n in (0, 2)]
    for (views, labels), (others, other_labels) in zip(*runs, strict=True):
        assert torch.equal(views, others)
        assert torch.equal(labels, other_labels)


def test_training_views_have_the_network_s_form() -> None:
    always = Augmentation(rescale=1, recompress=1, blur=1, noise=1, grey=0.5, colour=1)
    for seed in range(30):
        picture = painting(100 + 10 * seed, 130, seed=seed)
        view = training_view(picture, 224, always, np.random.default_rng(seed))
        assert view.shape == (3, 224, 224)
        assert view.dtype == np.float32
        assert -1 <= view.min() <= view.max() <= 1
        again = training_view(picture, 224, always, np.random.default_rng(seed))
        assert np.array_equal(view, again)


def test_no_training_view_has_bars() -> None:
    """The seed's letterbox: its black bars gave the label away."""
    white = painting(320, 512)
    white.paste((255, 255, 255), (0, 0, 320, 512))
    for seed in range(40):
        view = training_view(
            white, 224, Augmentation(colour=0, noise=0), np.random.default_rng(seed)
        )
        assert view.min() > 0.9


# ---- runs --------------------------------------------------------------------------------------


def test_a_stopped_run_goes_on_to_the_same_end(corpus: Corpus, tmp_path: Path) -> None:
    whole = Trainer(TINY, corpus, None, tmp_path / "whole", workers=0).run(quiet, quiet)
    stopped = Trainer(TINY, corpus, None, tmp_path / "stopped", workers=0)

    def stop_in_second_epoch(done: int) -> None:
        if done > stopped.draws:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.run(stop_in_second_epoch, quiet)
    again = Trainer(TINY, corpus, None, tmp_path / "stopped", workers=0)
    assert again.epoch == 1
    resumed = again.run(quiet, quiet)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value.float(), resumed.state_dict()[name].float(), atol=1e-5), name
    log = (tmp_path / "stopped" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in log] == [1, 2]


def test_another_recipe_does_not_overwrite_a_run(corpus: Corpus, tmp_path: Path) -> None:
    Trainer(replace(TINY, epochs=1), corpus, None, tmp_path, workers=0).run(quiet, quiet)
    with pytest.raises(TrainingError, match="holds a run of another recipe"):
        Trainer(replace(TINY, seed=1), corpus, None, tmp_path)
    other = replace(corpus, manifest_sha256="0" * 64)
    with pytest.raises(TrainingError, match="holds a run of another corpus"):
        Trainer(replace(TINY, epochs=1), other, None, tmp_path)


@pytest.mark.parametrize("weights", [None, "missing.pth", "wrong.pth"])
def test_start_weights_are_checked(corpus: Corpus, tmp_path: Path, weights: str | None) -> None:
    (tmp_path / "wrong.pth").write_bytes(b"something else")
    path = None if weights is None else tmp_path / weights
    with pytest.raises(TrainingError, match=r"starts from weights|cannot be read|SHA-256 differs"):
        Trainer(RECIPES["enhanced"], corpus, path, tmp_path / "run")


def test_export_without_a_test_split(corpus: Corpus, tmp_path: Path) -> None:
    """From training to bundle no test picture is read; the export says what the network said."""
    blind = [
        replace(item, path=Path("/nowhere")) if item.split.startswith("test") else item
        for item in corpus.items
    ]
    corpus = replace(corpus, items=tuple(blind))
    recipe = replace(TINY, epochs=1)
    network = Trainer(recipe, corpus, None, tmp_path, workers=0).run(quiet, quiet)
    bundle = build_bundle(network, recipe, corpus, tmp_path / "bundle")
    detector = Detector.load(bundle.folder)
    rows = [detector.inspect(item.path) for item in corpus.split("val")]
    logits = np.array([row.logit for row in rows], dtype=np.float64)
    expected = score_items(network, corpus.split("val"), recipe)
    spread = np.abs(expected).max()
    assert np.allclose(logits, expected, atol=0.02 * spread)  # training scores in bfloat16
    assert (bundle.thresholds.humans, bundle.thresholds.generated) == (8, 8)
    exported = bundle.onnx.read_bytes()
    for trace in (b"site-packages", str(Path(__file__).parents[2]).encode()):
        assert trace not in exported


def test_train_and_card_from_the_command_line(shared: Path, tmp_path: Path) -> None:
    weights = shared / "weights" / "mobilenetv2_160_keras.pth"
    big = write_corpus(tmp_path / "corpus", {**PER_LABEL, "train": 32})
    run = tmp_path / "run"
    command = [sys.executable, "-m", "tegaki"]
    train = ["train", "--recipe", "enhanced", "--epochs", "1", "--corpus", str(big)]
    done = subprocess.run(
        [*command, *train, "--weights", str(weights), "--out", str(run)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 1/1  loss 0." in done.stdout
    card = [*command, "card", "--corpus", str(big), "--model", str(run / "bundle")]
    assert subprocess.run(card, capture_output=True).returncode == 0
    text = (run / "bundle" / "card.md").read_text()
    assert "| Human / generated / sources | 8 / 8 / 6 | 6 / 6 / 6 | 6 / 6 / 6 |" in text
    assert subprocess.run([*card, "--check"], capture_output=True).returncode == 0
    figures = run / "bundle" / "figures.json"
    figures.write_text(figures.read_text().replace('"human": 8', '"human": 9', 1))
    checked = subprocess.run([*card, "--check"], capture_output=True, text=True)
    assert checked.returncode == 1
    assert "/splits/val/human: 9 was written, 8 was measured" in checked.stdout
