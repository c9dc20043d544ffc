"""Example weights learnt on a balanced meta set: by a network of the loss (MW-Net), or anew for each batch (L2RW)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from imbench import Predictor, PriorEffect, Trial
from imbench_adaptive.descent import Batch, Network, Noted
from imbench_adaptive.meta import Losses, Meta, Virtual, forward, losses_of, meta_of, meta_rows

__all__ = ["LearningToReweight", "MetaWeightNet", "WeightNet", "reweighting"]

#: Hidden units of Shu et al. 2019's weight network, and the weight decay of its Adam.
_HIDDEN, _DECAY = 100, 1e-4
#: A loss above this counts as this where that network reads it.
_LARGEST_LOSS = 100.0


@dataclass(frozen=True)
class MetaWeightNet:
    """Meta-weight-net: Shu et al. 2019, algorithm 1.

    Attributes:
        virtual: what the virtual step moves.
        meta: rows of each class in the meta set.
        step: rate of the virtual step, a plain gradient step.
        rate: learning rate of the weight network's Adam.
    """

    virtual: Virtual = "head"
    meta: int = 10
    step: float = 0.1
    rate: float = 1e-3
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    uncalibrated: ClassVar[str] = "how far its weights balance the classes depends on the budget"

    def fit(self, trial: Trial) -> Predictor:
        rows, device = meta_rows(trial, self.meta), torch.device(trial.device)
        meta = meta_of(trial, rows, device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(trial.seed("weight network"))
            weigh = WeightNet().to(device)
        optimiser = torch.optim.Adam(weigh.parameters(), lr=self.rate, weight_decay=_DECAY, fused=True)

        def gradient(network: Network, batch: Batch) -> Tensor:
            leaf, features, losses = forward(network, batch)
            own, others = _virtually(network, batch, features, meta, self.virtual)
            share = meta.trains[batch.rows] / len(batch.rows)
            weigh.hypergradient(losses.detach(), own, others, meta.weights, leaf.detach(), share, self.step)
            optimiser.step()
            return _weighted(leaf, losses, share * weigh(losses.detach()).detach())

        return Noted(trial.descend(gradient), {"meta_rows": len(rows)})


class WeightNet(nn.Module):
    """V(L) ∈ (0, 1), the weight of an example by its loss: 1-100-1 with a sigmoid (Shu et al. 2019, §2.2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1), nn.Sigmoid())

    def forward(self, losses: Tensor) -> Tensor:
        """(B,) losses → (B,) weights."""
        weights: Tensor = self.layers(losses.clamp(max=_LARGEST_LOSS).unsqueeze(-1))
        return weights.squeeze(-1)

    def hypergradient(
        self,
        losses: Tensor,
        own: Losses,
        others: Losses,
        of_others: Tensor,
        row: Tensor,
        share: Tensor,
        step: float,
    ) -> None:
        """Fill V's gradients: of the meta loss at w - step·Σ_i share_i·V(L_i)·∇L_i(w), eq. 3 to 5.

        The L_i that V reads are numbers, as in the authors' code.

        Args:
            losses: (B,) of the batch at w.
            own: losses of the batch as a function of the parameters.
            others: losses of the meta set.
            of_others: (m,) their weights in the meta loss.
            row: w, (P,).
            share: (B,) of an example in the mean of the batch; 0 if it does not count.
            step: rate of the virtual step.
        """
        with torch.enable_grad():
            weights = self(losses)
        moved = row - step * own.gradient(row, share * weights.detach())
        slopes = own.along(row, others.gradient(moved, of_others))
        self.zero_grad()
        weights.backward(-step * share * slopes)


@dataclass(frozen=True)
class LearningToReweight:
    """Learning to reweight examples: Ren et al. 2018, algorithm 1.

    Attributes:
        virtual: what the virtual step moves.
        meta: rows of each class in the meta set.
    """

    virtual: Virtual = "head"
    meta: int = 10
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        rows = meta_rows(trial, self.meta)
        meta = meta_of(trial, rows, torch.device(trial.device))

        def gradient(network: Network, batch: Batch) -> Tensor:
            leaf, features, losses = forward(network, batch)
            own, others = _virtually(network, batch, features, meta, self.virtual)
            weights = reweighting(own, others, meta.weights, leaf.detach(), meta.trains[batch.rows])
            return _weighted(leaf, losses, weights)

        return Noted(trial.descend(gradient), {"meta_rows": len(rows)})


def reweighting(own: Losses, others: Losses, of_others: Tensor, row: Tensor, counts: Tensor) -> Tensor:
    """(B,) weights max(0, -∂L_meta/∂ε_i) at ε = 0 over their sum: Ren et al. 2018, eq. 12 to 14.

    -∂L_meta/∂ε_i is ⟨∇L_meta, ∇L_i⟩ times the rate of the virtual step, which drops out. All are zero if no example
    would lower the meta loss: that step is skipped.

    Args:
        own: losses of the batch.
        others: losses of the meta set.
        of_others: (m,) their weights in the meta loss.
        row: (P,) parameters.
        counts: (B,) 0 for examples that must not count.
    """
    slopes = own.along(row, others.gradient(row, of_others)).clamp(min=0) * counts
    total = slopes.sum()
    return torch.where(total > 0, slopes / total, 0.0)


def _virtually(network: Network, batch: Batch, features: Tensor, meta: Meta, virtual: Virtual) -> tuple[Losses, Losses]:
    """Losses of the batch and of the meta set, as the virtual step sees them."""
    own = losses_of(network, virtual, batch.inputs, batch.labels, features)
    return own, losses_of(network, virtual, meta.inputs, meta.labels, None)


def _weighted(leaf: Tensor, losses: Tensor, weights: Tensor) -> Tensor:
    """(P,) gradient of the weighted sum of losses that hang on a leaf."""
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(weights @ losses, leaf)
    return gradient
