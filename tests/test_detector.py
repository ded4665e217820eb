from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import math
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki import BundleError, Detector, Result
from tegaki.model import SHIPPED, load_single
from tests.conftest import painting

FIELDS = [
    "path",
    "path_bytes",
    "sha256",
    "size_bytes",
    "format",
    "width",
    "height",
    "alpha",
    "animated",
    "verdict",
    "probability",
    "logit",
    "views",
    "reasons",
    "claims",
    "error",
    "model",
    "recipe",
    "domain",
    "judged_area",
    "judged_frame",
]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "絵.png"
    painting(300, 400).save(path)
    return path


def test_the_row_of_a_picture(detector: Detector, picture: Path) -> None:
    row = detector.inspect(picture)
    assert list(row.to_dict()) == FIELDS
    assert row.path == str(picture)
    assert row.sha256 == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert row.size_bytes == picture.stat().st_size
    assert (row.format, row.width, row.height) == ("PNG", 300, 400)
    assert row.verdict in ("drawn", "generated", "unsure")
    assert row.probability is not None
    assert 0 <= row.probability <= 1
    names = load_single("fast").config.views.names
    assert tuple(view.name for view in row.views) == names
    assert row.logit == pytest.approx(sum(view.logit for view in row.views) / len(names))
    assert row.error is None
    assert row.model == detector.bundle.id
    assert row.recipe == detector.bundle.config.hash


def test_content_is_judged_as_the_file(detector: Detector, picture: Path) -> None:
    assert detector.inspect(picture.read_bytes(), str(picture)) == detector.inspect(picture)
    for data, kind in ((b"", "EmptyFile"), (b"no picture", "NotAPicture")):
        row = detector.inspect(data, "from memory")
        assert row.error is not None
        assert (row.path, row.error.type) == ("from memory", kind)


def test_json_is_the_row(detector: Detector, picture: Path) -> None:
    row = detector.inspect(picture)
    assert json.loads(row.to_json()) == row.to_dict()
    assert "絵" in row.to_json()


def test_an_error_row_says_what_is_known(detector: Detector, tmp_path: Path) -> None:
    painting(20, 30).save(tmp_path / "small.png")
    row = detector.inspect(tmp_path / "small.png")
    assert row.error is not None
    assert row.error.type == "TooSmall"
    assert (row.format, row.width, row.height) == ("PNG", 20, 30)
    assert row.sha256 is not None


def test_how_a_picture_was_read_is_said(detector: Detector, tmp_path: Path) -> None:
    half = painting().convert("RGBA")
    half.putalpha(Image.new("L", half.size, 100))
    half.save(tmp_path / "a.png")
    assert "Transparent parts were laid on white." in detector.inspect(tmp_path / "a.png").reasons
    frames = [painting(seed=k) for k in range(2)]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    assert (
        "Only the first frame or page was judged." in detector.inspect(tmp_path / "b.gif").reasons
    )


def test_text_in_a_file_does_not_move_its_score(detector: Detector, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "1girl\nSteps: 20, Sampler: Euler a, Model: anything")
    painting().save(tmp_path / "a.png")
    painting().save(tmp_path / "b.png", pnginfo=info)
    a, b = detector.inspect_many([tmp_path / "a.png", tmp_path / "b.png"])
    assert a.sha256 != b.sha256
    assert a.views == b.views


def test_rows_come_in_order_and_do_not_depend_on_workers(
    detector: Detector, tmp_path: Path
) -> None:
    paths = []
    for k in range(12):
        paths.append(tmp_path / f"{k}.png")
        painting(90 + 40 * (k % 4), 400 - 20 * k, seed=k).save(paths[-1])
    paths.insert(5, tmp_path / "missing.png")
    runs = [list(detector.inspect_many(paths, workers=n)) for n in (1, 2, 7)]
    assert [row.path for row in runs[0]] == [str(path) for path in paths]
    assert runs[0] == runs[1] == runs[2]
    assert runs[0] == [detector.inspect(path) for path in paths]


@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGBA"), ("a.jpg", "L"), ("a.webp", "RGB")])
def test_a_blank_picture_gets_no_verdict(
    detector: Detector, tmp_path: Path, name: str, mode: str
) -> None:
    Image.new(mode, (200, 200)).save(tmp_path / name)
    row = detector.inspect(tmp_path / name)
    assert row.error is not None
    assert (row.error.type, row.width) == ("BlankPicture", 200)


def test_a_faint_drawing_is_not_blank(detector: Detector, tmp_path: Path) -> None:
    faint = Image.new("RGB", (200, 200), "white")
    faint.paste((235, 235, 235), (90, 90, 92, 140))
    faint.save(tmp_path / "a.png")
    assert detector.inspect(tmp_path / "a.png").error is None


def test_many_takes_an_endless_stream(detector: Detector, picture: Path) -> None:
    rows = detector.inspect_many(itertools.repeat(picture), workers=2)
    assert len(list(itertools.islice(rows, 5))) == 5


def test_a_row_is_plain_and_frozen(detector: Detector, picture: Path) -> None:
    row = detector.inspect(picture)
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.verdict = "drawn"  # type: ignore[misc]
    assert isinstance(row, Result)


# ---- bundles -----------------------------------------------------------------------------------


def test_a_folder_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is not a model bundle: it has no bundle\.json"):
        Detector.load(tmp_path)


def test_a_training_run_in_place_of_its_bundle(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(BundleError, match="is a training run without a bundle"):
        Detector.load(tmp_path)
    (tmp_path / "bundle").mkdir()
    copy_bundle(tmp_path / "bundle")
    with pytest.raises(BundleError, match="is a training run") as told:
        Detector.load(tmp_path)
    assert str(told.value).endswith(f"its bundle is {tmp_path / 'bundle'}")
    assert Detector.load(tmp_path / "bundle")


def test_a_bundle_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"none does not exist$"):
        Detector.load(tmp_path / "none")


def test_a_name_that_no_model_has() -> None:
    with pytest.raises(BundleError, match="fastt does not exist; the models that come with tegaki: "
                       "fast, careful, auto"):  # fmt: skip
        Detector.load("fastt")


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_models_are_loaded_by_name(name: str) -> None:
    assert Detector.load(name).bundle == Detector.load(SHIPPED[name]).bundle


def copy_bundle(folder: Path) -> Path:
    for name in ("bundle.json", "model.onnx"):
        (folder / name).write_bytes((SHIPPED["fast"] / name).read_bytes())
    return folder


def test_a_network_that_is_not_the_bundles_own(tmp_path: Path) -> None:
    network = copy_bundle(tmp_path) / "model.onnx"
    data = bytearray(network.read_bytes())
    data[-1] ^= 1
    network.write_bytes(data)
    with pytest.raises(BundleError, match="is not the file that its bundle names"):
        Detector.load(tmp_path)


@pytest.mark.parametrize("damage", ["", "{", "[]", "3", '{"recipe": {}}', '{"recipe": []}'])
def test_a_damaged_bundle(tmp_path: Path, damage: str) -> None:
    (copy_bundle(tmp_path) / "bundle.json").write_text(damage)
    with pytest.raises(BundleError, match="cannot be read"):
        Detector.load(tmp_path)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("views", "mirror", True),
        ("views", "names", ["centre", "mirror"]),
        ("views", "names", []),
        ("decode", "version", 99),
        ("tiles", "version", 99),
    ],
)
def test_a_bundle_of_another_version_is_refused(
    tmp_path: Path, part: str, key: str, value: object
) -> None:
    path = copy_bundle(tmp_path) / "bundle.json"
    plain = json.loads(path.read_text())
    plain["recipe"][part][key] = value
    path.write_text(json.dumps(plain))
    with pytest.raises(BundleError, match="cannot be read"):
        Detector.load(tmp_path)


def test_a_network_of_another_size_is_refused(tmp_path: Path) -> None:
    path = copy_bundle(tmp_path) / "bundle.json"
    plain = json.loads(path.read_text())
    plain["recipe"]["views"]["size"] = 96
    path.write_text(json.dumps(plain))
    with pytest.raises(BundleError, match="does not take views of 96 pixels"):
        Detector.load(tmp_path)


@pytest.mark.parametrize("value", ["high", 0.01, None])
def test_thresholds_that_make_no_sense_are_refused(tmp_path: Path, value: object) -> None:
    path = copy_bundle(tmp_path) / "bundle.json"
    plain = json.loads(path.read_text())
    plain["thresholds"]["generated_from"] = value
    path.write_text(json.dumps(plain))
    with pytest.raises(BundleError, match="cannot be read"):
        Detector.load(tmp_path)


LITE0 = 3_413_024  # numbers of EfficientNet-Lite0 without its classifier, batch norms among them


def test_the_fast_network_has_the_numbers_of_its_parts() -> None:
    onnx = pytest.importorskip("onnx", reason="needs tegaki[lab]")
    graph = onnx.load(load_single("fast").onnx).graph
    weights = [t for t in graph.initializer if t.dims and t.data_type == onnx.TensorProto.FLOAT]
    found = sum(math.prod(t.dims) for t in weights)
    assert found == LITE0 + 2 * (1280 + 1)  # the backbone, and two heads on its 1,280 means
    assert found <= 4_000_000
