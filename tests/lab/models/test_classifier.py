"""The networks have the seed's numbers, and freezing means what the seed's code meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from torch import nn  # noqa: E402

from tegaki.lab.models.classifier import Classifier, count_parameters, count_trainable  # noqa: E402
from tegaki.lab.models.frozen import FrozenLayers  # noqa: E402
from tegaki.lab.training.recipes import RECIPES  # noqa: E402


def classifier(name: str) -> Classifier:
    return Classifier(RECIPES[name].network)


def test_enhanced_has_the_seeds_numbers() -> None:
    network = classifier("enhanced")
    network.set_trainable("head")
    assert count_trainable(network) == 1_189_953
    assert count_parameters(network.features) == 2_257_984
    assert count_parameters(network) == 3_447_937
    assert network.attention is not None
    assert count_parameters(network.attention) == 820_800
    assert count_parameters(network.head) == 369_153


def test_baseline_has_the_seeds_numbers() -> None:
    network = classifier("baseline")
    assert count_parameters(network.head) == 820_225
    assert count_parameters(network) == 3_078_209
    network.set_trainable("head-but-first")
    assert count_trainable(network) == 164_353
    network.set_trainable("last-30")
    assert count_trainable(network) == 2_026_625
    network.set_trainable("last-30-of-backbone")  # block_13_project_BN and all of block_14 too
    block = 96 * 0 + 160 * 960 + 2 * 960 + 9 * 960 + 2 * 960 + 960 * 160
    assert count_trainable(network) == 2_026_625 + 2 * 160 + block


@pytest.mark.parametrize(
    ("name", "learning", "total"),
    [("no-attention", 369_153, 2_627_137), ("no-head", 822_081, 3_080_065)],
)
def test_ablated_models_have_the_seeds_numbers(name: str, learning: int, total: int) -> None:
    network = classifier(name)
    network.set_trainable("head")
    assert count_trainable(network) == learning
    assert count_parameters(network) == total


def test_mobilenetv3_has_the_published_numbers() -> None:
    """Howard et al.: 5.4 million with the classifier, which is 960 -> 1280 -> 1000."""
    features = classifier("kusuma-v3").features
    weights = sum(p.numel() for p in features.parameters())
    assert weights == 2_971_952
    whole = weights + 960 * 1280 + 1280 + 1280 * 1000 + 1000
    assert whole == 5_483_032


def test_efficientnet_lite0_has_the_published_numbers() -> None:
    """4,652,008 weights with the classifier, which is 1280 -> 1000."""
    features = classifier("finetune-lite0").features
    weights = sum(p.numel() for p in features.parameters())
    assert weights == 3_371_008
    assert weights + 1280 * 1000 + 1000 == 4_652_008


def test_published_names_of_efficientnet_lite0_are_read(tmp_path: Path) -> None:
    """The published file numbers a block's units by what they do; a block without widening has no
    ``_expand_conv`` and no ``_bn0``."""
    network = classifier("finetune-lite0")
    state = {name: value.clone() for name, value in network.features.state_dict().items()}
    units = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
    published = {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
    for name, value in state.items():
        block, *rest = name.split(".")
        if block in ("0", "17"):
            conv, norm = ("_conv_stem", "_bn0") if block == "0" else ("_conv_head", "_bn1")
            kind, leaf = rest
            outer = conv if kind == "conv" else norm
        else:
            _, unit, kind, leaf = rest
            conv, norm = units[int(unit) + (block == "1")]
            outer = f"_blocks.{int(block) - 1}.{conv if kind == 'conv' else norm}"
        published[f"{outer}.{leaf}"] = value + 1
    torch.save(published, tmp_path / "lite0.pth")
    network.load_backbone(tmp_path / "lite0.pth")
    for name, value in network.features.state_dict().items():
        assert torch.equal(value, state[name] + 1), name


def test_every_backbone_shrinks_by_32() -> None:
    for name, channels in (("enhanced", 1280), ("kusuma-v3", 960), ("finetune-lite0", 1280)):
        network = classifier(name).eval()
        with torch.inference_mode():
            assert network.features(torch.zeros(1, 3, 224, 224)).shape == (1, channels, 7, 7)
            assert network(torch.zeros(2, 3, 224, 224)).shape == (2,)


def test_attention_on_means_is_attention_on_maps() -> None:
    """GAP(F * a) = GAP(F) * a, which the network and cached features rely on."""
    network = classifier("enhanced").eval()
    attention = network.attention
    assert attention is not None
    with torch.inference_mode():
        maps = network.features(torch.randn(2, 3, 96, 96))
        weights = attention(maps.mean(dim=(2, 3)))
        attended = (maps * weights[:, :, None, None]).mean(dim=(2, 3))
        assert torch.allclose(attended, maps.mean(dim=(2, 3)) * weights, atol=1e-5)


def test_frozen_layers_stay_as_they_are() -> None:
    """Weights and batch-norm statistics; what learns moves, and so do its statistics."""
    network = classifier("baseline")
    network.set_trainable("last-30")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    network(torch.randn(4, 3, 64, 64)).sum().backward()
    optimizer.step()
    moved = {n for n, v in network.state_dict().items() if not torch.equal(v, before[n])}
    assert not any(name.startswith(f"features.{i}.") for name in moved for i in range(15))
    assert {n for n in moved if n.startswith("features.15.")} == {
        f"features.15.body.2.bn.{part}"
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    } - {name for name in ("features.15.body.2.bn.weight",) if name not in moved}
    assert "features.18.conv.weight" in moved


def test_every_layer_learns_when_all_do() -> None:
    network = classifier("enhanced")
    network.set_trainable("all")
    assert count_trainable(network) == 3_447_937 - 34_112  # all but the batch norms' statistics
    assert all(m.training for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_frozen_layers_give_the_same_in_onnx_runtime() -> None:
    network = classifier("baseline").eval()
    view = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    for end in (15, 19):
        maps = FrozenLayers(network, end, 64)(view)
        with torch.inference_mode():
            expected = network.features[:end](torch.from_numpy(view[None]))[0].numpy()
        assert np.allclose(maps, expected, atol=1e-4)


def test_start_weights_fit(shared: Path) -> None:
    network = classifier("enhanced")
    before = {name: value.clone() for name, value in network.features.state_dict().items()}
    network.load_backbone(shared / "weights" / "mobilenetv2_160_keras.pth")
    for name, value in network.features.state_dict().items():
        assert name.endswith("num_batches_tracked") or not torch.equal(before[name], value), name
