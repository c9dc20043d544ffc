"""Class weights. The engine scales them to mean one under the effective prior, so only their proportions matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from imbench import Labels, Prior, PriorEffect

__all__ = ["ClassBalanced", "DeferredClassBalanced", "InverseFrequency", "effective_number"]


def effective_number(counts: Labels, beta: float) -> NDArray[np.float64]:
    """(C,) effective numbers of rows, (1 - β^n)/(1 - β): Cui et al. 2019, eq. 2. An absent class counts as one row."""
    numbers: NDArray[np.float64] = (1 - beta ** np.maximum(counts, 1).astype(np.float64)) / (1 - beta)
    return numbers


@dataclass(frozen=True)
class InverseFrequency:
    """w_c ∝ π_c^-power of the effective frequencies: 1 balances them (King & Zeng 2001), ½ goes half-way.

    Any other power is generalised re-weighting (Zhang et al. 2021, DisAlign).

    Attributes:
        power: 0 is uniform.
    """

    power: float = 1.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, effective: Prior, progress: float) -> NDArray[np.float64]:  # noqa: ARG002
        present = effective > 0
        weights: NDArray[np.float64] = np.where(present, np.where(present, effective, 1.0) ** -self.power, 0.0)
        return weights


@dataclass(frozen=True)
class ClassBalanced:
    """w_c = (1 - β)/(1 - β^n_c), scaled to sum to the number of classes: Cui et al. 2019, eq. 2 and §4.

    It reads the raw counts, so it may not follow another part that corrects the prior.

    Attributes:
        beta: 0 is uniform; towards 1 it approaches inverse frequency.
    """

    beta: float = 0.9999
    prior_effect: ClassVar[PriorEffect] = "corrects"

    def __call__(self, counts: Labels, effective: Prior, progress: float) -> NDArray[np.float64]:  # noqa: ARG002
        present = counts > 0
        weights = np.where(present, 1 / effective_number(counts, self.beta), 0.0)
        scaled: NDArray[np.float64] = weights * present.sum() / weights.sum()
        return scaled


@dataclass(frozen=True)
class DeferredClassBalanced:
    """Uniform until ``start``, then `ClassBalanced`: deferred re-weighting (DRW), Cao et al. 2019, algorithm 1.

    Attributes:
        beta: as in `ClassBalanced`.
        start: share of the budget that is trained without weights.
    """

    beta: float = 0.9999
    start: float = 0.8
    prior_effect: ClassVar[PriorEffect] = "corrects"

    def __call__(self, counts: Labels, effective: Prior, progress: float) -> NDArray[np.float64]:
        if progress < self.start:
            return np.ones(len(counts))
        return ClassBalanced(self.beta)(counts, effective, progress)
