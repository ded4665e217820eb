"""Both models from shards to bundles that the detector runs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tegaki import Detector
from tegaki.errors import CorpusError, TrainingError
from tegaki.lab.export.model_card_training import study_text
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.training.clip.cascade import make_cascade
from tegaki.lab.training.clip.features import SampleInfo
from tegaki.lab.training.clip.held_out import HeldOut
from tegaki.lab.training.clip.ideas import HEAD_METHODS
from tegaki.lab.training.clip.runs import TrainingData, teacher_logits, train_careful, train_fast
from tegaki.lab.training.clip.student import FAST, StudentPlan
from tegaki.lab.training.recipes import FAST_RECIPES
from tegaki.model import Bundle, load_bundle
from tests.lab.tiny import one_thread
from tests.lab.training.clip.made import PLAN, base, little_data

__all__ = ["one_thread"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    found = little_data(tmp_path_factory.mktemp("data"))
    # The little corpus has no source of its own in val: say that one stands nowhere else.
    counts = json.loads(json.dumps(found.shards.counts))
    for label in counts["train"]:
        counts["train"][label].pop(f"{label[0]}2", None)
    return dataclasses.replace(found, shards=dataclasses.replace(found.shards, counts=counts))


@pytest.fixture(scope="module")
def careful(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Path]:
    out = tmp_path_factory.mktemp("runs") / "careful"
    tried = {"mean 6": {}, "class 6": {"pools": (("class", 6),)}}
    return train_careful(PLAN, data, base(), out, tried=tried), out


def start(plan: StudentPlan, folder: Path) -> Path:
    """Start weights: a network as it is drawn."""
    torch.manual_seed(0)
    network = Classifier(plan.network)
    path = folder / "start.pth"
    torch.save({f"features.{k}": v for k, v in network.features.state_dict().items()}, path)
    return path


def small(steps: int = 3) -> StudentPlan:
    plan = FAST["fast-mobilenetv2"]
    return dataclasses.replace(plan, size=64, steps=steps, batch=4, components=8)


def weighed(plan: StudentPlan, folder: Path) -> tuple[StudentPlan, Path]:
    """The plan with the hash of its own start weights."""
    path = start(plan, folder)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return dataclasses.replace(plan, start=dataclasses.replace(plan.start, sha256=sha256)), path


def test_the_careful_model_tells_them_apart(
    careful: tuple[Bundle, Path], data: TrainingData
) -> None:
    bundle, _ = careful
    detector = Detector.load(bundle.folder)
    rows = [(s.generated, detector.inspect(s.data).logit) for s in data.samples()]
    drawn, made = ([x for label, x in rows if label == want] for want in (False, True))
    assert np.mean([x for x in drawn if x is not None]) < np.mean(
        [x for x in made if x is not None]
    )
    assert detector.inspect(next(data.samples()).data).domain in ("inside", "outside")


def test_the_study_says_what_was_tried(careful: tuple[Bundle, Path], data: TrainingData) -> None:
    labels = [sample.generated for sample in data.samples()]
    study = json.loads((careful[0].folder / "study.json").read_text())
    assert [row["name"] for row in study["choices"]] == ["mean 6", "class 6"]
    assert study["families"] == []  # there is one family: without it nothing is left to learn
    assert 0 <= study["attribution"]["right"] <= 1
    assert study["curve"]
    assert [row["name"] for row in study["heads"]] == list(HEAD_METHODS)
    everything = study["looks"][-1]
    assert everything["look"] == "all"
    assert everything["pictures"] == sum(not generated for generated in labels)
    assert 0 <= everything["generated"] <= everything["generated"] + everything["drawn"] <= 1
    card = "\n".join(study_text(study))
    for row in (*study["choices"], *study["heads"]):
        cells = " | ".join(f"{area:.3f}" for area in row["auc"])
        assert f"| {row['name']} | {cells} |" in card


def test_a_student_learns_nothing_of_sources_that_are_kept_from_it() -> None:
    rng = np.random.default_rng(0)
    index = [SampleInfo(str(n), n % 2 == 0, f"source {n % 8}", "") for n in range(64)]
    features = rng.normal(size=(64, 2, 6)).astype(np.float32)
    features[:, :, 0] += 2 * np.array([one.generated for one in index])[:, None]
    rows = np.array(
        [n for n, one in enumerate(index) if one.source not in ("source 6", "source 7")]
    )
    plan = dataclasses.replace(PLAN, folds=3)
    before = teacher_logits(plan, features, index, rows)
    held = np.setdiff1d(np.arange(64), rows)
    features[held] = rng.normal(size=(len(held), 2, 6))
    index = [
        dataclasses.replace(one, generated=not one.generated) if n in held else one
        for n, one in enumerate(index)
    ]
    assert (teacher_logits(plan, features, index, rows) == before).all()
    assert before[::2].mean() > before[1::2].mean()


def test_logits_out_of_source_are_kept_for_students(careful: tuple[Bundle, Path]) -> None:
    kept = np.load(careful[1] / "scores.npz")
    assert kept["scores"].shape == (len(kept["ids"]), PLAN.copies)
    assert np.isfinite(kept["scores"]).all()


@pytest.mark.usefixtures("one_thread")
def test_the_fast_model_and_the_two_joined(
    careful: tuple[Bundle, Path], data: TrainingData, tmp_path: Path
) -> None:
    plan, weights = weighed(small(), tmp_path)
    fast = train_fast(plan, data, careful[1], weights, tmp_path / "fast", features=PLAN)
    kept = fast.training["held_out"]
    assert kept["sources"] == len(data.held_out()) == 2
    of_both = HeldOut.of_runs(careful[1], tmp_path / "fast")
    assert set(of_both.sources) == data.held_out()
    detector = Detector.load(fast.folder)
    pictures = [sample.data for sample in data.samples()]
    picture = pictures[0]
    row = detector.inspect(picture)
    assert row.logit is not None
    assert row.domain is not None

    for name, bundle in (("fast", fast), ("careful", careful[0])):
        (tmp_path / "all" / name).parent.mkdir(exist_ok=True)
        bundle.folder.rename(tmp_path / "all" / name)
    parts = [load_bundle(tmp_path / "all" / name) for name in ("fast", "careful")]
    assert isinstance(parts[0], Bundle)
    assert isinstance(parts[1], Bundle)
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2 == 1
    scores = rng.normal(size=(400, 1)) + 2 * labels[:, None]
    held = HeldOut(scores, scores, labels, [str(k) for k in range(400)])
    make_cascade(parts[0], parts[1], held, tmp_path / "all" / "auto")
    assert Detector.load(tmp_path / "all" / "auto").inspect(picture).error is None
    (tmp_path / "all" / "careful").rename(careful[0].folder)


@pytest.mark.usefixtures("one_thread")
def test_a_student_that_was_stopped_ends_as_if_it_had_not_been(
    careful: tuple[Bundle, Path],
    data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, weights = weighed(small(4), tmp_path)
    monkeypatch.setattr("tegaki.lab.training.clip.student._SAVE_EVERY", 0.0)

    def stop(what: str, done: int, total: int) -> None:
        if what == "train" and done == 3:
            raise KeyboardInterrupt

    args = (plan, data, careful[1], weights)
    with pytest.raises(KeyboardInterrupt):
        train_fast(*args, tmp_path / "stopped", stop, features=PLAN)
    again = train_fast(*args, tmp_path / "stopped", features=PLAN)
    whole = train_fast(*args, tmp_path / "whole", features=PLAN)
    assert again.config.model.sha256 == whole.config.model.sha256


def test_other_start_weights_are_refused(
    careful: tuple[Bundle, Path], data: TrainingData, tmp_path: Path
) -> None:
    plan = small()
    with pytest.raises(TrainingError, match="SHA-256 differs"):
        train_fast(plan, data, careful[1], start(plan, tmp_path), tmp_path / "run", features=PLAN)
    with pytest.raises(TrainingError, match="starts from weights"):
        train_fast(plan, data, careful[1], None, tmp_path / "run", features=PLAN)


def test_a_run_of_something_else_is_refused(data: TrainingData, tmp_path: Path) -> None:
    plan, weights = weighed(small(), tmp_path)
    with pytest.raises(TrainingError, match="no finished run of recipe careful"):
        train_fast(plan, data, tmp_path, weights, tmp_path / "run", features=PLAN)


def test_a_folder_without_pictures_outside_is_refused(data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        dataclasses.replace(data, outside=tmp_path).outside_size()


def test_every_candidate_has_a_name() -> None:
    assert tuple(FAST) == FAST_RECIPES
