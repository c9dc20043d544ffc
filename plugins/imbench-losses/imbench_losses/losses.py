"""Cross-entropy and focal losses. Each returns one loss per example; the trainer weights and averages.

``gradient`` is the derivative of these losses with respect to the logits, for all cells of a pack in one call; imbench
compares it with autograd's before it uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from imbench import ClassFacts, Prior, PriorEffect, normalised
from imbench_losses.priors import of_constant_scores
from imbench_losses.tensors import (
    along_the_odds,
    focal,
    focal_slope,
    log_odds_against,
    margins_or_logits,
    modulation,
    of_decisions,
    of_label,
    positive,
    softplus,
)

__all__ = ["CrossEntropyPlusFocal", "Focal", "SigmoidFocal", "WeightedBinaryCrossEntropy"]


@dataclass(frozen=True)
class WeightedBinaryCrossEntropy:
    """Σ_c -[t_c·ω_c·log s(z_c) + (1 - t_c)·log(1 - s(z_c))] with s the sigmoid and ω_c = (1 - π_c)/π_c.

    π are the effective frequencies: ω_c = (N - n_c)/n_c where nothing came before. ω is the ``pos_weight`` of
    `torch.nn.BCEWithLogitsLoss`. With two classes there is one such term, on z₁ - z₀.
    """

    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    link: ClassVar[str] = "sigmoid"

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        effective = positive(facts.effective, logits)
        decisions, yes = margins_or_logits(logits, labels)
        weight = ((1 - effective) / effective)[..., -decisions.shape[-1] :]
        return torch.where(yes, weight * softplus(-decisions), softplus(decisions)).sum(-1)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        effective = positive(facts.effective, logits)
        decisions, yes = margins_or_logits(logits, labels)
        weight = ((1 - effective) / effective)[..., -decisions.shape[-1] :]
        slopes = torch.where(yes, -weight * torch.sigmoid(-decisions), torch.sigmoid(decisions))
        return of_decisions(slopes, logits)


@dataclass(frozen=True)
class Focal:
    """-(1 - p_y)^gamma log p_y with p = softmax(z): Lin et al. 2017, eq. 4, for any number of classes.

    The modulating factor takes part in the gradient. Written in the log odds d against the label, as
    exp(gamma log sigmoid(d))·softplus(d), value and gradient stay finite at p_y = 1 also for gamma < 1.

    Attributes:
        gamma: how strongly well-classified examples are down-weighted; 0 is cross-entropy.
    """

    gamma: float = 2.0

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        return focal(log_odds_against(logits, labels), self.gamma)

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        slope = focal_slope(log_odds_against(logits, labels), self.gamma)
        return along_the_odds(slope, logits, labels)

    def prior_after(self, prior: Prior) -> Prior:
        """Nearer to uniform than the prior: hard examples are those of rare classes."""
        return of_constant_scores(self, prior, sigmoid=False)


@dataclass(frozen=True)
class SigmoidFocal:
    """Σ_c -alpha_t (1 - p_t)^gamma log p_t on sigmoids, one-vs-rest: Lin et al. 2017, eq. 5.

    With s the sigmoid, p_t = s(z) and alpha_t = alpha where the answer is yes, p_t = 1 - s(z) and alpha_t = 1 - alpha
    where it is no.

    Attributes:
        gamma: as in `Focal`.
        alpha: weight of the positive answers; ½ weighs both alike.
    """

    gamma: float = 2.0
    alpha: float = 0.25
    link: ClassVar[str] = "sigmoid"

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        decisions, yes = margins_or_logits(logits, labels)
        against = torch.where(yes, -decisions, decisions)
        each = focal(against, self.gamma)
        return torch.where(yes, self.alpha * each, (1 - self.alpha) * each).sum(-1)

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        decisions, yes = margins_or_logits(logits, labels)
        slope = focal_slope(torch.where(yes, -decisions, decisions), self.gamma)
        return of_decisions(torch.where(yes, -self.alpha * slope, (1 - self.alpha) * slope), logits)

    def prior_after(self, prior: Prior) -> Prior:
        """What alpha and the focus make of it together; alpha of 0 or 1 leaves one class alone, and no prior."""
        return of_constant_scores(self, prior, sigmoid=True) if 0 < self.alpha < 1 else prior


@dataclass(frozen=True)
class CrossEntropyPlusFocal:
    """(1 - λ)·w_y·(-log p_y) + λ·(-(1 - p_y)^gamma log p_y), w_c = 1/(C·π_c) of the effective frequencies.

    The sum of class-weighted cross-entropy and focal loss. w has mean one under π, so λ = ½ is the plain sum at half
    the learning rate. Only the first term is weighted: the focal term keeps the class frequencies.

    Attributes:
        gamma: exponent of the focal term.
        weight: λ, the share of the focal term.
    """

    gamma: float = 2.0
    weight: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        class_weight = 1 / (logits.shape[-1] * positive(facts.effective, logits))
        against = log_odds_against(logits, labels)
        factor = (1 - self.weight) * of_label(class_weight, labels) + self.weight * modulation(against, self.gamma)
        return factor * softplus(against)

    def gradient(self, logits: Tensor, labels: Tensor, facts: ClassFacts, /) -> Tensor:
        class_weight = 1 / (logits.shape[-1] * positive(facts.effective, logits))
        against = log_odds_against(logits, labels)
        plain = of_label(class_weight, labels) * torch.sigmoid(against)
        slope = (1 - self.weight) * plain + self.weight * focal_slope(against, self.gamma)
        return along_the_odds(slope, logits, labels)

    def prior_after(self, prior: Prior) -> Prior:
        """(1 - λ)/C + λ·π over the classes present: class frequencies as the two terms together weigh them."""
        mixed: Prior = (1 - self.weight) * normalised((prior > 0).astype(np.float64)) + self.weight * prior
        return mixed
