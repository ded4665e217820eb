"""A larger network that teaches: the tower itself, and runs that learn from it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

import onnx  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from tegaki.errors import TrainingError  # noqa: E402
from tegaki.lab.corpus import ShardSet  # noqa: E402
from tegaki.lab.models.clip_tower import ClipTower, load_teacher  # noqa: E402
from tegaki.lab.models.config import CLIP, Teacher  # noqa: E402
from tegaki.lab.training.distillation import StudentWithBridge, embedding_distance  # noqa: E402
from tegaki.lab.training.recipe_files import read_recipe  # noqa: E402
from tegaki.lab.training.recipes import RECIPES, TrainingRecipe  # noqa: E402
from tegaki.lab.training.trainer import Trainer  # noqa: E402
from tests.lab.tiny import little_shards, one_thread, tiny  # noqa: E402, F401

WIDTH, EMBEDDING, POSITIONS = 128, 24, 17  # 64-pixel views in patches of 16, and the class

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return little_shards(tmp_path_factory.mktemp("set"))


def write_tower(path: Path) -> Teacher:
    """A small tower in the published file's form: names as there, matrices of 8 bits."""
    rng = np.random.default_rng(0)
    stored: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def floats(name: str, *shape: int) -> None:
        value = rng.normal(0, 0.3, shape).astype(np.float32)
        stored.append(numpy_helper.from_array(value, f"vision_model.{name}"))

    def matrix(name: str, inp: int, out: int) -> None:
        base = f"onnx::MatMul_{len(nodes)}"
        parts: dict[str, npt.NDArray[Any]] = {
            "quantized": rng.integers(-127, 128, (inp, out)).astype(np.int8),
            "zero_point": rng.integers(-3, 4, out).astype(np.int8),
            "scale": rng.uniform(0.001, 0.003, out).astype(np.float32),
        }
        stored.extend(numpy_helper.from_array(v, f"{base}_{k}") for k, v in parts.items())
        inputs = ["x", f"{base}_quantized", "z", f"{base}_zero_point"]
        nodes.append(helper.make_node("MatMulInteger", inputs, [base], f"{name}/MatMul_quant"))

    floats("embeddings.class_embedding", WIDTH)
    floats("embeddings.patch_embedding.weight", WIDTH, 3, 16, 16)
    floats("embeddings.position_embedding.weight", POSITIONS, WIDTH)
    for norm in ("pre_layrnorm", "post_layernorm"):
        floats(f"{norm}.weight", WIDTH)
        floats(f"{norm}.bias", WIDTH)
    for layer in range(2):
        place = f"encoder.layers.{layer}"
        for norm in ("layer_norm1", "layer_norm2"):
            floats(f"{place}.{norm}.weight", WIDTH)
            floats(f"{place}.{norm}.bias", WIDTH)
        sizes = {f"self_attn.{p}_proj": (WIDTH, WIDTH) for p in ("q", "k", "v", "out")}
        sizes |= {"mlp.fc1": (WIDTH, 4 * WIDTH), "mlp.fc2": (4 * WIDTH, WIDTH)}
        for name, (inp, out) in sizes.items():
            floats(f"{place}.{name}.bias", out)
            matrix(f"/vision_model/{place}.{name}".replace(".", "/").replace("s/0", "s.0")
                   .replace("s/1", "s.1"), inp, out)  # fmt: skip
    matrix("/visual_projection", WIDTH, EMBEDDING)
    graph = helper.make_graph(nodes, "tower", [], [], stored)
    data = helper.make_model(graph).SerializeToString()
    path.write_bytes(data)
    return Teacher(hashlib.sha256(data).hexdigest(), "a small one", "MIT", 2.0)


def by_pytorch(path: Path, views: Tensor) -> Any:
    """The same tower built of PyTorch's own encoder layers."""
    model = onnx.load(path)
    stored = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    matrices = []
    for node in model.graph.node:
        base = node.input[1].removesuffix("_quantized")
        levels = stored[f"{base}_quantized"].astype(np.float32) - stored[f"{base}_zero_point"]
        matrices.append(torch.tensor((levels * stored[f"{base}_scale"]).T))

    def vision(name: str) -> Any:
        return torch.tensor(stored[f"vision_model.{name}"])

    levels = (views + 1) / 2
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
    spread = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)
    patches = nn.functional.unfold((levels - mean) / spread, 16, stride=16).transpose(1, 2)
    x = patches @ vision("embeddings.patch_embedding.weight").flatten(1).T
    first = vision("embeddings.class_embedding").expand(len(x), 1, WIDTH)
    x = torch.cat([first, x], 1) + vision("embeddings.position_embedding.weight")

    def norm(x: Tensor, name: str) -> Any:
        layer = nn.LayerNorm(WIDTH)
        layer.load_state_dict({k: vision(f"{name}.{k}") for k in ("weight", "bias")})
        return layer(x)

    x = norm(x, "pre_layrnorm")
    for number in range(2):
        q, k, v, out, fc1, fc2 = matrices[6 * number : 6 * number + 6]
        place = f"encoder.layers.{number}"
        bias = {n: vision(f"{place}.self_attn.{n}_proj.bias") for n in ("q", "k", "v", "out")}
        layer = nn.TransformerEncoderLayer(
            WIDTH, WIDTH // 64, 4 * WIDTH, 0.0, lambda x: x * torch.sigmoid(1.702 * x),
            batch_first=True, norm_first=True,
        )  # fmt: skip
        layer.load_state_dict({
            "self_attn.in_proj_weight": torch.cat([q, k, v]),
            "self_attn.in_proj_bias": torch.cat([bias["q"], bias["k"], bias["v"]]),
            "self_attn.out_proj.weight": out, "self_attn.out_proj.bias": bias["out"],
            "linear1.weight": fc1, "linear1.bias": vision(f"{place}.mlp.fc1.bias"),
            "linear2.weight": fc2, "linear2.bias": vision(f"{place}.mlp.fc2.bias"),
            **{f"norm{n}.{k}": vision(f"{place}.layer_norm{n}.{k}")
               for n in (1, 2) for k in ("weight", "bias")},
        })  # fmt: skip
        x = layer(x)
    return norm(x[:, 0], "post_layernorm") @ matrices[-1].T


def test_the_tower_is_what_its_file_says(tmp_path: Path) -> None:
    plan = write_tower(tmp_path / "tower.onnx")
    tower = load_teacher(plan, tmp_path / "tower.onnx")
    views = torch.rand(3, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        predicted, reference = tower(views), by_pytorch(tmp_path / "tower.onnx", views)
    assert predicted.shape == (3, EMBEDDING)
    assert torch.allclose(predicted, reference, atol=1e-3, rtol=1e-3)
    assert isinstance(tower, ClipTower)


def test_distance_compares_what_tells_pictures_apart() -> None:
    apart = torch.randn(8, 16)
    assert float(embedding_distance(apart, 3 * apart + 100)) == pytest.approx(0, abs=1e-3)
    assert float(embedding_distance(apart, 100 - apart)) == pytest.approx(16, abs=1e-3)


def taught(plan: Teacher) -> TrainingRecipe:
    return tiny("finetune", teacher=plan, precision="fp32")


def test_a_pupil_comes_near_its_teacher(shards: ShardSet, tmp_path: Path) -> None:
    path = tmp_path / "tower.onnx"
    plan = write_tower(path)
    began = Trainer(taught(plan), shards, tmp_path / "began", teacher=path)
    ended = Trainer(taught(plan), shards, tmp_path / "ended", teacher=path)
    ended.run()

    def away(trainer: Trainer) -> float:
        assert trainer.teaching is not None
        views = torch.cat([v for v, _ in trainer.inputs().batches(0, 0, 0)])
        student: StudentWithBridge = trainer.teaching.student.eval()
        with torch.no_grad():
            return float(
                embedding_distance(student(views)[1], trainer.teaching.tower(views))
            ) / len(views)

    assert away(ended) < away(began) - 0.04
    # What is kept has no trace of the lesson: the same layers as without.
    plain = Trainer(tiny("finetune"), shards, tmp_path / "plain").network.state_dict()
    kept = torch.load(tmp_path / "ended" / "network.pt", weights_only=True)["network"]
    assert kept.keys() == plain.keys()


def test_a_stopped_lesson_goes_on(
    shards: ShardSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tower.onnx"
    recipe = taught(write_tower(path))
    whole = Trainer(recipe, shards, tmp_path / "whole", teacher=path).run().state_dict()
    monkeypatch.setattr("tegaki.lab.training.trainer.SAVE_EVERY", 0)

    def stop(done: int) -> None:
        if done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trainer(recipe, shards, tmp_path / "stopped", teacher=path).run(stop)
    again = Trainer(recipe, shards, tmp_path / "stopped", teacher=path).run().state_dict()
    assert all(torch.equal(whole[key], again[key]) for key in whole)
    assert read_recipe(tmp_path / "stopped" / "recipe.json") == recipe


def test_teachers_are_checked(shards: ShardSet, tmp_path: Path) -> None:
    path = tmp_path / "tower.onnx"
    recipe = taught(write_tower(path))
    with pytest.raises(TrainingError, match=r"learns from a teacher \(a small one"):
        Trainer(recipe, shards, tmp_path / "run")
    with pytest.raises(TrainingError, match="cannot be read"):
        Trainer(recipe, shards, tmp_path / "run", teacher=tmp_path / "none")
    path.write_bytes(b"another")
    with pytest.raises(TrainingError, match="SHA-256 differs"):
        Trainer(recipe, shards, tmp_path / "run", teacher=path)
    with pytest.raises(TrainingError, match="goes with squares"):
        replace(RECIPES["baseline"], teacher=CLIP)


def test_recipes_without_a_teacher_keep_their_hash() -> None:
    """As the shipped bundles of 2026 and the committed reports name them."""
    assert RECIPES["finetune"].hash == "31fbfc7c97d6318b"
    assert RECIPES["finetune-lite0"].hash == "ecb36cbc70d68d6c"
    assert RECIPES["student-lite0"].hash != replace(RECIPES["student-lite0"], teacher=None).hash
