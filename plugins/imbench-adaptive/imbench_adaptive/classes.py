"""Class weights that move with what the network makes of each class: its loss, or its recall on validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from imbench import Labels, Prior, PriorEffect, Seen, normalised

__all__ = ["GroupRobust", "RecallDriven"]

#: A loss above this counts as this, so that one infinite loss does not end all other classes.
_LARGEST_LOSS = 1e4
#: A class below this share has no rows; dividing by it stays finite.
_SMALLEST_PRIOR = 1e-12
#: Added to 1 - recall: a class that is always found still counts.
_FLOOR = 0.05


@dataclass(frozen=True)
class GroupRobust:
    """Distributionally robust optimisation with classes as groups: Sagawa et al. 2020, algorithm 1.

    q_c ← q_c·exp(η·L_c), normalised, L_c the mean loss of class c in the batch; a class that is not in the batch has
    L_c = 0. The risk is Σ_c q_c L_c: an example weighs q_y over the share that its class has of a batch in expectation,
    class weights included (``facts.effective``), so a weighted or balanced batch is not balanced twice. The state is
    log q up to a constant, -inf for classes without rows.

    Attributes:
        step: η; with 0 the weights are those of inverse class frequency.
    """

    step: float = 0.01
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def start(self, counts: Labels) -> Tensor:
        return torch.where(torch.from_numpy(counts > 0), 0.0, -torch.inf)

    def __call__(self, seen: Seen, state: Tensor) -> tuple[Tensor, Tensor]:
        losses = seen.losses.clamp(max=_LARGEST_LOSS)
        classes = torch.arange(len(state), device=state.device)
        of_class = seen.labels == classes.unsqueeze(-1)  # (C, B)
        means = torch.where(of_class, losses, 0.0).sum(-1) / of_class.sum(-1).clamp(min=1)
        state = state + self.step * means.to(state)
        state = state - state.max()
        shares = torch.softmax(state, -1)
        return (shares / seen.facts.effective.clamp(min=_SMALLEST_PRIOR))[seen.labels], state

    def prior_after(self, prior: Prior, state: Tensor) -> Prior:
        """The adversary's q: a constant score is best where it equals it."""
        return np.where(prior > 0, torch.softmax(state.double(), -1).numpy(), 0.0)


@dataclass(frozen=True)
class RecallDriven:
    """Class weights w_c ∝ (1 - recall_c + 0.05)^strength, from recall on validation while training goes on.

    Recall loss (Tian et al. 2022, eq. 4) with the recall of validation instead of the batch, a floor and a moving
    average. Its mean over the classes that validation has is one before it is averaged; a class that it has not keeps
    its weight. Weights are scaled to mean one under ``facts.effective``. They are equal until the first look.

    Attributes:
        momentum: share of the old weights at a look.
        strength: exponent; 0 is no weight.
    """

    momentum: float = 0.5
    strength: float = 1.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def start(self, counts: Labels) -> Tensor:
        return torch.ones(len(counts))

    def __call__(self, seen: Seen, state: Tensor) -> tuple[Tensor, Tensor]:
        mean = (seen.facts.effective * state).sum()
        return (state / mean)[seen.labels], state

    def look(self, state: Tensor, recalls: Tensor) -> Tensor:
        """The state after a look at the recall (C,) of each class on validation; NaN where it has no rows."""
        known = ~recalls.isnan()
        wanted = (1 - recalls + _FLOOR) ** self.strength
        wanted = wanted / wanted.nanmean()
        return torch.where(known, self.momentum * state + (1 - self.momentum) * wanted, state)

    def prior_after(self, prior: Prior, state: Tensor) -> Prior:
        """The prior times the weights."""
        return normalised(prior * state.double().numpy())
