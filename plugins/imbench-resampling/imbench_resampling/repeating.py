"""Edited nearest neighbours again and again, until nothing changes or a class would become the smallest.

Both repeat `edited`, so they return what imbalanced-learn returns, at its cost of few of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import Floats, Labels, counted, finish, listing, lowered_among_all, too_few_classes
from imbench_resampling.enn import edited
from imbench_resampling.points import Ints

__all__ = ["all_neighbours", "allknn", "renn", "repeated"]


@dataclass(frozen=True)
class Renn:
    """ENN until it removes nothing more, a larger class becomes the smallest, or a class is gone."""

    n_neighbors: int = 3
    kind_sel: str = "all"
    max_iter: int = 100
    prior_effect: ClassVar[Literal["keeps"]] = "keeps"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        if nothing := too_few_classes(view):
            return nothing
        k, note = lowered_among_all("n_neighbors", self.n_neighbors, len(view.y))
        return _cleaned(view, repeated(view.x, view.y, k, self.kind_sel, self.max_iter), note)


@dataclass(frozen=True)
class AllKnn:
    """ENN with one neighbour, then with two, and so on; it stops early as `Renn` does."""

    n_neighbors: int = 3
    kind_sel: str = "all"
    prior_effect: ClassVar[Literal["keeps"]] = "keeps"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        if nothing := too_few_classes(view):
            return nothing
        k, note = lowered_among_all("n_neighbors", self.n_neighbors, len(view.y))
        return _cleaned(view, all_neighbours(view.x, view.y, k, self.kind_sel), note)


def _cleaned(view: TrainView, kept: Ints, note: str) -> Resampled:
    """The rows kept, and which classes were cut below the smallest one."""
    smallest = int(view.counts[view.counts > 0].min())
    after = np.bincount(view.y[kept], minlength=view.n_classes)
    cut = np.flatnonzero((after > 0) & (after < smallest))
    said = f"{listing(cut)} fell below the {counted(smallest)} of the smallest class" if len(cut) else ""
    return finish(view, kept, notes=[note, said])


def repeated(x: Floats, y: Labels, k: int, kind_sel: str, most: int) -> Ints:
    """``RepeatedEditedNearestNeighbours``: the indices of the rows it keeps, class by class.

    Args:
        x: (n, d) rows.
        y: (n,) their classes, at least two.
        k: neighbours that vote, without the row itself.
        kind_sel: a row stays if "all", or most ("mode"), are of its class.
        most: rounds at most.
    """
    kept = np.arange(len(y))
    for _ in range(most):
        before, kept = kept, _round(x, y, kept, k, kind_sel)
        if len(kept) == len(before) or _too_far(y, kept):
            break
    return kept


def all_neighbours(x: Floats, y: Labels, k: int, kind_sel: str) -> Ints:
    """``AllKNN``: the indices of the rows it keeps, class by class; arguments as above."""
    kept = np.arange(len(y))
    for voting in range(1, k + 1):
        kept = _round(x, y, kept, voting, kind_sel)
        if _too_far(y, kept):
            break
    return kept


def _round(x: Floats, y: Labels, kept: Ints, k: int, kind_sel: str) -> Ints:
    # imbalanced-learn fails where fewer rows than neighbours are left
    left: Ints = kept[edited(x[kept], y[kept], min(k, len(kept) - 1), kind_sel)]
    return left


def _too_far(y: Labels, kept: Ints) -> bool:
    """Whether a class is gone, or has fewer rows than the class that was smallest had."""
    codes, first, sizes = np.unique(y, return_index=True, return_counts=True)
    size, _, smallest = min(zip(sizes, first, codes, strict=True))
    after = np.array([np.count_nonzero(y[kept] == code) for code in codes])
    return bool((after == 0).any() or (after[codes != smallest] < size).any())


def renn(n_neighbors: int, kind_sel: str, max_iter: int) -> Recipe:
    """Recipe of `Renn`."""
    return Recipe(resample=Renn(n_neighbors, kind_sel, max_iter))


def allknn(n_neighbors: int, kind_sel: str) -> Recipe:
    """Recipe of `AllKnn`."""
    return Recipe(resample=AllKnn(n_neighbors, kind_sel))
