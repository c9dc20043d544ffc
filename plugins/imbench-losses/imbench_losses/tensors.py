"""Small tensor functions that the losses share: per example, finite at the ends of float32, safe under vmap.

None of them branches on a value or writes in place; branches on shapes are fine, because a pack shares its shapes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["cross_entropy", "is_label", "log_odds_against", "margins_or_logits", "of_label", "positive", "softplus"]

#: A class below this share has no rows; dividing by it or taking its logarithm stays finite.
SMALLEST_PRIOR = 1e-12


def positive(values: Tensor, like: Tensor) -> Tensor:
    """Class probabilities (C,) in the type of ``like``, with those of absent classes raised to SMALLEST_PRIOR."""
    return values.to(like.dtype).clamp(min=SMALLEST_PRIOR)


def is_label(labels: Tensor, n_classes: int) -> Tensor:
    """(B,) labels → (B, C) True at the label (``one_hot`` scatters in place, which vmap does not like)."""
    return labels.unsqueeze(-1) == torch.arange(n_classes, device=labels.device)


def of_label(values: Tensor, labels: Tensor) -> Tensor:
    """The value of each example's label: (B, C) or (C,) → (B,)."""
    if values.dim() == 1:
        return values[labels]
    return values.gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-log softmax(z)_y per example: (B, C), (B,) → (B,)."""
    return -of_label(functional.log_softmax(logits, dim=-1), labels)


def softplus(values: Tensor) -> Tensor:
    """log(1 + eˣ), exact on both sides (``torch.nn.functional.softplus`` drops the small term above 20)."""
    return -functional.logsigmoid(-values)


def log_odds_against(logits: Tensor, labels: Tensor) -> Tensor:
    """Log odds against the label, log (1 - p_y)/p_y: (B, C), (B,) → (B,).

    With it 1 - p_y = sigmoid(d) and -log p_y = softplus(d), both without the cancellation of 1 - exp(log p_y).
    """
    own = is_label(labels, logits.shape[-1])
    others = torch.where(own, -torch.inf, logits)
    return torch.logsumexp(others, dim=-1) - of_label(logits, labels)


def margins_or_logits(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The binary decisions behind one-vs-rest losses: logits (B, D) and True where the answer is yes (B, D).

    With C > 2 classes there are D = C of them. With two classes there is one, the margin z₁ - z₀, whose sigmoid is
    the softmax of the two logits.
    """
    if logits.shape[-1] == 2:
        return (logits[..., 1:] - logits[..., :1]), (labels == 1).unsqueeze(-1)
    return logits, is_label(labels, logits.shape[-1])
