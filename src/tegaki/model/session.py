"""The networks themselves, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tegaki.errors import BundleError
from tegaki.model.bundle import Bundle, read_base, read_network
from tegaki.model.runtime import load_runtime

Tensor = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Output:
    """What a model says of one picture.

    ``logits``: one for each named view, their mean is the picture's. ``outside``: above zero, the
    picture is not of the kind that the model judges; ``None`` for a model that does not say.
    """

    logits: tuple[float, ...]
    outside: float | None = None


def joined(outputs: Sequence[Output]) -> Output:
    """Of several parts of one picture: every logit, and the mean of the rest."""
    logits = tuple(logit for output in outputs for logit in output.logits)
    outside = [output.outside for output in outputs if output.outside is not None]
    return Output(logits, sum(outside) / len(outside) if outside else None)


class Session(Protocol):
    """Views to logits. Safe to call from several threads.

    One thread per call: pictures are scored side by side, and a score never depends on how many
    threads there are. Views are run one by one, so that none depends on its neighbours.
    """

    def run(self, unique: Sequence[Tensor], inverse: Sequence[int]) -> Output:
        """
        Args:
            unique: float32 ``(3, size, size)`` in [-1, 1].
            inverse: for each named view, its index among these.
        """


def open_session(bundle: Bundle) -> Session:
    """The session that runs a bundle: of its own network, or of its head on a frozen one.

    Raises:
        BundleError: a file is missing, another one, or cannot be run.
    """
    if bundle.config.base is None:
        return NetworkSession(bundle)
    return HeadSession(bundle)


class NetworkSession:
    """A network that sees the views: its ``logit (n,)`` and, where it has it, ``outside (n,)``."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = _load(read_network(bundle), bundle.onnx)
        takes = self._session.get_inputs()[0].shape[1:]
        for size in _sizes(bundle):
            if takes != [3, size, size]:
                raise BundleError(f"{bundle.onnx} does not take views of {size} pixels")
        self._outputs = [each.name for each in self._session.get_outputs()]

    def run(self, unique: Sequence[Tensor], inverse: Sequence[int]) -> Output:
        runs = [self._session.run(self._outputs, {"views": v[np.newaxis]}) for v in unique]
        by_name = dict(zip(self._outputs, zip(*runs, strict=True), strict=True))
        logits = np.concatenate(by_name["logit"])[list(inverse)]
        outside = by_name.get("outside")
        return Output(
            tuple(map(float, logits)),
            None if outside is None else float(np.concatenate(outside)[list(inverse)].mean()),
        )


class HeadSession:
    """A head on the features of a frozen network (:class:`BaseSession`).

    The head takes ``features`` float32 ``(views, layers * pools * width)`` and gives
    ``logit (views,)`` and ``outside ()``.
    """

    def __init__(self, bundle: Bundle) -> None:
        path, data = read_base(bundle)
        self._base = BaseSession(data, path)
        self._head = _load(read_network(bundle), bundle.onnx)
        takes = self._head.get_inputs()[0].shape[-1]
        if takes != self._base.width:
            raise BundleError(
                f"{bundle.onnx} is a head on {takes} features, and {path} gives {self._base.width}"
            )
        for size in _sizes(bundle):
            if not self._base.takes(size):
                raise BundleError(f"{path} does not take views of {size} pixels")

    def run(self, unique: Sequence[Tensor], inverse: Sequence[int]) -> Output:
        features = np.stack([self._base.features(view) for view in unique])[list(inverse)]
        logits, outside = self._head.run(["logit", "outside"], {"features": features})
        return Output(tuple(map(float, logits)), float(outside))


class BaseSession:
    """The frozen network: a view of 16 pixels times one of its ``grids`` to pooled features.

    Positions of every grid stand in one table in the file; its metadata say which grids.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        self._session = _load(data, path)
        properties = self._session.get_modelmeta().custom_metadata_map
        self._patch = int(properties["patch"])
        self._rows: dict[int, npt.NDArray[np.int64]] = {}
        start = 0
        for grid in map(int, properties["grids"].split(",")):
            tokens = grid * grid + 1
            self._rows[grid] = np.arange(start, start + tokens, dtype=np.int64)
            start += tokens

        self.width = prod(self._session.get_outputs()[0].shape)
        """How many features it gives for a view."""

    def takes(self, size: int) -> bool:
        """Whether views of so many pixels a side fit one of the grids."""
        return size % self._patch == 0 and size // self._patch in self._rows

    def features(self, view: Tensor) -> Tensor:
        """float32 ``(3, size, size)`` in [-1, 1] to ``(layers * pools * width,)``."""
        found: Tensor = self.run(view, ["features"])[0]
        return found.reshape(-1)

    def run(self, view: Tensor, outputs: list[str]) -> list[Any]:
        """The named outputs of one view."""
        rows = self._rows[view.shape[-1] // self._patch]
        found: list[Any] = self._session.run(outputs, {"views": view[np.newaxis], "rows": rows})
        return found


def _sizes(bundle: Bundle) -> set[int]:
    views = bundle.config.views
    return {views.size_of(name) for name in views.names}


def _load(data: bytes, path: Path) -> Any:
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # 40 MB less at the peak, no slower
    options.log_severity_level = 3
    start: Callable[..., Any] = onnxruntime.InferenceSession
    try:
        return start(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime has no common base of its errors
        raise BundleError(f"{path} cannot be run: {problem}") from problem
