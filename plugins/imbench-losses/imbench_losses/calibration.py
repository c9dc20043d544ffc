"""Calibration maps with a shift, fitted on validation: afterwards scores stand for the prior of the validation rows.

Validation data with fewer than two classes change nothing. With more than two classes Platt scaling and isotonic
regression are fitted one-vs-rest and the rows normalised (Zadrozny & Elkan 2002), as scikit-learn does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from imbench import Prior, Validation
from imbench_losses.posthoc import logs
from imbench_losses.scaling import fit_scales, softmax
from imbench_losses.shift import Adjusted, natural_prior

__all__ = ["Isotonic", "Platt", "VectorScaling"]

Scores = NDArray[np.float64]
#: Scores of one class (n,) → calibrated ones.
Map = Callable[[Scores], Scores]


@dataclass(frozen=True)
class VectorScaling:
    """softmax(a⊙log p + b) with the a, b that minimise the log loss on validation: Guo et al. 2017, §4.2.

    Both are pulled to where they change nothing by 1e-8, so that they are finite. With two classes this is beta
    calibration (Kull et al. 2017).
    """

    kind: ClassVar[Literal["calibration", "prior"]] = "calibration"

    def __call__(self, validation: Validation, prior: Prior) -> Adjusted:
        if len(np.unique(validation.labels)) < 2:
            return _unchanged(prior)
        weights = np.ones(len(validation.labels))
        scale, shift = fit_scales(logs(validation.scores), validation.labels, weights, shift=True)
        return Adjusted(lambda scores: softmax(scale * logs(scores) + shift), natural_prior(validation, prior))


@dataclass(frozen=True)
class Platt:
    """sigmoid(a·log p/(1 - p) + b) per class, fitted on validation: Platt 1999, with his smoothed targets."""

    kind: ClassVar[Literal["calibration", "prior"]] = "calibration"

    def __call__(self, validation: Validation, prior: Prior) -> Adjusted:
        return _one_vs_rest(_platt, validation, prior)


@dataclass(frozen=True)
class Isotonic:
    """The rising step function that fits best on validation, per class: Zadrozny & Elkan 2002."""

    kind: ClassVar[Literal["calibration", "prior"]] = "calibration"

    def __call__(self, validation: Validation, prior: Prior) -> Adjusted:
        return _one_vs_rest(_isotonic, validation, prior)


def _unchanged(prior: Prior) -> Adjusted:
    return Adjusted(lambda scores: scores, prior)


def _one_vs_rest(fit: Callable[[Scores, NDArray[np.bool_]], Map], validation: Validation, prior: Prior) -> Adjusted:
    """Calibrate class by class; with two classes only the second, the first is the rest."""
    if len(np.unique(validation.labels)) < 2:
        return _unchanged(prior)
    classes = [1] if len(prior) == 2 else range(len(prior))
    maps = [fit(validation.scores[:, label], validation.labels == label) for label in classes]

    def adjust(scores: Scores) -> Scores:
        own = np.stack([each(scores[:, label]) for each, label in zip(maps, classes, strict=True)], axis=1)
        if len(prior) == 2:
            return np.concatenate([1 - own, own], axis=1)
        totals = own.sum(axis=1, keepdims=True)
        shares: Scores = np.where(totals > 0, own / np.where(totals > 0, totals, 1.0), 1 / len(prior))
        return shares

    return Adjusted(adjust, natural_prior(validation, prior))


def _log_odds(scores: Scores) -> Scores:
    """Log odds log p/(1 - p), finite also at 0 and 1, as a column."""
    odds: Scores = (logs(scores) - logs(1 - scores))[:, None]
    return odds


def _platt(scores: Scores, yes: NDArray[np.bool_]) -> Map:
    """Logistic regression on soft targets: each row enters as a positive and as a negative, weighted by its target."""
    odds, positives = _log_odds(scores), yes.sum()
    target = np.where(yes, (positives + 1) / (positives + 2), 1 / (len(yes) - positives + 2))
    spread = max(float(np.abs(odds).max()), 1.0)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    rows, sides = np.concatenate([odds, odds]) / spread, np.repeat([1, 0], len(odds))
    model.fit(rows, sides, sample_weight=np.concatenate([target, 1 - target]))
    return lambda fresh: np.asarray(model.predict_proba(_log_odds(fresh) / spread)[:, 1])


def _isotonic(scores: Scores, yes: NDArray[np.bool_]) -> Map:
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, yes.astype(np.float64))
    return lambda fresh: np.asarray(model.predict(fresh), dtype=np.float64)
