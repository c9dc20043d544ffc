"""Decisions fitted on validation: a threshold for two classes, a power of the prior for more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imbench import Labels, Prior, Validation

__all__ = ["Metric", "Threshold"]

Scores = NDArray[np.float64]
Metric = Literal["balanced_accuracy", "f1", "gmean", "mcc"]

#: Powers of the prior that are tried with more than two classes; 0 is argmax, 1 the rule for balanced accuracy.
_POWERS = np.linspace(0, 2, 21)


@dataclass(frozen=True)
class Threshold:
    """Maximise a metric on validation (Lipton et al. 2014 for F1).

    Two classes: label 1 where p₁ > t. Candidates for t are the midpoints between neighbouring observed scores, not a
    fixed grid: scores of rare events may all lie below 0.01. More classes: argmax p_c/π_c^τ with one τ in [0, 2].
    Of equally good candidates the middle one is taken.

    t is the prior of class 1 and τ is 1 where validation has nothing to say: it lacks a class, or no candidate beats
    deciding one class for all. A class of prior 0 is never decided.

    Attributes:
        metric: what to maximise; ``f1`` is that of class 1, with more than two classes the macro average.
    """

    metric: Metric = "balanced_accuracy"

    def __call__(self, validation: Validation, prior: Prior) -> Callable[[Scores], Labels]:
        if len(prior) == 2:
            cut = self._best(*_cuts(validation), validation, prior)
            chosen = _prior_cut(prior) if cut is None else cut
            return lambda scores: (scores[:, 1] > chosen).astype(np.int64)
        power = self._best(*_powers(validation, prior), validation, prior)
        return lambda scores: _largest(scores, prior, 1.0 if power is None else power)

    def _best(self, candidates: Scores, confusions: Scores, validation: Validation, prior: Prior) -> float | None:
        """The best candidate (k,) by its confusion matrix (k, C, C); None where validation has nothing to say."""
        support = np.bincount(validation.labels, minlength=len(prior)).astype(np.float64)
        if support.min() == 0 or prior.min() == 0 or not len(candidates):
            return None
        # one decision for all rows: the true classes in one column
        constant = support[None, :, None] * np.eye(len(prior))[:, None, :]
        measure = _METRICS[self.metric]
        values = measure(confusions)
        # equal values may differ in the last bit
        best = np.flatnonzero(values >= values.max() - 1e-12)
        if values.max() <= measure(constant).max() + 1e-12:
            return None
        return float(candidates[best[len(best) // 2]])


def _prior_cut(prior: Prior) -> float:
    """The prior of class 1 in float32: scores began as such, and an equal one must not be above it by rounding."""
    if prior.min() == 0:
        return -np.inf if prior[1] > 0 else np.inf
    return float(np.float32(prior[1]))


def _largest(scores: Scores, prior: Prior, power: float) -> Labels:
    """Labels by argmax p_c/π_c^power over the classes that have a prior."""
    present = prior > 0
    factor = np.where(present, np.where(present, prior, 1.0) ** -power, 0.0)
    return np.asarray((scores * factor).argmax(axis=1), dtype=np.int64)


def _powers(validation: Validation, prior: Prior) -> tuple[Scores, Scores]:
    """The powers tried, (k,), and their confusion matrices, (k, C, C)."""
    confusions = np.zeros((len(_POWERS), len(prior), len(prior)))
    for confusion, power in zip(confusions, _POWERS, strict=True):
        np.add.at(confusion, (validation.labels, _largest(validation.scores, prior, power)), 1)
    return _POWERS, confusions


def _cuts(validation: Validation) -> tuple[Scores, Scores]:
    """Midpoints between neighbouring scores of class 1, (k,), and the confusion matrices of score > cut, (k, 2, 2).

    The highest first, as policy ``tuned`` goes through them: of two equally good ones both take the lower.
    """
    values, group = np.unique(validation.scores[:, 1], return_inverse=True)
    cuts = values[:-1] + np.diff(values) / 2
    # of two neighbouring floats the middle may round up to the larger, which must stay above the cut
    cuts = np.where(cuts < values[1:], cuts, values[:-1])
    at = np.stack([np.bincount(group[validation.labels == label], minlength=len(values)) for label in (0, 1)])
    below = at.cumsum(axis=1, dtype=np.float64)
    above = below[:, -1:] - below
    return cuts[::-1], np.stack([below, above], axis=-1).transpose(1, 0, 2)[: len(cuts)][::-1]


# Metrics of confusion matrices (…, true class, predicted class) in which every true class has rows.


def _recalls(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    recalls: NDArray[np.float64] = hits / confusions.sum(axis=-1)
    return recalls


def _balanced_accuracy(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_recalls(confusions).mean(axis=-1))


def _gmean(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_recalls(confusions).prod(axis=-1) ** (1 / confusions.shape[-1]))


def _f1(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    # a class has rows, so true + predicted is never zero
    per_class = 2 * hits / (confusions.sum(axis=-1) + confusions.sum(axis=-2))
    return np.asarray(per_class[..., 1] if confusions.shape[-1] == 2 else per_class.mean(axis=-1))


def _mcc(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gorodkin 2004, R_K; 0 where only one class is predicted, as scikit-learn has it."""
    total = confusions.sum(axis=(-2, -1))
    true, predicted = confusions.sum(axis=-1), confusions.sum(axis=-2)
    covariance = np.trace(confusions, axis1=-2, axis2=-1) * total - (true * predicted).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    return np.asarray(np.where(spread > 0, covariance / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0))


_METRICS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "gmean": _gmean,
    "mcc": _mcc,
}
