"""Ideas that were tried: what each is fitted from, and what is made of pictures for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tools.ideas.adapters import AdaptedBlock
from tools.ideas.aligned import Compared
from tools.ideas.data import Setting, read_store
from tools.ideas.fits import Axes, areas, draws, least_squares, turned
from tools.ideas.network import Shape, chosen_elsewhere, out_of_source
from tools.ideas.swapped import FALSE, threshold
from tools.ideas.taef2 import Autoencoder

from tegaki.lab.models.clip_onnx import WIDTH
from tegaki.lab.models.clip_tower import ClipTower
from tegaki.lab.training.clip import ideas
from tegaki.lab.training.clip.heads import auc_by_source, by_source, folds_of
from tests.conftest import painting
from tests.lab.training.clip.made import tiny_store

N, COPIES, COLUMNS, FOLDS = 240, 2, 8, 3


def made(lean: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of which one leans to the label, labels, and sources of seven pictures and more."""
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2 == 1
    features = rng.normal(size=(N, COPIES, COLUMNS)).astype(np.float32)
    features[labels, :, 1] += lean
    names = [f"{label:d}-{number % 14}" for number, label in enumerate(labels)]
    return features.astype(np.float16), labels, np.array(names)


def known_by_heart() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each source has a column of its own, and labels are drawn by lot: whoever has seen a source
    knows its label, and nobody else can. Values, labels, sources, folds."""
    labels = np.random.default_rng(1).permutation(np.arange(40) % 2 == 1).repeat(5)
    sources = np.array([f"source {number:02}" for number in np.arange(40).repeat(5)])
    values = np.eye(40, dtype=np.float32).repeat(5, axis=0)[:, None] * 5
    return values, labels, sources, folds_of(sources.tolist(), labels, FOLDS)


def test_heads_on_components_are_those_of_the_study() -> None:
    features, labels, sources = made()
    values = Axes.of(features, by_source(sources.tolist(), labels))(features)
    fold = folds_of(sources.tolist(), labels, FOLDS)
    components = ideas.components_of(features.astype(np.float32), labels, sources.tolist(), 1.0)
    wanted = ideas.leave_sources_out(components, FOLDS, ideas.least_squares)
    found = least_squares(values, labels, sources, fold, 1.0)
    assert found == pytest.approx(wanted, abs=0.02)


def test_components_of_few_pictures_lose_nothing() -> None:
    features, _, _ = made()
    some = features[:6, 0].astype(np.float32)
    standard = (some - some.mean(axis=0)) / some.std(axis=0)
    values = turned(some)[:, 0]
    assert values @ values.T == pytest.approx(standard @ standard.T, abs=1e-3)


@pytest.mark.parametrize("kind", ["least squares", "network"])
def test_nothing_is_known_of_the_source_that_is_tested(kind: str) -> None:
    values, labels, sources, fold = known_by_heart()
    if kind == "network":
        shape = Shape(components=40, hidden=(16,), dropout=0.0, steps=150)
        scores = out_of_source(values, labels, sources, fold, shape)
    else:
        scores = least_squares(values, labels, sources, fold, 0.1)
    assert auc_by_source(scores[:, 0], labels, sources.tolist()) < 0.6


def test_the_network_learns_what_no_line_can_tell() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2 == 1
    sides = rng.choice([-2.0, 2.0], N)
    corners = np.stack([sides, np.where(labels, -sides, sides)], axis=1)[:, None]
    values = (corners + rng.normal(scale=0.3, size=corners.shape)).astype(np.float32)
    sources = np.array([f"{label:d}-{number % 14}" for number, label in enumerate(labels)])
    fold = folds_of(sources.tolist(), labels, FOLDS)
    shape = Shape(components=2, hidden=(32,), dropout=0.0, decay=0.01, steps=400, rate=0.01)
    scores = out_of_source(values, labels, sources, fold, shape)
    assert auc_by_source(scores[:, 0], labels, sources.tolist()) > 0.9
    line = least_squares(values, labels, sources, fold, 0.1)
    assert auc_by_source(line[:, 0], labels, sources.tolist()) < 0.7


def test_what_is_chosen_is_never_judged_where_it_was_chosen() -> None:
    """Of two candidates each is right on one half of the sources only, and wrong on the other."""
    _, labels, sources = made()
    names = np.random.default_rng(0).permutation(np.unique(sources))
    first = np.isin(sources, names[: len(names) // 2])
    sign = np.where(labels, 1.0, -1.0) + np.random.default_rng(0).normal(size=N) / 10
    tried = [np.where(half, sign, -sign)[:, None] for half in (first, ~first)]
    scores, chosen = chosen_elsewhere(tried, labels, sources)
    assert chosen == [1, 0]
    assert auc_by_source(scores[:, 0], labels, sources.tolist()) < 0.1


def test_reconstructions_teach_nothing_of_the_source_that_is_tested() -> None:
    """Taken for generated they would give their drawings' column away, if a head saw them."""
    values, labels, sources, _ = known_by_heart()
    rows = np.flatnonzero(~labels)
    families = np.where(labels, "gan", "human")
    without, with_them = (
        Compared(values, labels, sources, families, values[rows], sources[rows]).scores(share)
        for share in (0.0, 0.5)
    )
    drawn = (with_them - without)[~labels]
    assert np.ptp(drawn) < 0.2
    assert auc_by_source(with_them[:, 0], labels, sources.tolist()) < 0.6


def test_a_family_that_is_left_out_teaches_nothing() -> None:
    features, labels, sources = made()
    families = np.where(labels, np.where(np.arange(N) % 4 == 1, "gan", "flux"), "human")
    sources = np.char.add(sources, families)
    values = features.astype(np.float32)
    turned_round = values.copy()
    turned_round[families == "gan"] *= -1
    rows = np.flatnonzero(~labels)[:20]
    one, two = (
        Compared(v, labels, sources, families, values[rows], sources[rows]).scores(0.1, "gan")
        for v in (values, turned_round)
    )
    assert one[families != "gan"] == pytest.approx(two[families != "gan"], abs=1e-6)


def test_draws_are_of_whole_sources_and_of_both_labels() -> None:
    _, labels, sources = made()
    times = draws(labels, sources, 50)
    for name in np.unique(sources):
        assert (np.ptp(times[:, sources == name], axis=1) == 0).all()
    scores = labels + np.random.default_rng(0).normal(size=N)
    drawn = areas(scores, labels, sources, times)
    assert drawn.std() > 0
    assert drawn.mean() == pytest.approx(auc_by_source(scores, labels, sources.tolist()), abs=0.02)


def test_the_threshold_lets_one_in_a_hundred_pass() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=4000), np.arange(4000) % 2 == 1
    sources = np.array([f"s{number}" for number in range(4000)])
    over = (scores[~labels] > threshold(scores, labels, sources)).mean()
    assert over <= FALSE
    assert over == pytest.approx(FALSE, abs=0.001)


def test_the_autoencoder_gives_back_what_it_was_given(shared: Path) -> None:
    autoencoder = Autoencoder(shared / "weights")
    picture = painting(100, 75, seed=3)
    back = autoencoder(picture)
    assert back.size == (96, 72)
    away = np.asarray(picture, np.float32)[:72, :96] - np.asarray(back, np.float32)
    assert 10 * np.log10(255**2 / (away**2).mean()) > 22  # dB; its notes say 26 to 33
    assert (away != 0).any()


def toy_tower() -> ClipTower:
    """Random weights of CLIP's shape, of one block."""
    generator = torch.Generator().manual_seed(0)

    def some(*shape: int) -> torch.Tensor:
        values: torch.Tensor = torch.randn(shape, generator=generator) / shape[-1] ** 0.5
        return values

    name = "encoder.layers.0"
    weights = {"projection.weight": some(4, WIDTH), "embeddings.patch_embedding.weight": some(
        WIDTH, 3, 16, 16)}  # fmt: skip
    shapes = {f"self_attn.{part}_proj": (WIDTH, WIDTH) for part in ("q", "k", "v", "out")}
    shapes |= {"mlp.fc1": (64, WIDTH), "mlp.fc2": (WIDTH, 64)}
    for part, shape in shapes.items():
        weights[f"{name}.{part}.weight"] = some(*shape)
        weights[f"{name}.{part}.bias"] = some(shape[0])
    for part in ("layer_norm1", "layer_norm2"):
        weights[f"{name}.{part}.weight"] = torch.ones(WIDTH)
        weights[f"{name}.{part}.bias"] = some(WIDTH)
    return ClipTower(weights)


def test_adapters_start_as_the_frozen_block_and_alone_learn() -> None:
    tower = toy_tower()
    block = AdaptedBlock(tower, 0, rank=2)
    tokens = torch.randn(3, 5, WIDTH)
    found = block(tokens)
    wanted = tower._block(tokens, "encoder.layers.0")
    assert torch.allclose(found[:, :WIDTH], wanted[:, 0], atol=1e-5)
    assert torch.allclose(found[:, WIDTH : 2 * WIDTH], wanted[:, 1:].mean(1), atol=1e-5)
    found.square().sum().backward()
    assert len(list(block.parameters())) == 8
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in block.out.values())


def test_a_store_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    before = {path: path.read_bytes() for path in store.folder.iterdir()}
    with (store.folder / "index.jsonl").open("a") as stream:
        stream.write('{"id": "half a li')  # being written at this moment
    pictures = read_store(store.folder)
    assert len(pictures.ids) == 12
    assert (pictures.features == store_features(store.folder, pictures.features.shape)).all()
    assert pictures.tokens.shape[3] == WIDTH
    (store.folder / "index.jsonl").write_bytes(before[store.folder / "index.jsonl"])
    assert before == {path: path.read_bytes() for path in store.folder.iterdir()}
    some = pictures.at_most(1)
    keys = [(pictures.sources[n], pictures.generated[n]) for n in some]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(zip(pictures.sources, pictures.generated, strict=True))


def store_features(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    return np.fromfile(folder / "features.f16", np.float16).reshape(shape)


def test_what_was_computed_is_not_computed_again(tmp_path: Path) -> None:
    (tmp_path / "base.onnx").write_bytes(b"any")
    setting = Setting(
        tmp_path, (), tmp_path, tmp_path, tmp_path, tmp_path / "kept", lambda *_: None
    )
    asked: list[str] = []

    def compute(name: str) -> np.ndarray:
        asked.append(name)
        if name == "c":
            raise KeyboardInterrupt
        return np.full(3, ord(name), np.float16)

    with pytest.raises(KeyboardInterrupt):
        setting.kept("some", ["b", "a", "c"], (3,), compute)
    found = setting.kept("some", ["a", "b"], (3,), compute)
    assert found[:, 0].tolist() == [ord("a"), ord("b")]
    assert asked == ["b", "a", "c"]
