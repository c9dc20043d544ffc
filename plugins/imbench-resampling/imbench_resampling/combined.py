"""SMOTE, then cleaning of what came out, in the order of imbalanced-learn's combined classes.

The two steps are fitted one after the other, so that it is known which survivors are rows of the data and which
were made. Imbalanced-learn returns the same rows (tested row for row within each class).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import NOOP, counted, finish, fit_resample, lowered, rows, too_few_classes
from imbench_resampling.generating import Smote

__all__ = ["smote_enn", "smote_tomek"]


@dataclass(frozen=True)
class SmoteTomek:
    """SMOTE to equal sizes, then both ends of every Tomek link are dropped."""

    k: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        if nothing := too_few_classes(view):
            return nothing
        return _clean(view, Smote(self.k)(view, rng), TomekLinks(sampling_strategy="all"))


@dataclass(frozen=True)
class SmoteEnn:
    """SMOTE to equal sizes, then rows of every class that their neighbours disagree with are dropped."""

    k: int = 5
    n_neighbors: int = 3
    kind_sel: str = "all"
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        if nothing := too_few_classes(view):
            return nothing
        grown = Smote(self.k)(view, rng)
        n = len(grown.keep) + (0 if grown.made_y is None else len(grown.made_y))
        k, note = lowered("n_neighbors", self.n_neighbors, n - 1, f"there are {counted(n)}")
        cleaner = EditedNearestNeighbours(sampling_strategy="all", n_neighbors=k, kind_sel=self.kind_sel)
        return _clean(view, grown, cleaner, note)


def _clean(view: TrainView, grown: Resampled, cleaner: Any, *notes: str) -> Resampled:
    """Clean the grown rows; survivors are told apart by their position: rows kept come first, then rows made."""
    x, y = rows(view, grown)
    fit_resample(cleaner, x, y)
    survivors = cleaner.sample_indices_
    made = survivors[survivors >= len(grown.keep)]
    kept = survivors[survivors < len(grown.keep)]
    said = [grown.note.removeprefix(NOOP), *notes]
    return finish(view, grown.keep[kept], x[made], y[made], notes=said)


def smote_tomek(k: int) -> Recipe:
    """Recipe of `SmoteTomek`."""
    return Recipe(resample=SmoteTomek(k))


def smote_enn(k: int, n_neighbors: int, kind_sel: str) -> Recipe:
    """Recipe of `SmoteEnn`."""
    return Recipe(resample=SmoteEnn(k, n_neighbors, kind_sel))
