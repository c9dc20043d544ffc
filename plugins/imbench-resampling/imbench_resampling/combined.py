"""SMOTE, then cleaning of what came out, in the order of imbalanced-learn's combined classes.

The two steps are fitted one after the other, so that it is known which survivors are rows of the data and which
were made. Imbalanced-learn returns the same rows (tested row for row within each class).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import NOOP, finish, lowered_among_all, rows, too_few_classes
from imbench_resampling.enn import edited
from imbench_resampling.generating import Smote
from imbench_resampling.points import Ints
from imbench_resampling.tomek import without_tomek_links

__all__ = ["smote_enn", "smote_tomek"]


@dataclass(frozen=True)
class SmoteTomek:
    """SMOTE to equal sizes, then both ends of every Tomek link are dropped."""

    k: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        if nothing := too_few_classes(view):
            return nothing
        grown = Smote(self.k)(view, rng)
        return _cleaned(view, grown, without_tomek_links(*rows(view, grown), "all"))


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
        k, note = lowered_among_all("n_neighbors", self.n_neighbors, n)
        return _cleaned(view, grown, edited(*rows(view, grown), k, self.kind_sel, "all"), note)


def _cleaned(view: TrainView, grown: Resampled, survivors: Ints, *notes: str) -> Resampled:
    """The survivors among the grown rows, told apart by their position: rows kept come first, then rows made."""
    x, y = rows(view, grown)
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
