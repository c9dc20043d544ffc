"""Small tensor functions that the losses share: per example, finite at the ends of float32, safe under vmap.

None of them branches on a value or writes in place; branches on shapes are fine, because a pack shares its shapes.
Shapes are those of one cell. The same lines serve the gradients of a whole pack, where each tensor has a further axis
in front and class values (C,) come as (K, 1, C).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "along_the_odds",
    "cross_entropy",
    "cross_entropy_gradient",
    "focal",
    "focal_slope",
    "is_label",
    "log_odds_against",
    "margins_or_logits",
    "modulation",
    "of_decisions",
    "of_label",
    "positive",
    "softplus",
]

#: A class below this share has no rows; dividing by it or taking its logarithm stays finite.
SMALLEST_PRIOR = 1e-12


def positive(values: Tensor, like: Tensor) -> Tensor:
    """Class probabilities (C,) in the type of ``like``, with those of absent classes raised to SMALLEST_PRIOR."""
    return values.to(like.dtype).clamp(min=SMALLEST_PRIOR)


def is_label(labels: Tensor, n_classes: int) -> Tensor:
    """(B,) labels → (B, C) True at the label (``one_hot`` scatters in place, which vmap does not like)."""
    return labels.unsqueeze(-1) == torch.arange(n_classes, device=labels.device)


def of_label(values: Tensor, labels: Tensor) -> Tensor:
    """The value of each example's label: (B, C), (1, C) or (C,) → (B,)."""
    if values.dim() == 1:
        return values[labels]
    rows = values.expand(*labels.shape, values.shape[-1])
    return rows.gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-log softmax(z)_y per example: (B, C), (B,) → (B,)."""
    return -of_label(functional.log_softmax(logits, dim=-1), labels)


def cross_entropy_gradient(logits: Tensor, labels: Tensor) -> Tensor:
    """softmax(z) - e_y, the derivative of `cross_entropy` with respect to the logits."""
    if logits.shape[-1] == 2:
        return along_the_odds(torch.sigmoid(log_odds_against(logits, labels)), logits, labels)
    return torch.softmax(logits, dim=-1) - is_label(labels, logits.shape[-1]).to(logits.dtype)


def softplus(values: Tensor) -> Tensor:
    """log(1 + eˣ), exact on both sides (``torch.nn.functional.softplus`` drops the small term above 20)."""
    return -functional.logsigmoid(-values)


def modulation(against: Tensor, gamma: float) -> Tensor:
    """(1 - p)^gamma from the log odds against; in logarithms also 0^gamma has a gradient."""
    return torch.exp(gamma * functional.logsigmoid(against))


def focal(against: Tensor, gamma: float) -> Tensor:
    """-(1 - p)^gamma log p from the log odds against."""
    return modulation(against, gamma) * softplus(against)


def focal_slope(against: Tensor, gamma: float) -> Tensor:
    """Derivative of `focal` with respect to the log odds: (1 - p)^gamma (gamma p (-log p) + 1 - p)."""
    rest = torch.sigmoid(against)
    inner = gamma * torch.sigmoid(-against) * softplus(against) + rest
    return modulation(against, gamma) * inner


def log_odds_against(logits: Tensor, labels: Tensor) -> Tensor:
    """Log odds against the label, log (1 - p_y)/p_y: (B, C), (B,) → (B,).

    With it 1 - p_y = sigmoid(d) and -log p_y = softplus(d), both without the cancellation of 1 - exp(log p_y).
    """
    if logits.shape[-1] == 2:
        margin = logits[..., 1] - logits[..., 0]
        return torch.where(labels == 1, -margin, margin)
    return torch.logsumexp(_others(logits, labels), dim=-1) - of_label(logits, labels)


def along_the_odds(slope: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
    """Derivative with respect to the logits of a function of `log_odds_against`, from its derivative there.

    d moves by -1 with the label's own logit, and with each other one by its softmax share among the others.

    Args:
        slope: (B,) derivative with respect to the log odds.
        logits: (B, C).
        labels: (B,).
    """
    if logits.shape[-1] == 2:
        upwards = torch.where(labels == 1, -slope, slope)
        return torch.stack((-upwards, upwards), dim=-1)
    shares = torch.softmax(_others(logits, labels), dim=-1) - is_label(labels, logits.shape[-1]).to(logits.dtype)
    return slope.unsqueeze(-1) * shares


def _others(logits: Tensor, labels: Tensor) -> Tensor:
    """The logits with that of the label at -inf."""
    return torch.where(is_label(labels, logits.shape[-1]), -torch.inf, logits)


def margins_or_logits(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The binary decisions behind one-vs-rest losses: logits (B, D) and True where the answer is yes (B, D).

    With C > 2 classes there are D = C of them. With two classes there is one, the margin z₁ - z₀, whose sigmoid is
    the softmax of the two logits.
    """
    if logits.shape[-1] == 2:
        return (logits[..., 1:] - logits[..., :1]), (labels == 1).unsqueeze(-1)
    return logits, is_label(labels, logits.shape[-1])


def of_decisions(slopes: Tensor, logits: Tensor) -> Tensor:
    """Derivative with respect to the logits (B, C) from that with respect to the decisions of `margins_or_logits`."""
    return torch.cat((-slopes, slopes), dim=-1) if logits.shape[-1] == 2 else slopes
