"""Balanced bagging of networks: members train together, as a pack of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from imbench import Predictor, PriorEffect, Training, Trial
from imbench_ensembles.predictors import Average, constant
from imbench_ensembles.subsets import balanced

__all__ = ["BaggedNetworks"]


@dataclass(frozen=True)
class BaggedNetworks:
    """Networks on balanced subsets, averaged (Wallace et al. 2011, Class Imbalance, Redux).

    Each member has its own subset, initial weights and batch order, and the whole budget.

    Attributes:
        members: networks.
    """

    members: int = 10
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def fit(self, trial: Trial) -> Predictor:
        """Train all members at once."""
        only = constant(trial)
        if only is not None:
            return only
        subsets = [balanced(trial.y, trial.rng(f"bag {member}")) for member in range(self.members)]
        networks = trial.train_all([Training(rows=rows, stream=f"bag {member}") for member, rows in enumerate(subsets)])
        return Average(networks, notes={"members": self.members, "rows": len(subsets[0])})
