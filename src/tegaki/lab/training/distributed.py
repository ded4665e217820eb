"""One process or several (started by torchrun), on GPUs where there are any."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tegaki.errors import TrainingError


@dataclass(frozen=True, slots=True)
class World:
    """This process among ``size`` that train together."""

    rank: int
    size: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network with its gradients averaged over all processes."""
        if self.size == 1:
            return network
        devices = [self.device] if self.device.type == "cuda" else None
        # Its older name warns where it has the newer one, which older PyTorch does not know.
        known = inspect.signature(DistributedDataParallel).parameters
        name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"
        unshared: dict[str, Any] = {name: False}
        return DistributedDataParallel(network, device_ids=devices, **unshared)

    def broadcast_metrics(self, metrics: dict[str, float]) -> dict[str, float]:
        """The first process' figures: all must stop, and slow down, at the same epoch."""
        if self.size == 1:
            return metrics
        values = torch.tensor(list(metrics.values()), dtype=torch.float64, device=self.device)
        distributed.broadcast(values, 0)
        return dict(zip(metrics, values.tolist(), strict=True))

    def broadcast_buffers(self, network: nn.Module) -> None:
        """Give every process the first one's batch-norm statistics."""
        if self.size > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


def single_process() -> World:
    """This process alone, on a GPU if there is one."""
    return World(0, 1, _device(0))


def _device(local: int) -> torch.device:
    """The GPU of this process where there are any, set to give the same sums every time.

    Raises:
        TrainingError: more processes than GPUs.
    """
    count = torch.cuda.device_count()
    if not count:
        return torch.device("cpu")
    if local >= count:
        raise TrainingError(
            f"there {'is one GPU' if count == 1 else f'are {count} GPUs'} here, one a process"
        )
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS asks for to do so
    torch.use_deterministic_algorithms(True)
    device = torch.device("cuda", local)
    torch.cuda.set_device(device)
    return device


def device_name(device: torch.device) -> str:
    """A device as people know it: ``the CPU``, or the GPU's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"


@contextmanager
def init_distributed() -> Iterator[World]:
    """The world that torchrun describes in the environment; without torchrun, one process."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield single_process()
        return
    rank, local = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    device = _device(local)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(rank, size, device)
    finally:
        distributed.destroy_process_group()
