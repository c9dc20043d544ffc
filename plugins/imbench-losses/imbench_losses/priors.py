"""Class probabilities to a power."""

from __future__ import annotations

import numpy as np

from imbench import Prior, normalised

__all__ = ["power_of_prior"]


def power_of_prior(prior: Prior, power: float) -> Prior:
    """π^power, normalised over the classes present; an absent class stays at 0 also for power 0."""
    present = prior > 0
    return normalised(np.where(present, np.where(present, prior, 1.0) ** power, 0.0))
