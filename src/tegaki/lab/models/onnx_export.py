"""From a PyTorch module to the bytes of an ONNX file, without traces of where it was made."""

from __future__ import annotations

import logging
import warnings

import onnx
import torch
from onnx import numpy_helper
from onnxscript.optimizer import fold_constants
from torch import nn


def to_onnx(module: nn.Module, shape: tuple[int, ...], inp: str, *outs: str) -> bytes:
    """``inp`` float32 ``(n, *shape)`` to ``outs``, n free; the module in evaluation mode.

    Batch norms stay apart from their convolutions, so that the file holds the architecture's own
    numbers and they can be counted; ONNX Runtime folds them when it loads the file.
    """
    batch = torch.export.Dim("n", min=1, max=1024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own use of what is deprecated
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of what is not installed
        program = torch.onnx.export(
            module,
            (torch.zeros(2, *shape),),
            dynamo=True,
            external_data=False,
            input_names=[inp],
            output_names=list(outs),
            dynamic_shapes=({0: batch},),
            optimize=False,
            verbose=False,
        )
    assert program is not None
    fold_constants(program.model)  # without it ONNX Runtime is three times slower
    model = program.model_proto
    _strip(model)
    data: bytes = model.SerializeToString()
    return data


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
