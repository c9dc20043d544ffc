"""Losses of a whole batch that order examples: one value per example, whose mean is the loss of the batch.

An example's value depends on the others of its batch, so these losses ask for batches that hold every class
(`fixed_positives`), and neither class weights nor mixed targets mean anything to them. They say so by ``batchwise``.
More than two classes are ranked one-vs-rest, and the losses of the classes added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from imbench import ClassFacts, PriorEffect
from imbench_losses.tensors import margins_or_logits, of_decisions

__all__ = ["AucMargin", "SmoothAveragePrecision"]


class _Batch(NamedTuple):
    """Scores h and answers of a batch, with its saddle point: each (…, B, D), or (…, 1, D) of all examples."""

    scores: Tensor
    yes: Tensor
    share: Tensor
    mean_yes: Tensor
    mean_no: Tensor
    pull: Tensor


@dataclass(frozen=True)
class AucMargin:
    """AUC margin loss on h = sigmoid(z): Yuan et al. 2021, at its saddle point.

    With p the share of positives in the batch, the value of an example is (1 - p)(h - a)² - 2t(1 - p)h of a positive,
    p(h - b)² + 2tph of a negative, each plus 2tp(1 - p)m - p(1 - p)t². The paper moves a, b and t (its alpha) by
    gradient steps; given a batch the best are a, b = mean scores of positives and negatives and t = max(0, m + b - a),
    and the mean becomes p(1 - p)·(Var₊ + Var₋ + t²). At a saddle point the derivatives in a, b and t vanish, so that
    the gradient in h is the paper's. A batch of one class has value and gradient 0.

    Attributes:
        margin: m, how far the mean scores of the two classes should be apart.
    """

    margin: float = 1.0
    batchwise: ClassVar[bool] = True
    uncalibrated: ClassVar[str] = "it sees the order of the scores, not their level"
    link: ClassVar[str] = "sigmoid"
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        h, yes, p, a, b, pull = self._saddle(logits, labels)
        positive = (1 - p) * ((h - a).square() - 2 * pull * h)
        negative = p * ((h - b).square() + 2 * pull * h)
        return (torch.where(yes, positive, negative) + p * (1 - p) * pull * (2 * self.margin - pull)).sum(-1)

    def gradient(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        h, yes, p, a, b, pull = self._saddle(logits, labels)
        slopes = torch.where(yes, (1 - p) * (h - a - pull), p * (h - b + pull))
        return of_decisions(2 * slopes * h * (1 - h), logits)

    def _saddle(self, logits: Tensor, labels: Tensor) -> _Batch:
        decisions, yes = margins_or_logits(logits, labels)
        h = torch.sigmoid(decisions)
        fixed, ones = h.detach(), yes.to(h.dtype)
        a = _mean(fixed, ones)
        b = _mean(fixed, 1 - ones)
        return _Batch(h, yes, ones.mean(-2, keepdim=True), a, b, (self.margin + b - a).clamp(min=0))


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean over the batch of what is chosen, 0 where nothing is: (…, B, D) → (…, 1, D)."""
    return (values * chosen).sum(-2, keepdim=True) / chosen.sum(-2, keepdim=True).clamp(min=1)


@dataclass(frozen=True)
class SmoothAveragePrecision:
    """1 - AP of the batch with ranks made smooth by sigmoids: Brown et al. 2020, on h = sigmoid(z).

    AP_i = R₊(i)/R(i), R(i) = 1 + Σ_{j≠i} s((h_j - h_i)/τ) and R₊ the same over positives. A positive's value is
    (1 - AP_i)·B/B₊, a negative's 0: it lowers the loss through the ranks of the positives. A batch without positives
    has value 0. Costs B² per class.

    Attributes:
        tau: τ, how far scores must be apart to count as ordered; towards 0 it is the exact average precision.
    """

    tau: float = 0.05
    batchwise: ClassVar[bool] = True
    uncalibrated: ClassVar[str] = "it sees the order of the scores, not their level"
    link: ClassVar[str] = "sigmoid"

    def __call__(self, logits: Tensor, labels: Tensor, _facts: ClassFacts, /) -> Tensor:
        decisions, yes = margins_or_logits(logits, labels)
        h, ones = torch.sigmoid(decisions), yes.to(logits.dtype)
        above = torch.sigmoid((h.unsqueeze(-3) - h.unsqueeze(-2)) / self.tau)  # (B, B, D): j above i
        # the diagonal holds ½ each, so that 1 + Σ_{j≠i} is ½ + Σ_j
        precision = (0.5 + (above * ones.unsqueeze(-3)).sum(-2)) / (0.5 + above.sum(-2))
        scale = ones.shape[-2] / ones.sum(-2, keepdim=True).clamp(min=1)
        return (ones * scale * (1 - precision)).sum(-1)
