"""Two models as one: the careful one is asked where the fast one is not sure, and only there."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tegaki import BundleError, Detector, Result
from tegaki.model import CascadeBundle, load_bundle, load_single, save_bundle
from tegaki.results.scoring_config import (
    Calibration,
    Cascade,
    DecodePolicy,
    ScoringConfig,
    ScoringContext,
    scoring_config_from_dict,
)
from tests.cli.test_cli import tegaki
from tests.little_bundles import colour, grey, write_cascade

LEVELS = range(0, 256, 15)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> CascadeBundle:
    return write_cascade(tmp_path_factory.mktemp("cascade"))


@pytest.fixture(scope="module")
def auto(bundle: CascadeBundle) -> Detector:
    return Detector.load(bundle.folder)


@pytest.fixture(scope="module")
def fast(bundle: CascadeBundle) -> Detector:
    return Detector.load(bundle.fast.folder)


def saved(picture: Image.Image, path: Path) -> Path:
    picture.save(path)
    return path


def by_fast(row: Result) -> bool:
    return row.views[0].name.startswith("fast ")


def test_the_careful_model_is_asked_exactly_between_the_limits(
    bundle: CascadeBundle, auto: Detector, fast: Detector, careful: Detector
) -> None:
    asked = []
    for picture in map(grey, LEVELS):
        step, output = auto.scorer.predict(picture)
        (logit,) = fast.scorer.predict(picture)[1].logits
        scaled = 2.0 * logit + 0.5
        asked.append(-3.0 < scaled < 4.0)
        if asked[-1]:
            assert step.bundle == bundle.careful
            assert output == careful.scorer.predict(picture)[1]
        else:
            assert step.bundle == bundle.fast
            assert output.logits == pytest.approx([scaled])
    assert (asked[0], asked[len(asked) // 2], asked[-1]) == (False, True, False)


def test_at_a_limit_the_fast_model_is_sure(
    bundle: CascadeBundle, auto: Detector, fast: Detector
) -> None:
    limit = bundle.config.scaled(fast.scorer.predict(grey(135))[1].logits[0])
    for recipe in (replace(bundle.config, low=limit), replace(bundle.config, high=limit)):
        at = Detector(replace(bundle, config=recipe), auto.limits)
        assert at.scorer.predict(grey(135))[0].bundle == bundle.fast
    beyond = replace(bundle.config, low=math.nextafter(limit, -math.inf))
    at = Detector(replace(bundle, config=beyond), auto.limits)
    assert at.scorer.predict(grey(135))[0].bundle == bundle.careful


def test_what_the_fast_model_calls_outside_is_handed_on(
    bundle: CascadeBundle, auto: Detector, fast: Detector
) -> None:
    dark, red = colour(60, 0, 0), colour(160, 0, 0)
    for picture, is_outside in ((dark, False), (red, True)):
        output = fast.scorer.predict(picture)[1]
        assert bundle.config.scaled(output.logits[0]) <= bundle.config.low
        assert output.outside is not None
        assert (output.outside > 0) is is_outside
        assert auto.scorer.predict(picture)[0].bundle == (
            bundle.careful if is_outside else bundle.fast
        )


def test_a_fast_model_that_says_nothing_of_the_domain(tmp_path: Path) -> None:
    bundle = write_cascade(tmp_path, outside=False)
    step, output = Detector.load(bundle.folder).scorer.predict(colour(160, 0, 0))
    assert (step.bundle.folder.name, output.outside) == ("fast", None)


def test_rows_say_which_model_looked(
    bundle: CascadeBundle, auto: Detector, careful: Detector, tmp_path: Path
) -> None:
    black = auto.inspect(saved(grey(0), tmp_path / "black.png"))
    assert [view.name for view in black.views] == ["fast squashed"]
    assert black.domain == "inside"
    middle = auto.inspect(saved(grey(135), tmp_path / "middle.png"))
    names = careful.inspect(tmp_path / "middle.png").views
    assert [view.name for view in middle.views] == [f"careful {view.name}" for view in names]
    for row in (black, middle):
        assert (row.model, row.recipe) == (bundle.id, bundle.config.hash)


def test_a_row_that_was_handed_on_is_the_careful_models(
    auto: Detector, careful: Detector, tmp_path: Path
) -> None:
    own = ("views", "model", "recipe")
    handed = 0
    for number, picture in enumerate([*map(grey, LEVELS), colour(160, 0, 0)]):
        path = saved(picture, tmp_path / f"{number}.png")
        row = auto.inspect(path)
        if by_fast(row):
            continue
        handed += 1
        alone = careful.inspect(path)
        assert [view.logit for view in row.views] == [view.logit for view in alone.views]
        assert {k: v for k, v in row.to_dict().items() if k not in own} == {
            k: v for k, v in alone.to_dict().items() if k not in own
        }
    assert handed > 3


def test_what_each_model_cost_is_counted(bundle: CascadeBundle, tmp_path: Path) -> None:
    paths = [saved(grey(level), tmp_path / f"{level}.png") for level in (0, 135, 255)]
    counted = Detector.load(bundle.folder)
    list(counted.inspect_many([*paths, tmp_path / "missing.png"], workers=3))
    first, second = counted.scorer.steps
    assert (first.pictures, second.pictures) == (3, 1)
    assert 0 < first.seconds < second.seconds


def test_rows_do_not_depend_on_workers(auto: Detector, tmp_path: Path) -> None:
    paths = [saved(grey(level), tmp_path / f"{level}.png") for level in LEVELS]
    one, seven = (list(auto.inspect_many(paths, workers=n)) for n in (1, 7))
    assert one == seven


def test_it_can_be_pickled(auto: Detector) -> None:
    """As workers of a cluster get it: by name where it ships, else by its folder."""
    again = pickle.loads(pickle.dumps(auto))
    assert (again.bundle, again.context) == (auto.bundle, auto.context)
    assert again.scorer.predict(grey(135))[1] == auto.scorer.predict(grey(135))[1]
    kept = pickle.dumps(Detector.load("auto"))
    assert b"shipped" not in kept  # a worker's package stands elsewhere
    assert pickle.loads(kept).bundle == load_bundle("auto")


# ---- the command line --------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for level in (0, 30, 120, 135, 255):
        saved(grey(level), folder / f"{level}.png")
    return folder


SHARE = r"  careful model: 2 of 5 pictures (40%), "


def test_a_scan_says_how_often_the_careful_model_was_asked(
    bundle: CascadeBundle, pictures: Path
) -> None:
    done = tegaki("scan", pictures, "--model", bundle.folder)
    assert done.returncode == 0, done.stderr
    assert SHARE in done.stderr
    assert "s of processor time for scoring\n" in done.stderr
    alone = tegaki("scan", pictures, "--model", bundle.fast.folder)
    assert "careful model" not in alone.stderr
    quiet = tegaki("scan", pictures, "--model", bundle.folder, "--quiet")
    assert quiet.stderr == ""


def test_a_watch_says_it_too(bundle: CascadeBundle, pictures: Path, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "s.tegaki", "--once", "--settle", "0")
    done = tegaki("watch", pictures, *store, "--model", bundle.folder)
    assert done.returncode == 0, done.stderr
    assert SHARE in done.stderr


def test_the_shipped_names_on_the_command_line(pictures: Path) -> None:
    """What is asked for by default: check looks carefully, scan where it pays."""
    for command, name in (
        (["check"], "careful"), (["check", "--model", "auto"], "auto"),
        (["scan"], "auto"), (["scan", "--model", "fast"], "fast"),
    ):  # fmt: skip
        done = tegaki(*command, pictures / "135.png", "--json")
        assert json.loads(done.stdout)["model"] == load_bundle(name).id


def rows_of(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_store_keeps_what_was_said(bundle: CascadeBundle, pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.tegaki"
    by = ("--store", store, "--model", bundle.folder)
    plain = rows_of(tegaki("scan", pictures, "--json", "-q", "--model", bundle.folder).stdout)
    assert SHARE in tegaki("scan", pictures, *by).stderr
    again = tegaki("scan", pictures, *by)
    assert "measured" not in again.stderr
    assert "careful model" not in again.stderr  # none was asked
    kept = rows_of(tegaki("results", store, "--json").stdout)
    assert kept == sorted(plain, key=lambda row: str(row["path"]))
    assert rows_of(tegaki("results", store, "--json", "--model", bundle.folder).stdout) == kept
    refused = tegaki("results", store, "--json", "--model", "careful")
    assert refused.returncode == 2
    assert f"it has those by {bundle.id}" in refused.stderr


def test_results_by_the_name_of_the_cascade(pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.tegaki"
    done = tegaki("scan", pictures, "--store", store, "--model", "auto")
    assert "  careful model: " in done.stderr
    kept = rows_of(tegaki("results", store, "--json", "--model", "auto").stdout)
    assert [row["model"] for row in kept] == [load_bundle("auto").id] * 5
    assert kept == rows_of(tegaki("results", store, "--json").stdout)


# ---- bundles and recipes -----------------------------------------------------------------------


def test_the_shipped_one_joins_the_shipped_two() -> None:
    auto = load_bundle("auto")
    assert isinstance(auto, CascadeBundle)
    assert (auto.fast, auto.careful) == (load_single("fast"), load_single("careful"))
    assert Detector.load().bundle == load_bundle("careful")


def change(folder: Path, name: str) -> None:
    bundle = load_single(folder / name)
    recipe = replace(bundle.config, calibration=Calibration(1.0, 0.25))
    save_bundle(replace(bundle, config=recipe))


@pytest.mark.parametrize("name", ["fast", "careful"])
def test_a_cascade_of_other_models_is_refused(tmp_path: Path, name: str) -> None:
    bundle = write_cascade(tmp_path)
    change(tmp_path, name)
    with pytest.raises(BundleError, match="was made for other models than those beside") as told:
        Detector.load(bundle.folder)
    assert str(told.value).endswith(f"put {bundle.fast.id} and {bundle.careful.id} there again")


def test_a_cascade_without_one_of_its_models_is_refused(tmp_path: Path) -> None:
    bundle = write_cascade(tmp_path)
    bundle.fast.folder.rename(tmp_path / "quick")
    with pytest.raises(BundleError, match="fast does not exist"):
        load_bundle(bundle.folder)


def damaged(plain: dict[str, object], key: str, value: object) -> dict[str, object]:
    return {k: v for k, v in (plain | {key: value}).items() if v is not None}


@pytest.mark.parametrize(
    ("key", "value"),
    [("low", 5.0), ("low", "high"), ("low", None), ("slope", 0.0), ("slope", -1.0),
     ("high", math.nan), ("middle", 0.0), ("fast", None), ("careful", 3)],
)  # fmt: skip
def test_a_damaged_cascade_is_refused(tmp_path: Path, key: str, value: object) -> None:
    bundle = write_cascade(tmp_path)
    path = bundle.folder / "bundle.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["recipe"] = damaged(plain["recipe"], key, value)
    path.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(BundleError):
        load_bundle(bundle.folder)


def test_one_model_is_asked_for_where_one_is_meant(bundle: CascadeBundle) -> None:
    with pytest.raises(BundleError, match="auto joins two models; name one of them"):
        load_single(bundle.folder)


def moved(cascade: Cascade) -> Sequence[Cascade]:
    other = replace(cascade.fast, calibration=Calibration(3.0, 0.0))
    return (
        replace(cascade, slope=1.0), replace(cascade, intercept=0.0), replace(cascade, low=-9.0),
        replace(cascade, high=9.0), replace(cascade, fast=other),
    )  # fmt: skip


def test_its_recipe_survives_being_stored_and_has_a_hash(bundle: CascadeBundle) -> None:
    cascade = bundle.config
    assert scoring_config_from_dict(json.loads(json.dumps(cascade.to_dict()))) == cascade
    hashes = {each.hash for each in (cascade, *moved(cascade))}
    assert len(hashes) == 6
    assert len({each.model.id for each in (cascade, *moved(cascade))}) == 6
    assert isinstance(scoring_config_from_dict(cascade.fast.to_dict()), ScoringConfig)
    with pytest.raises(BundleError, match="lacks keys or holds others"):
        scoring_config_from_dict({**cascade.to_dict(), "middle": 0.0})


def test_its_models_decode_alike(bundle: CascadeBundle) -> None:
    for careful in (
        replace(bundle.config.careful, decode=DecodePolicy(background=(0, 0, 0))),
        replace(bundle.config.careful, shrink=None),
        replace(bundle.config.careful, views=replace(bundle.careful.config.views, short_side=256)),
    ):
        with pytest.raises(BundleError, match="decode differently"):
            replace(bundle.config, careful=careful)


def test_it_is_judged_on_the_careful_models_scale(bundle: CascadeBundle) -> None:
    assert bundle.config.calibration == bundle.careful.config.calibration
    assert bundle.context == ScoringContext(bundle.config, bundle.thresholds)
