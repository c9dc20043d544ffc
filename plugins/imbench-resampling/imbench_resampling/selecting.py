"""Resamplers that only choose rows: what they return is a list of indices.

Each part returns what the imbalanced-learn class of the same name returns, with its defaults; Tomek links, edited
and condensed nearest neighbours and one-sided selection get there with less work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import (
    NearMiss,
    NeighbourhoodCleaningRule,
    RandomUnderSampler,
)

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import (
    balanced,
    counted,
    draw_seed,
    finish,
    fit_resample,
    listing,
    lowered,
    lowered_among_all,
    to_shrink,
    too_few_classes,
)
from imbench_resampling.condensing import condensed, one_sided
from imbench_resampling.enn import edited
from imbench_resampling.tomek import without_tomek_links

__all__ = ["cnn", "enn", "ncr", "nearmiss", "oss", "random_over", "random_under", "tomek"]


def _select(view: TrainView, sampler: Any, *notes: str) -> Resampled:
    """Fit a sampler on the view and keep what it kept."""
    fit_resample(sampler, view.x, view.y)
    return finish(view, sampler.sample_indices_, notes=notes)


def _row_numbers(view: TrainView) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(n, 1) stand-in for the features, for samplers that never look at them: nothing wide is copied."""
    return np.arange(len(view.y), dtype=np.int64)[:, np.newaxis]


@dataclass(frozen=True)
class RandomOver:
    """Duplicate rows up to the largest class; with ``shrinkage`` > 0 add Gaussian kernel noise (ROSE)."""

    shrinkage: float = 0.0
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        if self.shrinkage == 0:
            sampler = RandomOverSampler(random_state=seed)
            fit_resample(sampler, _row_numbers(view), view.y)
            return finish(view, sampler.sample_indices_)
        n = len(view.y)
        sampler = RandomOverSampler(random_state=seed, shrinkage=self.shrinkage)
        x, y = fit_resample(sampler, view.x, view.y)
        return finish(view, np.arange(n), x[n:], y[n:])


@dataclass(frozen=True)
class RandomUnder:
    """Keep a random subset of each class, of the size of the smallest one."""

    replacement: bool = False
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        sampler = RandomUnderSampler(random_state=seed, replacement=self.replacement)
        fit_resample(sampler, _row_numbers(view), view.y)
        return finish(view, sampler.sample_indices_)


@dataclass(frozen=True)
class NearMissSelection:
    """Keep the rows of the larger classes that are closest to the smallest class (versions 1 to 3)."""

    version: int = 1
    n_neighbors: int = 3
    n_neighbors_ver3: int = 3
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        if nothing := balanced(view):
            return nothing
        goals = to_shrink(view)
        smallest = min(goals.values())
        because = f"the smallest class has {counted(smallest)}"
        k, note = lowered("n_neighbors", self.n_neighbors, smallest, because)
        k3, note3 = self.n_neighbors_ver3, ""
        if self.version == 3:
            room = int(min(view.counts[list(goals)]))
            k3, note3 = lowered("n_neighbors_ver3", k3, room, f"a class to shrink has {counted(room)}")
        sampler = NearMiss(sampling_strategy=goals, version=self.version, n_neighbors=k, n_neighbors_ver3=k3)
        fit_resample(sampler, view.x, view.y)
        keep = sampler.sample_indices_
        # version 3 may find too few candidates
        after = np.bincount(view.y[keep], minlength=view.n_classes)
        short = [code for code in goals if after[code] < smallest]
        fell = f"{listing(short)} fell below the {counted(smallest)} of the smallest class" if short else ""
        return finish(view, keep, notes=[note, note3, fell])


@dataclass(frozen=True)
class Tomek:
    """Drop the rows of larger classes that are in a Tomek link (mutual nearest neighbours of different classes)."""

    prior_effect: ClassVar[Literal["keeps"]] = "keeps"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        return too_few_classes(view) or finish(view, without_tomek_links(view.x, view.y))


@dataclass(frozen=True)
class Enn:
    """Drop the rows of larger classes that all or most of their nearest neighbours disagree with."""

    n_neighbors: int = 3
    kind_sel: str = "all"
    prior_effect: ClassVar[Literal["keeps"]] = "keeps"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        if nothing := too_few_classes(view):
            return nothing
        k, note = lowered_among_all("n_neighbors", self.n_neighbors, len(view.y))
        return finish(view, edited(view.x, view.y, k, self.kind_sel), notes=[note])


@dataclass(frozen=True)
class Ncr:
    """Neighbourhood cleaning rule: ENN, then drop the neighbours of misclassified rows of the smallest class."""

    n_neighbors: int = 3
    threshold_cleaning: float = 0.5
    prior_effect: ClassVar[Literal["keeps"]] = "keeps"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        del rng  # a deterministic rule
        if nothing := too_few_classes(view):
            return nothing
        k, note = lowered_among_all("n_neighbors", self.n_neighbors, len(view.y))
        sampler = NeighbourhoodCleaningRule(n_neighbors=k, threshold_cleaning=self.threshold_cleaning)
        return _select(view, sampler, note)


@dataclass(frozen=True)
class Cnn:
    """Condensed nearest neighbours: of larger classes, only the rows that 1-NN gets wrong without them."""

    # not to 1:1, but it may remove most of a class
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        return balanced(view) or finish(view, condensed(view.x, view.y, list(to_shrink(view)), seed))


@dataclass(frozen=True)
class Oss:
    """One-sided selection: drop rows of larger classes that 1-NN gets right without them, then Tomek links."""

    # as above
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        # the classes by name: with "auto" and a tie for the smallest class, imbalanced-learn may take one class both
        # as the smallest and as one to shrink, and leave a single row of it
        return balanced(view) or finish(view, one_sided(view.x, view.y, list(to_shrink(view)), seed))


def random_over(shrinkage: float) -> Recipe:
    """Recipe of `RandomOver`."""
    return Recipe(resample=RandomOver(shrinkage))


def random_under(replacement: bool) -> Recipe:
    """Recipe of `RandomUnder`."""
    return Recipe(resample=RandomUnder(replacement))


def nearmiss(version: int, n_neighbors: int, n_neighbors_ver3: int) -> Recipe:
    """Recipe of `NearMissSelection`."""
    return Recipe(resample=NearMissSelection(version, n_neighbors, n_neighbors_ver3))


def tomek() -> Recipe:
    """Recipe of `Tomek`."""
    return Recipe(resample=Tomek())


def enn(n_neighbors: int, kind_sel: str) -> Recipe:
    """Recipe of `Enn`."""
    return Recipe(resample=Enn(n_neighbors, kind_sel))


def ncr(n_neighbors: int, threshold_cleaning: float) -> Recipe:
    """Recipe of `Ncr`."""
    return Recipe(resample=Ncr(n_neighbors, threshold_cleaning))


def cnn() -> Recipe:
    """Recipe of `Cnn`."""
    return Recipe(resample=Cnn())


def oss() -> Recipe:
    """Recipe of `Oss`."""
    return Recipe(resample=Oss())
