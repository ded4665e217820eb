"""Several bundles as one: the mean of their logits, each divided by its spread on ``val``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, compose, helper

from tegaki.detector import Detector
from tegaki.errors import TrainingError
from tegaki.lab.corpus import ShardSet
from tegaki.lab.export.bundle import assemble_bundle, val_scores
from tegaki.model import Bundle, load_single, read_network


def blend(folders: Sequence[Path], shards: ShardSet, out: Path) -> Bundle:
    """Blend bundles into one in ``out``, calibrated anew on ``val``.

    Raises:
        BundleError: a folder is no bundle.
        TrainingError: fewer than two, one twice, or bundles of other views, decoding or data.
    """
    bundles = [load_single(folder) for folder in folders]
    if len(bundles) < 2:
        raise TrainingError("a blend takes two bundles or more")
    if len({bundle.config.model.sha256 for bundle in bundles}) < len(bundles):
        raise TrainingError("one network is named twice: a blend takes different ones")
    first = bundles[0]
    for other in bundles[1:]:
        _refuse_other(first, other, shards)
    weights = []
    for bundle in bundles:
        scores = val_scores(Detector.load(bundle.folder, provenance=False), shards)[0]
        weights.append(1 / (len(bundles) * float(scores.std())))
    data = blended([read_network(bundle) for bundle in bundles], weights)
    return assemble_bundle(
        data, "blend", first.config.decode, first.config.views, _facts(bundles), shards, out
    )


def _refuse_other(first: Bundle, other: Bundle, shards: ShardSet) -> None:
    for what, one, two in (
        ("views", first.config.views, other.config.views),
        ("decoding", first.config.decode, other.config.decode),
        ("data", first.training["manifest_sha256"], other.training["manifest_sha256"]),
        ("data", shards.manifest_sha256, other.training["manifest_sha256"]),
    ):
        if one != two:
            raise TrainingError(f"{other.folder} is of other {what}: nothing to blend it with")


def blended(networks: Sequence[bytes], weights: Sequence[float]) -> bytes:
    """One ONNX file: ``views`` to the weighted sum of the networks' ``logit``."""
    nodes, numbers, terms = [], [], []
    models = [onnx.load_from_string(data) for data in networks]
    for number, (model, weight) in enumerate(zip(models, weights, strict=True)):
        prefix = f"network{number}/"
        graph = compose.add_prefix_graph(model.graph, prefix)
        for node in graph.node:
            for at, name in enumerate(node.input):
                if name == f"{prefix}views":
                    node.input[at] = "views"
        nodes.extend(graph.node)
        numbers.extend(graph.initializer)
        numbers.append(helper.make_tensor(f"{prefix}weight", TensorProto.FLOAT, [], [weight]))
        terms.append(f"{prefix}share")
        nodes.append(
            helper.make_node("Mul", [f"{prefix}logit", f"{prefix}weight"], [f"{prefix}share"])
        )
    nodes.append(helper.make_node("Sum", terms, ["logit"]))
    first = models[0]
    graph = helper.make_graph(nodes, "blend", first.graph.input, first.graph.output, numbers)
    model = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    model.producer_name, model.producer_version = first.producer_name, first.producer_version
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _facts(bundles: Sequence[Bundle]) -> dict[str, Any]:
    shared = {k: v for k, v in bundles[0].training.items() if k != "runs"}
    return {"runs": [run for bundle in bundles for run in bundle.training["runs"]], **shared}
