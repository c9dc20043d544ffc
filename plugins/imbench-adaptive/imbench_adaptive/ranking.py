"""SOAP: average precision as the objective, with a memory of every positive's rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imbench import Labels, Predictor, Prior, PriorEffect, Recipe, Trial, normalised
from imbench_adaptive.descent import Batch, Network

__all__ = ["AveragePrecision", "Memory", "RareShare", "surrogate"]


@dataclass(frozen=True)
class RareShare:
    """The largest class fills 1 - rate of a batch in expectation, the others share ``rate`` alike.

    Attributes:
        rate: share of the batch that is not of the largest class.
    """

    rate: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:  # noqa: ARG002
        others = (counts > 0) & (np.arange(len(counts)) != counts.argmax())
        if not others.any():
            return normalised(counts)
        shares = self.rate * others / others.sum()
        shares[counts.argmax()] = 1 - self.rate
        return normalised(shares)


class Memory(NamedTuple):
    """Moving averages per training row, (n,) each: u of Qi et al. 2021, 0 before a row's first batch.

    Attributes:
        same: of Σ_j [j of its class]·L_ij/B.
        all: of Σ_j L_ij/B.
    """

    same: Tensor
    all: Tensor


@dataclass(frozen=True)
class AveragePrecision:
    """Stochastic optimisation of average precision, SOAP: Qi et al. 2021, algorithms 1 and 2 (its Adam variant).

    Attributes:
        gamma: share of the new value in the moving averages.
        margin: of the squared hinge.
        rate: share of rare rows in a batch.
    """

    gamma: float = 0.9
    margin: float = 1.0
    rate: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    uncalibrated: ClassVar[str] = "its objective sees the order of the scores, not their level"

    def fit(self, trial: Trial) -> Predictor:
        device = torch.device(trial.device)
        memory = Memory(*(torch.zeros(len(trial.y), device=device) for _ in Memory._fields))

        def gradient(network: Network, batch: Batch) -> Tensor:
            with torch.enable_grad():
                leaf = network.row.detach().requires_grad_()
                scores = torch.softmax(network.logits(leaf, batch.inputs), -1)
                value = surrogate(scores, batch.labels, batch.rows, memory, self.gamma, self.margin)
                (found,) = torch.autograd.grad(value, leaf)
            return found

        return trial.descend(gradient, Recipe(sample=RareShare(self.rate)))


def surrogate(scores: Tensor, labels: Tensor, rows: Tensor, memory: Memory, gamma: float, margin: float) -> Tensor:
    """A scalar whose gradient is that of the algorithm (eq. 7); the memory of the rows moves on, in place.

    For anchor i, L_ij = max(0, margin - h_i + h_j)² with h the score of i's class. all_i is the moving average of
    mean_j L_ij, same_i of mean_j [j alike]·L_ij. The gradient of -same/all is the mean over j of
    (same_i - all_i·[j alike])/all_i²·∇L_ij. It is averaged over the anchors of each class, then over classes. With two
    classes the anchors are the rows of class 1.

    Args:
        scores: (B, C).
        labels: (B,).
        rows: (B,) positions of the examples in the memory.
        memory: of all rows.
        gamma: share of the new value in the memory.
        margin: of the hinge.
    """
    n_classes = scores.shape[-1]
    against = scores.T[labels]  # (B, B): score of j for the class of i
    losses = (margin - against.diagonal().unsqueeze(-1) + against).clamp(min=0).square()
    alike = (labels.unsqueeze(-1) == labels).to(losses)
    means = Memory(same=(losses * alike).mean(-1).detach(), all=losses.mean(-1).detach())
    # a row that is in the batch twice has the same scores twice, so that it does not matter which is kept
    for kept, mean in zip(memory, means, strict=True):
        kept[rows] = ((1 - gamma) * kept[rows] + gamma * mean).to(kept)
    same, every = (kept[rows].to(losses).unsqueeze(-1) for kept in memory)
    factors = (same - every * alike) / every.square()
    anchors = 1 / alike.sum(-1)
    if n_classes == 2:
        anchors = anchors * (labels == 1)
    present = anchors.sum().clamp(min=1)  # classes with anchors
    return (anchors / present) @ (factors * losses).mean(-1)
