"""Augmentation by mixing pairs of examples. Targets stay pairs of labels and weights, never a soft-label matrix."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from imbench import Mixture

__all__ = ["MarginAwareMixup", "Mixup", "Remix", "mix"]


def mix(inputs: Tensor, labels: Tensor, partner: Tensor, share: Tensor, label_share: Tensor) -> Mixture:
    """λ·x_i + (1 - λ)·x_j with targets λ_y·y_i + (1 - λ_y)·y_j.

    Args:
        inputs: (B, …).
        labels: (B,).
        partner: (B,) j of each i.
        share: () λ of the inputs.
        label_share: (B,) λ_y of the labels.
    """
    mixed = share * inputs + (1 - share) * inputs[partner]
    return Mixture(mixed, ((labels, label_share), (labels[partner], 1 - label_share)))


@dataclass(frozen=True)
class Mixup:
    """x̃ = λ·x_i + (1 - λ)·x_j, the same for the labels, one λ ~ Beta(alpha, alpha) a batch: Zhang et al. 2018, eq. 1.

    Attributes:
        alpha: strength; towards 0 the batch stays as it is.
    """

    alpha: float = 1.0

    def __call__(self, inputs: Tensor, labels: Tensor, counts: Tensor, generator: Generator) -> Mixture:  # noqa: ARG002
        partner, share = _draw(inputs, self.alpha, generator)
        return mix(inputs, labels, partner, share, share.expand(len(labels)))


@dataclass(frozen=True)
class Remix:
    """Mixup whose label goes to the rarer class where the pair is unequal enough: Chou et al. 2020, eq. 5 to 7.

    λ_y = 0 if n_i/n_j ≥ κ and λ < τ; 1 if n_i/n_j ≤ 1/κ and 1 - λ < τ; else λ.

    Attributes:
        alpha: as in `Mixup`.
        kappa: how much larger the other class must be.
        tau: how much of the input must come from the rarer class.
    """

    alpha: float = 1.0
    kappa: float = 3.0
    tau: float = 0.5

    def __call__(self, inputs: Tensor, labels: Tensor, counts: Tensor, generator: Generator) -> Mixture:
        partner, share = _draw(inputs, self.alpha, generator)
        return mix(inputs, labels, partner, share, self.label_share(counts[labels], counts[labels[partner]], share))

    def label_share(self, own: Tensor, other: Tensor, share: Tensor) -> Tensor:
        """(B,) λ_y from the class counts n_i, n_j (B,) and λ ()."""
        larger = (own >= self.kappa * other) & (share < self.tau)
        smaller = (self.kappa * own <= other) & (1 - share < self.tau)
        return torch.where(larger, 0.0, torch.where(smaller, 1.0, share))


@dataclass(frozen=True)
class MarginAwareMixup:
    """Mixup whose label turns where the margins of the two classes meet: MAMix, Cheng et al. 2023.

    λ_y = ½ at λ = μ = n_j^ω/(n_i^ω + n_j^ω), 0 at 0 and 1 at 1, straight in between. With ω < 0 the larger class must
    give more than half of the input to own half of the label. (The authors' code raises exactly at λ = μ.)

    Attributes:
        alpha: as in `Mixup`.
        power: ω; 0 is mixup.
    """

    alpha: float = 1.0
    power: float = -0.25

    def __call__(self, inputs: Tensor, labels: Tensor, counts: Tensor, generator: Generator) -> Mixture:
        partner, share = _draw(inputs, self.alpha, generator)
        return mix(inputs, labels, partner, share, self.label_share(counts[labels], counts[labels[partner]], share))

    def label_share(self, own: Tensor, other: Tensor, share: Tensor) -> Tensor:
        """(B,) λ_y from the class counts n_i, n_j (B,) and λ ()."""
        turn = 1 / (1 + (own / other) ** self.power)
        return torch.where(share <= turn, share / (2 * turn), 1 - (1 - share) / (2 * (1 - turn)))


def _draw(inputs: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Partners (B,) and λ () for a batch."""
    device = generator.device
    partner = torch.randperm(len(inputs), generator=generator, device=device)
    # torch.distributions.Beta takes no generator; this is the function beneath it
    pair = torch._sample_dirichlet(torch.full((2,), alpha, device=device), generator)
    return partner.to(inputs.device), pair[0].to(inputs)
