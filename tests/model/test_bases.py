"""The frozen network that ships: the recipe's own, small, and the same on every processor."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tegaki import BundleError, Detector
from tegaki.imaging import make_crops
from tegaki.model import BASES, SHIPPED, Bundle, load_runtime, load_single, open_session, read_base
from tegaki.model import bundle as bundle_module
from tegaki.model.session import BaseSession, HeadSession
from tests.conftest import ROOT, painting

MOST_MB = 55
LEVELS = 63  # of a weight, either way
MOST_OF_16_BITS = 2**15 - 1


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_single("careful")


def test_it_is_the_recipes_own(bundle: Bundle) -> None:
    path, data = read_base(bundle)
    assert bundle.config.base is not None
    assert path == BASES / f"{bundle.config.base.id}.onnx"
    assert hashlib.sha256(data).hexdigest() == bundle.config.base.sha256
    assert [each.name for each in BASES.iterdir()] == [path.name]
    assert len(data) <= MOST_MB * 1_000_000


def test_no_processor_saturates(bundle: Bundle) -> None:
    """Without VNNI, two products of an unsigned and a signed 8-bit number are added in 16 bits."""
    onnx = pytest.importorskip("onnx", reason="needs tegaki[lab]")
    graph = onnx.load_from_string(read_base(bundle)[1]).graph
    numbers = {each.name: each for each in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMulInteger"]
    assert len(products) >= 4
    for node in products:
        assert len(node.input) == 3  # no zero point of the weights
        weights = onnx.numpy_helper.to_array(numbers[node.input[1]])
        assert weights.dtype == np.int8
        size = np.abs(weights.astype(np.int64))
        assert size.max() <= LEVELS
        # Whichever two rows are neighbours in a register, and whatever the activations are:
        assert 2 * 255 * int(size.max()) <= MOST_OF_16_BITS
        assert 255 * int(size.sum(axis=0).max()) < 2**31


def pictures() -> list[Image.Image]:
    drawn = runpy.run_path(str(ROOT / "tools" / "draw_examples.py"))
    looks = ("INK", "SUNSET", "GREEN", "NEON", "DAWN")
    noise = np.random.default_rng(3).integers(0, 256, (200, 180, 3), dtype=np.uint8)
    return [
        *(drawn["portrait"](drawn[name]) for name in looks), painting(400, 300),
        Image.fromarray(noise),
    ]  # fmt: skip


def precise(bundle: Bundle, value: str) -> HeadSession:
    """The careful model, ONNX Runtime's care on processors without VNNI switched on or off."""
    session = open_session(bundle)
    assert isinstance(session, HeadSession)
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", value)
    session._base._session = runtime.InferenceSession(
        read_base(bundle)[1], options, providers=["CPUExecutionProvider"]
    )
    return session


def test_it_computes_the_same_with_and_without_care_for_saturation(bundle: Bundle) -> None:
    with_care, without = (precise(bundle, value) for value in ("1", "0"))
    logits = []
    for picture in pictures():
        views = make_crops(picture, bundle.config.views)
        one, other = (s.run(views.unique, views.inverse) for s in (with_care, without))
        assert one.logits == pytest.approx(other.logits, abs=0.02)
        assert one.outside == pytest.approx(other.outside, abs=0.02)
        logits.append(one.logits[0])
    assert np.std(logits) > 0.1  # it does tell them apart


def test_every_grid_has_its_positions(bundle: Bundle) -> None:
    path, data = read_base(bundle)
    base = BaseSession(data, path)
    assert base.takes(160)
    assert not base.takes(150)
    assert not base.takes(16)
    for side in (128, 160, 192):
        view = np.zeros((3, side, side), np.float32)
        assert base.features(view).shape == (base.width,)


# ---- what can be wrong -------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the careful model, to damage."""
    return Path(shutil.copytree(SHIPPED["careful"], tmp_path / "copied"))


@pytest.fixture
def contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Frozen networks as they could be installed: none."""
    folder = tmp_path / "bases"
    folder.mkdir()
    monkeypatch.setattr(bundle_module, "BASES", folder)
    return folder


def test_a_copy_works_by_itself(copied: Path) -> None:
    assert Detector.load(copied).bundle.id == load_single("careful").id


def test_a_missing_base(copied: Path, contexts: Path) -> None:
    with pytest.raises(BundleError, match=r"\.onnx cannot be read"):
        Detector.load(copied)


def test_a_base_that_is_another_file(copied: Path, contexts: Path, bundle: Bundle) -> None:
    path, data = read_base_of(bundle)
    (contexts / path.name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(BundleError, match="is not the file that its bundle names; install it"):
        Detector.load(copied)


def read_base_of(bundle: Bundle) -> tuple[Path, bytes]:
    """From where it ships, whatever a test says of the folder."""
    assert bundle.config.base is not None
    path = BASES / f"{bundle.config.base.id}.onnx"
    return path, path.read_bytes()


def test_a_bundle_without_a_base_has_none_to_read() -> None:
    with pytest.raises(BundleError, match="stands on no frozen network"):
        read_base(
            replace(load_single("fast"), config=replace(load_single("fast").config, base=None))
        )


def write_recipe(folder: Path, part: str, **changes: object) -> None:
    path = folder / "bundle.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["recipe"][part] |= changes
    path.write_text(json.dumps(plain), encoding="utf-8")


def test_a_head_of_another_width(copied: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs tegaki[lab]")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["features"], ["logit"], axes=[1], keepdims=0),
            helper.make_node("ReduceMean", ["features"], ["outside"], keepdims=0),
        ],
        "narrow",
        [helper.make_tensor_value_info("features", floats, ["n", 10])],
        [helper.make_tensor_value_info("logit", floats, ["n"]),
         helper.make_tensor_value_info("outside", floats, [])],
    )  # fmt: skip
    opset = [helper.make_opsetid("", 13)]
    network = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    (copied / "model.onnx").write_bytes(network)
    write_recipe(copied, "model", sha256=hashlib.sha256(network).hexdigest())
    with pytest.raises(BundleError, match=r"model\.onnx is a head on 10 features, and .* gives \d"):
        Detector.load(copied)


def test_views_that_fit_no_grid(copied: Path) -> None:
    write_recipe(copied, "views", size=150)
    with pytest.raises(BundleError, match=r"\.onnx does not take views of 150 pixels"):
        Detector.load(copied)


def test_sizes_of_other_views_than_there_are(copied: Path) -> None:
    write_recipe(copied, "views", sizes=[160, 128, 96, 160, 160, 160, 160, 160])
    with pytest.raises(BundleError, match="the views have other sizes than names"):
        Detector.load(copied)


def test_a_network_that_does_not_take_every_size(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED["fast"], tmp_path / "fast"))
    views = load_single(folder).config.views
    write_recipe(folder, "views", sizes=[*[views.size] * (len(views.names) - 1), 96])
    with pytest.raises(BundleError, match="does not take views of 96 pixels"):
        Detector.load(folder)
