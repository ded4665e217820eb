"""Frozen first layers, run by ONNX Runtime: nearly three times PyTorch's rate on a CPU."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import torch

from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.onnx_export import to_onnx
from tegaki.model import load_runtime

Array = npt.NDArray[np.float32]


class FrozenLayers:
    """``network.features[:end]`` as they are now, on one thread; threads may share it.

    Called with one view float32 ``(3, size, size)``; gives float32 ``(channels, h, w)``.
    """

    def __init__(self, network: Classifier, end: int, size: int) -> None:
        layers = copy.deepcopy(network.features[:end]).eval().cpu()
        layers.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        onnxruntime = load_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # its notes on weights that it folds
        data = to_onnx(layers, (3, size, size), "views", "maps")
        self._session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, view: Array) -> Array:
        (maps,) = self._session.run(["maps"], {"views": view[None]})
        result: Array = maps[0]
        return result
