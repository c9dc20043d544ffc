"""Seesaw loss: rare classes are spared the punishment that head classes bring, unless they are mistaken for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from imbench import ClassFacts, Prior, PriorEffect, normalised
from imbench_losses.tensors import cross_entropy, cross_entropy_gradient, is_label, of_label, positive

__all__ = ["Seesaw"]

#: A label's probability counts as at least this much in the compensation, so that the factor stays bounded.
_SMALLEST_LABEL = 0.01
#: Rounds of the iteration in `Seesaw.prior_after`, the change of a log score that ends it, the least curvature.
_ROUNDS, _STILL, _FLAT = 500, 1e-6, 1e-12


@dataclass(frozen=True)
class Seesaw:
    """Cross-entropy of z_j + log S_yj for j ≠ y, S = M·C: Wang et al. 2021.

    Mitigation M_yj = min(1, n_j/n_y)^p, compensation C_yj = max(1, p_j/p_y)^q. S takes no part in the gradient. The
    paper counts the examples seen so far; here n are the effective class frequencies, what that count tends to.

    Attributes:
        p: strength of the mitigation; 0 is none.
        q: strength of the compensation; 0 is none.
    """

    p: float = 0.8
    q: float = 2.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy(logits + self._shift(logits.detach(), labels, facts), labels)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy_gradient(logits + self._shift(logits, labels, facts), labels)

    def _shift(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        """Logarithms of S_yj, (B, C); 0 at the label."""
        frequency = positive(facts.effective, logits).log()
        mitigation = (frequency - of_label(frequency, labels).unsqueeze(-1)).clamp(max=0)
        logs = functional.log_softmax(logits, dim=-1)
        floor = of_label(logs, labels).clamp(min=math.log(_SMALLEST_LABEL))
        compensation = (logs - floor.unsqueeze(-1)).clamp(min=0)
        shift = self.p * mitigation + self.q * compensation
        return torch.where(is_label(labels, logits.shape[-1]), 0.0, shift)

    def prior_after(self, prior: Prior) -> Prior:
        """The scores of constant logits at which the expected gradient is zero: between the prior and uniform.

        Found by diagonal Newton steps, shortened because a class moves against the others and S moves with it.
        """
        present = np.flatnonzero(prior > 0)
        pi = torch.from_numpy(prior[present])
        z, labels, facts = pi.log(), torch.arange(len(pi)), ClassFacts(pi, pi, pi)
        for _ in range(_ROUNDS):
            gradient = self.gradient(z.expand(len(pi), -1), labels, facts)
            expected = gradient + torch.eye(len(pi), dtype=pi.dtype)
            step = -(pi @ gradient) / (pi @ (expected * (1 - expected))).clamp(min=_FLAT) / (2 + 2 * self.q)
            z = z + step.clamp(-1, 1)
            if step.abs().max() < _STILL:
                break
        scores = np.zeros(len(prior))
        scores[present] = torch.softmax(z, -1).numpy()
        return normalised(scores)
