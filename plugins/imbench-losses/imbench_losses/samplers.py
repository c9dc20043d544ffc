"""Class probabilities of a batch. Classes without rows get probability 0.

All of them read the counts after resampling and so correct what is left over: they may follow a resampler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imbench import Labels, Prior, PriorEffect, normalised
from imbench_losses.priors import power_of_prior

__all__ = ["Balanced", "Power", "Progressive"]


@dataclass(frozen=True)
class Balanced:
    """P(c) = 1/C over the classes present: Kang et al. 2020, class-balanced sampling."""

    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:  # noqa: ARG002
        return normalised((counts > 0).astype(np.float64))


@dataclass(frozen=True)
class Power:
    """P(c) ∝ n_c^q: Kang et al. 2020, eq. 1; q = ½ is Mahajan et al. 2018.

    Attributes:
        q: 1 samples rows alike, 0 samples classes alike.
    """

    q: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:  # noqa: ARG002
        return power_of_prior(normalised(counts), self.q)


@dataclass(frozen=True)
class Progressive:
    """P(c) = (1 - t)·π_c + t/C at progress t: Kang et al. 2020, eq. 2, progressively balanced sampling."""

    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:
        balanced = normalised((counts > 0).astype(np.float64))
        mixed: Prior = (1 - progress) * normalised(counts) + progress * balanced
        return mixed
