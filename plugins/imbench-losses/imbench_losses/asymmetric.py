"""Asymmetric losses: positives and negatives are focused by exponents of their own (Ridnik et al. 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from imbench import ClassFacts, Prior, normalised
from imbench_losses.tensors import (
    along_the_odds,
    focal,
    focal_slope,
    is_label,
    log_odds_against,
    margins_or_logits,
    of_decisions,
)

__all__ = ["Asymmetric", "SigmoidAsymmetric"]


@dataclass(frozen=True)
class Asymmetric:
    """-(1 - ε + ε/C)·(1 - p_y)^g log p_y - ε/C·Σ_{c≠y} p_c^h log p_c with p = softmax(z): ASL for single labels.

    The form of the authors' code for single-label tasks, on labels smoothed by ε. Without smoothing the classes that
    are not the label drop out and it is focal loss of exponent g.

    Attributes:
        gamma_pos: g, focusing of the label's term.
        gamma_neg: h, focusing of the other terms.
        smoothing: ε.
    """

    gamma_pos: float = 0.0
    gamma_neg: float = 4.0
    smoothing: float = 0.1

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        own, each = self._shares(logits)
        logs = functional.log_softmax(logits, dim=-1)
        others = torch.where(is_label(labels, logits.shape[-1]), 0.0, -torch.exp(self.gamma_neg * logs) * logs)
        return own * focal(log_odds_against(logits, labels), self.gamma_pos) + each * others.sum(-1)

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        own, each = self._shares(logits)
        logs = functional.log_softmax(logits, dim=-1)
        slopes = -torch.exp(self.gamma_neg * logs) * (1 + self.gamma_neg * logs)
        slopes = torch.where(is_label(labels, logits.shape[-1]), 0.0, slopes)
        others = slopes - logs.exp() * slopes.sum(-1, keepdim=True)
        slope = focal_slope(log_odds_against(logits, labels), self.gamma_pos)
        return own * along_the_odds(slope, logits, labels) + each * others

    def _shares(self, logits: Tensor) -> tuple[float, float]:
        """Target of the label and of each other class."""
        each = self.smoothing / logits.shape[-1]
        return 1 - self.smoothing + each, each


@dataclass(frozen=True)
class SigmoidAsymmetric:
    """One-vs-rest on sigmoids: -(1 - p)^g log p where yes, -q^h log(1 - q), q = max(p - m, 0), where no.

    Ridnik et al. 2021, with asymmetric focusing and probability shifting. Easy negatives (p < m) count nothing. The
    focusing factors take part in the gradient, as in the paper's analysis; its code leaves them out by default.

    Attributes:
        gamma_pos: g.
        gamma_neg: h.
        margin: m, by which the probability of a negative is lowered.
    """

    gamma_pos: float = 1.0
    gamma_neg: float = 4.0
    margin: float = 0.05
    link: ClassVar[str] = "sigmoid"

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        decisions, yes = margins_or_logits(logits, labels)
        return torch.where(yes, focal(-decisions, self.gamma_pos), self._negative(decisions)).sum(-1)

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        decisions, yes = margins_or_logits(logits, labels)
        slopes = torch.where(yes, -focal_slope(-decisions, self.gamma_pos), self._negative_slope(decisions))
        return of_decisions(slopes, logits)

    def _negative(self, x: Tensor) -> Tensor:
        """The loss of a negative with logit x."""
        if self.margin == 0:
            return focal(x, self.gamma_neg)
        _, above, lowered, log_rest = self._lowered(x)
        return torch.where(above, -torch.exp(self.gamma_neg * lowered.log()) * log_rest, 0.0)

    def _negative_slope(self, x: Tensor) -> Tensor:
        if self.margin == 0:
            return focal_slope(x, self.gamma_neg)
        p, above, lowered, log_rest = self._lowered(x)
        focusing = self.gamma_neg * torch.sigmoid(-x) * -log_rest / lowered
        plain = torch.exp(functional.logsigmoid(-x) - log_rest)
        return torch.where(above, torch.exp(self.gamma_neg * lowered.log()) * p * (focusing + plain), 0.0)

    def _lowered(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """p, whether p > m, q (1 where it is not, so that its logarithm is finite) and log(1 - q) = log(1 - p + m)."""
        p = torch.sigmoid(x)
        above = p > self.margin
        log_margin = torch.full_like(x, math.log(self.margin))
        log_rest = torch.logaddexp(functional.logsigmoid(-x), log_margin)
        return p, above, torch.where(above, p - self.margin, 1.0), log_rest

    def prior_after(self, prior: Prior) -> Prior:
        """The scores of the best constant logits: what the loss makes of examples that say nothing but the prior.

        The derivative of the expected loss of each decision changes its sign once; it is found by bisection.
        """
        yes = torch.from_numpy(prior[1:].copy() if len(prior) == 2 else prior.copy())
        low, high = torch.full_like(yes, -30.0), torch.full_like(yes, 30.0)
        for _ in range(60):
            x = (low + high) / 2
            slope = -yes * focal_slope(-x, self.gamma_pos) + (1 - yes) * self._negative_slope(x)
            low, high = torch.where(slope < 0, x, low), torch.where(slope < 0, high, x)
        p = torch.sigmoid((low + high) / 2)
        scores = torch.cat((1 - p, p)) if len(prior) == 2 else p
        return normalised(scores.numpy() * (prior > 0))
