"""Decisions for two classes: by what errors cost, and by how many alerts can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench import Labels, Prior, Validation

__all__ = ["AlertBudget", "CostThreshold"]

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class CostThreshold:
    """Label 1 where p₁ > c_FP/(c_FP + c_FN): the least expected cost, if the scores are calibrated (Elkan 2001, eq. 2).

    Nothing is fitted. Scores that stand for another prior than the natural one are not calibrated.

    Attributes:
        false_negative: cost of a missed positive.
        false_positive: cost of a false alarm.
    """

    false_negative: float = 10.0
    false_positive: float = 1.0

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[Scores], Labels]:  # noqa: ARG002
        cut = self.false_positive / (self.false_positive + self.false_negative)
        return lambda scores: (scores[:, 1] > cut).astype(np.int64)


@dataclass(frozen=True)
class AlertBudget:
    """Label 1 for the top ``share`` of rows, by the score that so many validation rows exceed.

    At most ⌊share·m⌋ of the m validation rows are above the cut (fewer where scores tie); of other rows as many as
    there are. A share of less than one row, or no validation, leaves a cut that no validation row exceeds.

    Attributes:
        share: alerts per row.
    """

    share: float = 0.01

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[Scores], Labels]:  # noqa: ARG002
        falling = np.sort(validation.scores[:, 1])[::-1]
        # a share such as 0.29 of 100 rows is 28.999… in floating point
        alerts = int(self.share * len(falling) + 1e-9)
        cut = falling[alerts] if alerts < len(falling) else (-np.inf if len(falling) else np.inf)
        return lambda scores: (scores[:, 1] > cut).astype(np.int64)
