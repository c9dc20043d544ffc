"""Predictors: from what a library returns for the classes that it saw to scores over all classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench import Floats, Predictor, Trial

__all__ = ["Average", "Scores", "constant", "present_classes"]

#: Features (n, d) → probabilities (n, K) of the classes present, in their order.
Probabilities = Callable[[Floats], NDArray[Any]]


@dataclass(frozen=True)
class Scores:
    """Probabilities of the classes present as scores (n, C) over all classes, 0 where a class was absent.

    Attributes:
        probabilities: of the classes present.
        present: (K,) their labels, ascending.
        n_classes: C.
        notes: what the result should record.
    """

    probabilities: Probabilities
    present: NDArray[np.int64]
    n_classes: int
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, x: Floats) -> Floats:
        scores = np.zeros((len(x), self.n_classes), dtype=np.float32)
        scores[:, self.present] = self.probabilities(x)
        return scores


@dataclass(frozen=True)
class Average:
    """The weighted mean of the members' scores.

    Attributes:
        members: predictors of (n, C).
        weights: one for each member, summing to one; None: all alike.
        notes: what the result should record.
    """

    members: Sequence[Predictor]
    weights: NDArray[np.float64] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, x: Floats) -> Floats:
        total = 0.0
        weights = [1 / len(self.members)] * len(self.members) if self.weights is None else self.weights
        for member, weight in zip(self.members, weights, strict=True):
            total = total + weight * member(x).astype(np.float64)
        return np.asarray(total, dtype=np.float32)


def present_classes(trial: Trial) -> NDArray[np.int64]:
    """(K,) labels that have training rows, ascending."""
    return np.flatnonzero(trial.counts)


def constant(trial: Trial) -> Predictor | None:
    """The only possible answer where a single class has training rows, else None: most libraries refuse such data."""
    present = present_classes(trial)
    if len(present) > 1:
        return None
    return Scores(lambda x: np.ones((len(x), 1)), present, trial.n_classes, {"note": "one class in training"})
