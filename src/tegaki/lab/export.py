"""From a trained network to a bundle: ONNX, recipe, calibration, thresholds."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from onnxscript.optimizer import fold_constants

from tegaki.detector import Detector
from tegaki.lab.calibrate import fit_platt, fit_thresholds
from tegaki.lab.corpus import Corpus
from tegaki.lab.network import Enhanced
from tegaki.lab.recipes import TrainingRecipe
from tegaki.lab.scoring import score_split
from tegaki.model import Bundle, save_bundle
from tegaki.recipe import Calibration, ModelRef, Recipe, Thresholds

_UNCALIBRATED = Calibration(slope=1.0, intercept=0.0)
_NO_THRESHOLDS = Thresholds(0.0, 1.0, 0.0, 0.0, 0, 0)


def write_onnx(network: Enhanced, path: Path, size: int) -> None:
    """Views ``(n, 3, size, size)`` to ``logit (n,)``, without traces of where it was made.

    Batch norms stay apart from their convolutions, so that the file holds the architecture's own
    numbers and they can be counted; ONNX Runtime folds them when it loads the file.
    """
    network.eval()
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    batch = torch.export.Dim("n", min=1, max=1024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own use of what is deprecated
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of what is not installed
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 3, size, size),),
            dynamo=True,
            external_data=False,
            input_names=["views"],
            output_names=["logit"],
            dynamic_shapes=({0: batch},),
            optimize=False,
            verbose=False,
        )
    assert program is not None
    fold_constants(program.model)  # without it ONNX Runtime is three times slower
    model = program.model_proto
    _strip(model)
    path.write_bytes(model.SerializeToString())


def _strip(model: onnx.ModelProto) -> None:
    """Take out what no run needs: the exporter's notes (they hold paths) and zero biases."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]
    zeros = {t.name for t in graph.initializer if not numpy_helper.to_array(t).any()}
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[2] in zeros:
            del node.input[2]
    used = {name for node in graph.node for name in node.input}
    kept = [number for number in graph.initializer if number.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def build_bundle(network: Enhanced, recipe: TrainingRecipe, corpus: Corpus, folder: Path) -> Bundle:
    """Export, then calibrate the exported network on ``val`` as users will run it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    write_onnx(network, path, recipe.views.size)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    reference = ModelRef(f"{recipe.name}-{sha256[:8]}", sha256)
    raw = Recipe(recipe.decode, recipe.views, reference, _UNCALIBRATED)
    bundle = Bundle(folder, raw, _NO_THRESHOLDS, _training_facts(recipe, corpus))
    save_bundle(bundle)
    scores, generated = score_split(Detector.load(folder), corpus.split("val"))
    calibration = fit_platt(scores, generated)
    bundle = dataclasses.replace(
        bundle,
        recipe=dataclasses.replace(raw, calibration=calibration),
        thresholds=fit_thresholds(scores, generated, calibration),
    )
    save_bundle(bundle)
    return bundle


def _training_facts(recipe: TrainingRecipe, corpus: Corpus) -> dict[str, Any]:
    train = corpus.split("train")
    return {
        "recipe": dataclasses.asdict(recipe),
        "recipe_hash": recipe.hash,
        "manifest_sha256": corpus.manifest_sha256,
        "human": sum(not item.generated for item in train),
        "generated": sum(item.generated for item in train),
        "sources": len({item.source for item in train}),
        "families": sorted({item.family for item in train if item.generated}),
    }
