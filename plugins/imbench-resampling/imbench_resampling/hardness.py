"""Instance hardness threshold: of larger classes, the rows that a forest finds easiest.

A row is hard if a forest that has not seen it gives its class a low probability (Smith, Martinez & Giraud-Carrier
2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import Labels, balanced, counted, draw_seed, finish, lowered, quietly, to_shrink
from imbench_resampling.points import Floats64

__all__ = ["iht"]

#: A class that keeps more than this times what was asked for is reported.
_LONG = 1.05


@dataclass(frozen=True)
class Iht:
    """Keep as many of the easiest rows of each larger class as the smallest class has."""

    cv: int = 5
    trees: int = 100
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        goals = to_shrink(view)
        smallest = min(goals.values())
        # with a class of one row two folds are as few as there can be, and that row is never in both
        cv, note = lowered("cv", self.cv, max(2, smallest), f"the smallest class has {counted(smallest)}")
        easy = _ease(view, cv, self.trees, seed)
        said, kept = [note], []
        for code in np.flatnonzero(view.counts):
            rows = np.flatnonzero(view.y == code)
            if code in goals:
                goal = goals[int(code)]
                threshold = np.percentile(easy[rows], (1.0 - goal / len(rows)) * 100.0)
                rows = rows[easy[rows] >= threshold]
                if len(rows) > _LONG * goal:
                    said.append(f"class {code} kept {counted(len(rows))}, not {goal}: equally hard ones stay together")
            kept.append(rows)
        return finish(view, np.concatenate(kept), notes=said)


def _ease(view: TrainView, cv: int, trees: int, seed: int) -> Floats64:
    """(n,) probability of its own class for each row, from forests that have not seen it."""
    _, codes = np.unique(view.y, return_inverse=True)  # columns of probabilities are those of classes that have rows
    labels: Labels = codes.astype(np.int64)
    with quietly():
        probabilities = cross_val_predict(
            RandomForestClassifier(trees, random_state=seed),
            view.x,
            labels,
            cv=StratifiedKFold(cv, shuffle=True, random_state=seed),
            method="predict_proba",
        )
    own: Floats64 = probabilities[np.arange(len(labels)), labels]
    return own


def iht(cv: int, trees: int) -> Recipe:
    """Recipe of `Iht`."""
    return Recipe(resample=Iht(cv, trees))
