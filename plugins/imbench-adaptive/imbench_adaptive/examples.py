"""Example weights from the loss, the prediction and the features of each example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imbench import Labels, Prior, PriorEffect, Seen, normalised

__all__ = ["HardExamples", "Influence", "InverseFrom"]

#: ε of Park et al. 2021: the influence of an example that is right and sure counts as this.
_LEAST_INFLUENCE = 1e-3
#: And of one whose features run away.
_MOST_INFLUENCE = 1e30


@dataclass(frozen=True)
class HardExamples:
    """Online hard example mining: Shrivastava et al. 2016, with hard negatives in proportion to the positives.

    Of the largest class only the ``ratio``·n examples with the largest loss are kept, n of the other classes being in
    the batch (counted as one if there is none); the others all are. Those kept weigh B over their number, so the loss
    is their mean. The state is the largest class.

    Attributes:
        ratio: examples of the largest class per example of the others; so large that all are kept, it is no remedy.
    """

    ratio: float = 3.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    uncalibrated: ClassVar[str] = "hard examples of the largest class stand for all of it"

    def start(self, counts: Labels) -> Tensor:
        return torch.tensor(int(counts.argmax()))

    def __call__(self, seen: Seen, state: Tensor) -> tuple[Tensor, Tensor]:
        largest = seen.labels == state
        wanted = self.ratio * (~largest).sum().clamp(min=1)
        # a stable sort: which of equal losses is kept does not depend on the machine
        order = torch.where(largest, seen.losses, -torch.inf).argsort(descending=True, stable=True)
        keep = ~largest | (order.argsort() < wanted)
        return keep.to(seen.losses) * (len(keep) / keep.sum()), state

    def prior_after(self, prior: Prior, state: Tensor) -> Prior:
        """The largest class holds at most ``ratio`` times what the others hold."""
        capped, largest = prior.copy(), int(state)
        others = 1 - prior[largest]
        if others > 0:
            capped[largest] = min(prior[largest], self.ratio * others)
        return normalised(capped)


@dataclass(frozen=True)
class Influence:
    """Example weights by the inverse of what an example does to the decision boundary: Park et al. 2021, eq. 10.

    (‖p - e_y‖₁·‖h‖₁ + ε)^-power, scaled to mean one over the batch, h the features below the head. The paper's factor
    alpha on all weights drops out. Class weights are not in it: see `InverseFrom`.

    Attributes:
        power: 1 is the paper; 0 is no weight.
        begin: share of the budget that is trained without.
    """

    power: float = 1.0
    begin: float = 0.5
    uncalibrated: ClassVar[str] = "every example pulls alike however wrong it is, so scores keep no odds, only sides"

    def start(self, counts: Labels) -> Tensor:  # noqa: ARG002 - it keeps nothing
        return torch.empty(0)

    def __call__(self, seen: Seen, state: Tensor) -> tuple[Tensor, Tensor]:
        if seen.progress < self.begin:
            return torch.ones_like(seen.losses), state
        classes = torch.arange(seen.logits.shape[-1], device=seen.labels.device)
        truth = (seen.labels.unsqueeze(-1) == classes).to(seen.logits)
        error = (torch.softmax(seen.logits, -1) - truth).abs().sum(-1)
        influence = error * seen.features.abs().sum(-1) + _LEAST_INFLUENCE
        weights = influence.clamp(max=_MOST_INFLUENCE) ** -self.power
        return weights / weights.mean(), state


@dataclass(frozen=True)
class InverseFrom:
    """w_c = 1 until ``begin``, then 1/π_c of the effective frequencies: the λ_k of Park et al. 2021.

    Attributes:
        begin: share of the budget that is trained without.
    """

    begin: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, effective: Prior, progress: float) -> NDArray[np.float64]:
        if progress < self.begin:
            return np.ones(len(counts))
        present = effective > 0
        weights: NDArray[np.float64] = np.where(present, 1 / np.where(present, effective, 1.0), 0.0)
        return weights
