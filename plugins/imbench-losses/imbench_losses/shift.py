"""Scores for another class prior: p_c·π'_c/π_c, normalised. The new prior π' is chosen, or estimated (label shift)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from imbench import Prior, PriorEffect, Validation, normalised

__all__ = ["Adjusted", "PriorCorrection", "PriorEstimation", "natural_prior", "reweighted"]

Scores = NDArray[np.float64]

#: Rounds of EM at most, and the change of a probability below which it has converged.
_ROUNDS, _STILL = 1000, 1e-7


@dataclass(frozen=True, eq=False)
class Adjusted:
    """What an `adjust` part returns here: scores → scores, and the prior (C,) that the new scores stand for."""

    adjust: Callable[[Scores], Scores]
    prior: Prior

    def __call__(self, scores: Scores) -> Scores:
        return self.adjust(scores)


def natural_prior(validation: Validation, prior: Prior) -> Prior:
    """Class frequencies of the validation rows, which no remedy touches; ``prior`` where there are none.

    A class that should be there and is not counts as half a row, so that its scores do not become 0 for good.
    """
    counts = np.bincount(validation.labels, minlength=len(prior)).astype(np.float64)
    if not counts.sum():
        return prior
    return normalised(np.where((counts == 0) & (prior > 0), 0.5, counts))


def reweighted(scores: Scores, prior: Prior, wanted: Prior) -> Scores:
    """p_c·π'_c/π_c, normalised: Saerens et al. 2002, eq. 2.4. Rows (n, C) stand for ``prior``, then for ``wanted``.

    A class without prior is treated as if it were as rare as the rarest; a row whose classes all lose their weight
    stays.
    """
    rarest = prior[prior > 0].min()
    factor = np.where(prior > 0, wanted, wanted[prior > 0].min()) / np.where(prior > 0, prior, rarest)
    scaled = scores * (factor / factor.max())
    totals = scaled.sum(axis=1, keepdims=True)
    adjusted: Scores = np.where(totals > 0, scaled / np.where(totals > 0, totals, 1.0), scores)
    return adjusted


@dataclass(frozen=True)
class PriorCorrection:
    """Scores for a known prior: uniform, or the natural one, which undoes what resampling and weights did to it.

    Elkan 2001, theorem 2; for under-sampling Dal Pozzolo et al. 2015. The natural prior is that of the validation rows.

    Attributes:
        target: which.
    """

    target: Literal["uniform", "natural"] = "natural"
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    kind: ClassVar[Literal["calibration", "prior"]] = "prior"

    def __call__(self, validation: Validation, prior: Prior) -> Adjusted:
        wanted = normalised((prior > 0).astype(np.float64))
        if self.target == "natural":
            wanted = natural_prior(validation, prior)
        return Adjusted(lambda scores: reweighted(scores, prior, wanted), wanted)


@dataclass(frozen=True)
class PriorEstimation:
    """Scores for an unknown prior, estimated from the unlabelled rows that are scored: Saerens et al. 2002, eq. 2.9.

    EM: π' is the mean of p_c·π'_c/π_c, normalised, until it stays. It is that of the test rows, whose labels it never
    sees; a row's score depends on the others, so this is transductive. Validation gets the same π', though its own may
    be another, so that a cut found there means the same on test.
    """

    transductive: ClassVar[bool] = True
    prior_effect: ClassVar[PriorEffect] = "corrects-effective"
    kind: ClassVar[Literal["calibration", "prior"]] = "prior"

    def __call__(self, validation: Validation, prior: Prior, test: Scores) -> Adjusted:  # noqa: ARG002
        wanted = estimated_prior(test, prior)
        return Adjusted(lambda scores: reweighted(scores, prior, wanted), wanted)


def estimated_prior(scores: Scores, prior: Prior) -> Prior:
    """The prior (C,) of unlabelled rows whose scores (n, C) stand for ``prior``; ``prior`` itself without rows."""
    found = prior
    for _ in range(_ROUNDS if len(scores) else 0):
        fresh = reweighted(scores, prior, found).mean(axis=0)
        change, found = np.abs(fresh - found).max(), fresh
        if change < _STILL:
            break
    return found
