"""Losses that shift, scale or soften by class, and the cosine head that margins need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from imbench import ClassFacts, Prior, PriorEffect, normalised
from imbench_losses.priors import power_of_prior
from imbench_losses.tensors import cross_entropy, cross_entropy_gradient, is_label, of_label, positive

__all__ = ["CosineHead", "LabelAwareSmoothing", "LabelDistributionAwareMargin", "LogitAdjusted", "VectorScaling"]


#: Rows of the largest class where only shares are known: smoothing looks at differences of counts.
_PLENTY = 1e6


@dataclass(frozen=True)
class LogitAdjusted:
    """Cross-entropy of z + τ log π: Menon et al. 2021, eq. 10; τ = 1 is balanced softmax, Ren et al. 2020, eq. 3.

    π is the effective prior, so after balanced sampling this is cross-entropy. Scores at test time use the raw z.

    Attributes:
        tau: strength; 0 is cross-entropy.
    """

    tau: float = 1.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy(self._adjusted(logits, facts), labels)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy_gradient(self._adjusted(logits, facts), labels)

    def _adjusted(self, logits: Tensor, facts: ClassFacts) -> Tensor:
        return logits + self.tau * positive(facts.effective, logits).log()

    def prior_after(self, prior: Prior) -> Prior:
        """π^(1 - τ): uniform for τ = 1."""
        return power_of_prior(prior, 1 - self.tau)


@dataclass(frozen=True)
class VectorScaling:
    """Cross-entropy of Δ_c z_c + τ log π_c with Δ_c = (π_c / max π)^gamma: Kini et al. 2021, eq. 4.

    π is the effective prior. gamma = 0 is `LogitAdjusted`; τ = 0 is CDT (Ye et al. 2020).

    Attributes:
        gamma: exponent of the multiplicative part.
        tau: strength of the additive part.
    """

    gamma: float = 0.3
    tau: float = 1.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        scale, shift = self._scale_and_shift(logits, facts)
        return cross_entropy(scale * logits + shift, labels)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        scale, shift = self._scale_and_shift(logits, facts)
        return scale * cross_entropy_gradient(scale * logits + shift, labels)

    def _scale_and_shift(self, logits: Tensor, facts: ClassFacts) -> tuple[Tensor, Tensor]:
        prior = positive(facts.effective, logits)
        return (prior / prior.amax(-1, keepdim=True)) ** self.gamma, self.tau * prior.log()

    @property
    def uncalibrated(self) -> str:
        """Why scores stand for no prior: Δz has its minimum along a line, on which the scores differ."""
        return "classes are scaled, so that the best constant scores are not determined" if self.gamma else ""

    def prior_after(self, prior: Prior) -> Prior:
        """π^(1 - τ), what the additive part leaves; the multiplicative part has no prior to speak of."""
        return power_of_prior(prior, 1 - self.tau)


@dataclass(frozen=True)
class LabelDistributionAwareMargin:
    """Cross-entropy of z - s·m_y e_y with m_c = m·(n_min/n_c)^¼: LDAM, Cao et al. 2019, eq. 13.

    The logits must be cosines times s, as `CosineHead` with the same s gives them; then this equals the paper's
    s·(cos - m_y e_y).

    Attributes:
        max_margin: m, the margin of the rarest class, in units of the cosine.
        scale: s, the same as the head's.
    """

    max_margin: float = 0.5
    scale: float = 30.0
    uncalibrated: ClassVar[str] = "margins of a bounded cosine, times s, say nothing of probabilities"

    def margins(self, counts: Tensor) -> Tensor:
        """(C,) margins of the classes; that of an absent class is never used."""
        rarest = torch.where(counts > 0, counts, torch.inf).amin(-1, keepdim=True)
        return self.max_margin * (rarest / counts.clamp(min=1)) ** 0.25

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy(self._lowered(logits, labels, facts), labels)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        return cross_entropy_gradient(self._lowered(logits, labels, facts), labels)

    def _lowered(self, logits: Tensor, labels: Tensor, facts: ClassFacts) -> Tensor:
        margin = of_label(self.margins(facts.counts.to(logits.dtype)), labels).unsqueeze(-1)
        own = is_label(labels, logits.shape[-1])
        return torch.where(own, logits - self.scale * margin, logits)


@dataclass(frozen=True)
class LabelAwareSmoothing:
    """(1 - ε_y)·(-log p_y) + ε_y·mean_c(-log p_c): Zhong et al. 2021 (MiSLAS), eq. 4 to 6, concave form.

    ε_c = ε_tail + (ε_head - ε_tail)·sin(π/2 · (n_c - n_min)/(n_max - n_min)); with equal counts all are ε_tail.

    Attributes:
        head: ε of the largest class.
        tail: ε of the smallest class.
    """

    head: float = 0.3
    tail: float = 0.0

    def smoothing(self, counts: Tensor) -> Tensor:
        """(C,) ε of the classes."""
        smallest = torch.where(counts > 0, counts, torch.inf).amin(-1, keepdim=True)
        place = (counts - smallest).clamp(min=0) / (counts.amax(-1, keepdim=True) - smallest).clamp(min=1)
        return self.tail + (self.head - self.tail) * torch.sin(math.pi / 2 * place)

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        surprise = -functional.log_softmax(logits, dim=-1)
        epsilon = of_label(self.smoothing(facts.counts.to(logits.dtype)), labels)
        return (1 - epsilon) * of_label(surprise, labels) + epsilon * surprise.mean(-1)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        epsilon = of_label(self.smoothing(facts.counts.to(logits.dtype)), labels).unsqueeze(-1)
        own = is_label(labels, logits.shape[-1]).to(logits.dtype)
        return torch.softmax(logits, dim=-1) - (1 - epsilon) * own - epsilon / logits.shape[-1]

    def prior_after(self, prior: Prior) -> Prior:
        """Σ_c π_c ((1 - ε_c) e_c + ε_c / C), the mean of the smoothed labels, over the classes present.

        ε is taken as for counts in proportion to π.
        """
        epsilon = self.smoothing(torch.from_numpy(prior / prior.max() * _PLENTY)).numpy()
        smoothed = (1 - epsilon) * prior + (prior @ epsilon) / len(prior)
        return normalised(np.where(prior > 0, smoothed, 0.0))


@dataclass(frozen=True)
class CosineHead:
    """z_c = s·cos(h, w_c); the bias is not used (Gidaris & Komodakis 2018; Cao et al. 2019).

    Attributes:
        scale: s. Cosines alone are too close together for a softmax.
    """

    scale: float = 16.0

    def __call__(self, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # noqa: ARG002
        return self.scale * (_unit(features) @ _unit(weight).transpose(-1, -2))


def _unit(rows: Tensor) -> Tensor:
    """Rows of length one. The small term keeps the gradient of an all-zero row (a dead ReLU layer) bounded."""
    return rows * torch.rsqrt(rows.square().sum(-1, keepdim=True) + 1e-8)
