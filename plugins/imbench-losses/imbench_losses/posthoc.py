"""Corrections of the scores after training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from imbench import Prior, PriorEffect, Validation
from imbench_losses.priors import power_of_prior
from imbench_losses.scaling import softmax

__all__ = ["LogitAdjustment", "Temperature", "logs"]

Scores = NDArray[np.float64]

#: Range of temperatures that is searched.
_COLDEST, _HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class LogitAdjustment:
    """p_c / π_c^τ, normalised, with the prior π that the scores stand for: Menon et al. 2021, eq. 9.

    In logits this is z_c - τ log π_c. An absent class is treated as if it were as rare as the rarest class present.

    Attributes:
        tau: strength; 1 gives scores for a uniform prior, 0 changes nothing.
    """

    tau: float = 1.0
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    kind: ClassVar[Literal["calibration", "prior"]] = "prior"

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[Scores], Scores]:  # noqa: ARG002
        rarest = prior[prior > 0].min()
        # relative to the rarest class, so that no factor exceeds one
        factor = (rarest / np.where(prior > 0, prior, rarest)) ** self.tau

        def adjust(scores: Scores) -> Scores:
            scaled = scores * factor
            adjusted: Scores = scaled / scaled.sum(axis=1, keepdims=True)
            return adjusted

        return adjust

    def prior_after(self, prior: Prior) -> Prior:
        """π^(1 - τ), normalised over the classes present."""
        return power_of_prior(prior, 1 - self.tau)


@dataclass(frozen=True)
class Temperature:
    """p_c^(1/T), normalised, with the T that minimises the log loss on validation: Guo et al. 2017, §4.2.

    T lies in [0.05, 20]. Validation data with fewer than two classes change nothing.
    """

    kind: ClassVar[Literal["calibration", "prior"]] = "calibration"

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[Scores], Scores]:  # noqa: ARG002
        if len(np.unique(validation.labels)) < 2:
            return lambda scores: scores
        sharpness = _best_sharpness(logs(validation.scores), validation.labels)
        return lambda scores: _sharpened(logs(scores), sharpness)


def logs(scores: Scores) -> Scores:
    """Logarithms; a score of exactly 0 counts as the smallest normal float32, which is where softmax leaves off."""
    log_scores: Scores = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    return log_scores


def _sharpened(log_scores: Scores, sharpness: float) -> Scores:
    """softmax(a·log p), rows (n, C)."""
    return softmax(sharpness * log_scores)


def _best_sharpness(log_scores: Scores, labels: NDArray[np.int64]) -> float:
    """The a = 1/T that minimises the log loss, by bisection.

    The log loss of softmax(a·log p) is convex in a; its slope E_{p^a}[log p] - log p_y, averaged, grows with a.
    """
    own = log_scores[np.arange(len(labels)), labels]
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(50):
        middle = (low + high) / 2
        slope = ((_sharpened(log_scores, middle) * log_scores).sum(axis=1) - own).mean()
        low, high = (middle, high) if slope < 0 else (low, middle)
    return (low + high) / 2
