"""Evaluating bundles and runs under protocols, from the command line as users do."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tegaki import Detector
from tegaki.errors import BundleError, CorpusError
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.protocols import Protocol, load_protocol
from tegaki.lab.evaluation.evaluate import SYSTEM, check_split, count_tasks, evaluate, too_few
from tegaki.lab.evaluation.predictors import load_predictor
from tegaki.lab.evaluation.report import read_report
from tegaki.lab.evaluation.verify import verify
from tests.lab.little_corpus import write_corpus
from tests.lab.scenes import scene
from tests.lab.tiny import little_shards, tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("model", ["fast", "careful", "auto"])
def test_shipped_models_are_scored_as_users_run_them(folder: Path, model: str) -> None:
    items, detector = load_corpus(folder).items, Detector.load(model)
    found = evaluate(load_predictor(Path(model)), items, load_protocol("unseen"), workers=2)
    assert found.tests() == ["val", "test_unseen"]
    by_id = {item.id: item for item in items}
    for judged, score in zip(found.samples, found.scores[SYSTEM], strict=True):
        assert detector.inspect(by_id[judged.id].path).logit == pytest.approx(score, abs=1e-5)
        assert judged.generated == by_id[judged.id].generated


def test_conditions_change_pictures_and_are_named(folder: Path) -> None:
    protocol = Protocol("mine", "", "as-made", ("test_seen",), None, ("flip", "jpeg-30"))
    items = load_corpus(folder).items
    done: list[int] = []
    found = evaluate(load_predictor(None), items, protocol, workers=2, progress=done.append)
    assert found.tests() == ["val", "test_seen", "test_seen flip", "test_seen jpeg-30"]
    assert done[-1] == len(found.samples) == count_tasks(items, protocol) == 16 + 3 * 12
    plain, flipped, worse = (found.part(name).scores[SYSTEM] for name in found.tests()[1:])
    assert not np.allclose(plain, flipped)
    assert not np.allclose(plain, worse)


def test_what_cannot_be_evaluated_is_told(folder: Path, tmp_path: Path) -> None:
    items = load_corpus(folder).items
    protocol = load_protocol("seen")
    predictor = load_predictor(Path("fast"))
    with pytest.raises(CorpusError, match="unknown conditions: magic"):
        evaluate(predictor, items, replace(protocol, conditions=("magic",)), workers=1)
    with pytest.raises(CorpusError, match="split 'test_seen' of the corpus lacks"):
        evaluate(predictor, [i for i in items if i.split != "test_seen"], protocol, workers=1)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    broken = [replace(i, path=tmp_path / "broken.jpg") for i in items]
    with pytest.raises(CorpusError, match="cannot be read"):
        evaluate(predictor, broken, protocol, workers=1)
    with pytest.raises(BundleError, match="neither a model bundle nor a finished run"):
        load_predictor(tmp_path)


def test_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    command = [sys.executable, "-m", "tegaki", "lab", "evaluate", "--corpus", str(folder)]
    done = subprocess.run(
        [*command, "--protocol", "seen", "--out", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "TPR at 5 % FPR" in done.stdout
    assert verify(out / "report.json") == []
    said = read_report(out / "report.json")
    assert said["manifest_sha256"] == load_corpus(folder).manifest_sha256
    assert said["model"]["id"] == Detector.load().bundle.id
    assert done.stderr == (
        "Warning: test_seen has 6 human and 6 generated pictures: its figures mean little.\n"
    )
    again = [*command, "--protocol", "seen", "--out", str(out), "--json"]
    (out / "report.json").write_text("mine")
    done = subprocess.run(again, capture_output=True, text=True)
    assert done.returncode == 2
    assert "holds a report already; name another folder, or give --replace" in done.stderr
    assert (out / "report.json").read_text() == "mine"
    done = subprocess.run([*again, "--replace"], capture_output=True, text=True)
    assert json.loads(done.stdout) == said == read_report(out / "report.json")
    done = subprocess.run(
        [*command, "--protocol", "leave-one-family-out", "--out", str(tmp_path / "family")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "leave out one of sdxl" in done.stderr


@pytest.mark.parametrize(
    ("human", "problem"),
    [
        (19, "test_seen has 19 human and 25 generated pictures: its figures mean little"),
        (99, "test_seen has 99 human pictures: TPR at 1 %, 0.5 % and 0.1 % FPR means little "
             "(needs 100, 200 and 1,000)"),
        (100, "test_seen has 100 human pictures: TPR at 0.5 % and 0.1 % FPR means little "
              "(needs 200 and 1,000)"),
        (999, "test_seen has 999 human pictures: TPR at 0.1 % FPR means little (needs 1,000)"),
        (1000, ""),
    ],
)  # fmt: skip
def test_what_a_test_is_too_small_for_is_said(folder: Path, human: int, problem: str) -> None:
    items = load_corpus(folder).items
    protocol = replace(load_protocol("seen"), tests=("test_seen", "test_seen"))
    drawn, made = (next(i for i in items if i.generated == g) for g in (False, True))
    many = [replace(drawn, split="test_seen")] * human + [replace(made, split="test_seen")] * 25
    assert too_few([*many, replace(drawn, split="test_unseen")], protocol) == [problem] * bool(
        problem
    )


def test_a_model_is_not_tested_on_what_it_may_have_learnt_from(
    folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tegaki", "lab", "evaluate", "--corpus", str(folder)]
    done = subprocess.run(
        [*command, "--protocol", "seed-random", "--out", str(tmp_path / "r")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pictures that it may have learnt from" in done.stderr
    assert not (tmp_path / "r").exists()
    with pytest.raises(CorpusError, match="pictures that it may have learnt from"):
        check_split(load_predictor(None), load_protocol("leave-one-family-out"), "gan")


def test_originals_are_decoded_as_users_files_are(tmp_path: Path, detector: Detector) -> None:
    """Transparent parts on white, EXIF orientation: not what a bare convert("RGB") gives."""
    (item, other) = load_corpus(write_corpus(tmp_path, {"val": 1})).items
    cut_out = Image.open(item.path).convert("RGBA")
    cut_out.putalpha(Image.linear_gradient("L").resize(cut_out.size))
    cut_out.save(tmp_path / "cut-out.png")
    items = [replace(item, path=tmp_path / "cut-out.png"), other]
    items += [replace(i, split="test_seen") for i in items]
    found = evaluate(load_predictor(Path("fast")), items, load_protocol("seen"), workers=1)
    expected = detector.inspect(tmp_path / "cut-out.png").logit
    assert found.scores[SYSTEM][0] == pytest.approx(expected, abs=1e-5)


def test_a_run_of_the_seeds_is_scored_with_its_own_views(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs tegaki[lab]")
    from tegaki.lab.metrics.predictions import log_odds
    from tegaki.lab.training.feature_cache import FeatureCache
    from tegaki.lab.training.letterbox import TTA
    from tegaki.lab.training.trainer import Trainer

    shards = little_shards(tmp_path)
    recipe = tiny("kusuma-v2", epochs=1, tta="flip")
    network = Trainer(recipe, shards, tmp_path / "run").run()
    items = load_corpus(shards.folder).items
    found = evaluate(load_predictor(tmp_path / "run"), items, load_protocol("seen"), workers=2)
    file = FeatureCache(network, shards, tmp_path / "f", 64).split("test_seen", TTA["flip"])
    with torch.inference_mode():
        logits = [network.classify(torch.from_numpy(file.all_rows(view))) for view in TTA["flip"]]
        chances = torch.sigmoid(torch.stack(logits).double()).mean(0).numpy()
    expected = dict(zip([f.id for f in file.samples], log_odds(chances), strict=True))
    part = found.part("test_seen")
    for judged, score in zip(part.samples, part.scores[SYSTEM], strict=True):
        assert expected[judged.id] == pytest.approx(score, abs=1e-4)


def test_one_family_left_out(tmp_path: Path) -> None:
    """The family is gone from train and val, and all of it is what is tested on."""
    for k in range(60):
        kind = "drawn/artist" if k % 2 else f"made/{('gan', 'flux')[k % 4 // 2]}"
        (tmp_path / kind).mkdir(parents=True, exist_ok=True)
        scene(k).save(tmp_path / kind / f"{k}.png")
    command = [sys.executable, "-m", "tegaki", "lab", "corpus", "build"]
    command += ["--out", str(tmp_path / "s")]
    command += ["--human", str(tmp_path / "drawn"), "--generated", str(tmp_path / "made")]
    command += ["--protocol", "leave-one-family-out", "--family", "gan"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    items = load_corpus(tmp_path / "s").items
    assert {i.family for i in items if i.split != "test_seen" and i.generated} == {"flux"}
    assert [i.family for i in items if i.split == "test_seen" and i.generated] == ["gan"] * 15
