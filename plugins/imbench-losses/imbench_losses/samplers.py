"""Class probabilities of a batch. Classes without rows get probability 0.

All of them read the counts after resampling and so correct what is left over: they may follow a resampler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imbench import Labels, Prior, PriorEffect, normalised
from imbench_losses.priors import power_of_prior
from imbench_losses.weights import effective_number

__all__ = ["Balanced", "EffectiveNumber", "FixedPositives", "Power", "Progressive"]


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


@dataclass(frozen=True)
class EffectiveNumber:
    """P(c) ∝ n_c·(1 - β)/(1 - β^n_c): rows drawn by Cui et al. 2019's class weight, as Cao et al. 2019's code does.

    Attributes:
        beta: 0 is natural sampling; towards 1 it approaches `Balanced`.
    """

    beta: float = 0.9999
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:  # noqa: ARG002
        return normalised(counts / effective_number(counts, self.beta))


@dataclass(frozen=True)
class FixedPositives:
    """The largest class has 1 - rate, the others share ``rate`` alike: LibAUC's DualSampler (Yuan et al. 2023).

    With equally large classes the first of them counts as the largest. The sampler of LibAUC puts exactly rate·B
    positives into each batch; here that is the expectation, because classes are drawn at random.

    Attributes:
        rate: share of the batch that is not of the largest class.
    """

    rate: float = 0.5
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"

    def __call__(self, counts: Labels, progress: float) -> Prior:  # noqa: ARG002
        others = counts > 0
        others[counts.argmax()] = False
        if not others.any():
            return normalised(counts)
        shares: Prior = np.where(others, self.rate / others.sum(), 0.0)
        shares[counts.argmax()] = 1 - self.rate
        return shares
