"""Learning-rate multipliers of progress ∈ [0, 1), all within [floor, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Cosine", "Cyclical", "OneCycle", "Warmup", "WarmupCosine"]


@dataclass(frozen=True)
class Warmup:
    """Linear from ``start`` to 1 over the first ``share`` of the budget, then 1: Goyal et al. 2017, §2.2.

    Attributes:
        share: 0 is no warm-up.
        start: multiplier of the first step; at 0 that step would be lost.
    """

    share: float = 0.1
    start: float = 0.01

    def __call__(self, progress: float) -> float:
        if progress >= self.share:
            return 1.0
        return self.start + (1 - self.start) * progress / self.share


@dataclass(frozen=True)
class Cosine:
    """floor + (1 - floor)·½(1 + cos πt): Loshchilov & Hutter 2017, eq. 5 without restarts.

    Attributes:
        floor: multiplier at the end.
    """

    floor: float = 0.0

    def __call__(self, progress: float) -> float:
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True)
class Cyclical:
    """Triangles between ``floor`` and 1, starting and ending at ``floor``: Smith 2017, §3.1, "triangular".

    Attributes:
        cycles: triangles in the budget.
        floor: the lowest multiplier.
    """

    cycles: int = 4
    floor: float = 0.1

    def __call__(self, progress: float) -> float:
        position = progress * self.cycles % 1
        return self.floor + (1 - self.floor) * (1 - abs(2 * position - 1))


@dataclass(frozen=True)
class WarmupCosine:
    """`Warmup` over the first ``share``, then `Cosine` over the rest.

    Attributes:
        share: part of the budget spent on the warm-up.
        floor: multiplier at the end.
    """

    share: float = 0.1
    floor: float = 0.0

    def __call__(self, progress: float) -> float:
        if progress < self.share:
            return Warmup(self.share)(progress)
        return Cosine(self.floor)((progress - self.share) / (1 - self.share))


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up from ``start`` to 1 over ``share``, half a cosine down to ``end``: Smith & Topin 2019.

    The shape of `torch.optim.lr_scheduler.OneCycleLR` (start = 1/div_factor, end = start/final_div_factor). The paper
    lets momentum run the other way; here it stays, as does the peak: the budget's learning rate.

    Attributes:
        share: part of the budget until the peak.
        start: multiplier of the first step.
        end: multiplier at the end.
    """

    share: float = 0.3
    start: float = 0.04
    end: float = 4e-6

    def __call__(self, progress: float) -> float:
        if progress < self.share:
            return 1 + (self.start - 1) * _half_cosine(progress / self.share)
        return self.end + (1 - self.end) * _half_cosine((progress - self.share) / (1 - self.share))


def _half_cosine(place: float) -> float:
    """From 1 at place 0 to 0 at place 1."""
    return (1 + math.cos(math.pi * place)) / 2
