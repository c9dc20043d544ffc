"""Resamplers that make rows between neighbours: SMOTE and its kin.

Imbalanced-learn appends what it makes to the rows it was given, so the rows kept are those of the view, in their
order, and the rows made follow. What the data do not allow is met with the nearest thing that works, and a note:
fewer neighbours for small classes, plain duplication for a class of one row, no change where a rule finds no seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from imblearn.over_sampling import SVMSMOTE

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.common import (
    Floats,
    Labels,
    balanced,
    counted,
    draw_seed,
    finish,
    fit_resample,
    listing,
    lowered,
    lowered_among_all,
    to_grow,
)
from imbench_resampling.smote import Goals, adasyn_rows, borderline_rows, smote_rows

__all__ = ["Make", "Smote", "adasyn", "borderline_smote", "grow", "smote", "svm_smote"]

#: (goals, neighbours) → rows made and their labels
Make = Callable[[Goals, int], tuple[Floats, Labels]]

#: How imbalanced-learn says that the data of a class do not suit SVM-SMOTE.
_UNSUITED = "All support vectors are considered as noise"

#: A class that ends up with less than this share of its goal is reported.
_SHORT = 0.95


@dataclass(frozen=True)
class Smote:
    """Points between a row and one of its k nearest neighbours of the same class, up to the largest class."""

    k: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        return balanced(view) or grow(view, lambda goals, k: smote_rows(view, goals, k, seed), ("k", self.k))


@dataclass(frozen=True)
class BorderlineSmote:
    """SMOTE from rows on the border only: at least half, but not all of their m neighbours are of other classes."""

    k: int = 5
    m: int = 10
    kind: int = 1
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        m, note = lowered_among_all("m", self.m, len(view.y))
        # kind 2 looks for neighbours among all rows
        return grow(
            view,
            lambda goals, k: borderline_rows(view, goals, k, m, self.kind, seed),
            ("k", self.k),
            note,
            no_seed="no row on the border",
            among_all=self.kind == 2,
        )


@dataclass(frozen=True)
class SvmSmote:
    """SMOTE from the support vectors of an SVM: between neighbours near the border, outwards elsewhere."""

    k: int = 5
    m: int = 10
    out_step: float = 0.5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        m, note = lowered_among_all("m", self.m, len(view.y))

        def build(goals: Goals, k: int) -> SVMSMOTE:
            return SVMSMOTE(
                sampling_strategy=goals, random_state=seed, k_neighbors=k, m_neighbors=m, out_step=self.out_step
            )

        return grow(
            view,
            lambda goals, k: _made(view, build, goals, k),
            ("k", self.k),
            note,
            no_seed="every support vector is noise",
        )


@dataclass(frozen=True)
class Adasyn:
    """SMOTE steps, more of them from rows with many neighbours of other classes; sizes are met only nearly."""

    n_neighbors: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        seed = draw_seed(rng)
        if nothing := balanced(view):
            return nothing
        return grow(
            view,
            lambda goals, k: adasyn_rows(view, goals, k, seed),
            ("n_neighbors", self.n_neighbors),
            no_seed="no row has a neighbour of another class, or each would get less than half a row",
        )


def grow(
    view: TrainView, make: Make, neighbours: tuple[str, int], *notes: str, no_seed: str = "", among_all: bool = False
) -> Resampled:
    """Over-sample every smaller class to the size of the largest.

    Args:
        view: the training rows, not balanced.
        make: makes the rows.
        neighbours: name and wanted value of its number of neighbours within a class.
        notes: what is to be said already.
        no_seed: why a class may get no row at all.
        among_all: neighbours are searched among all rows, not within the class.
    """
    said = [*notes]
    goals = to_grow(view)
    keep = np.arange(len(view.y), dtype=np.int64)
    if among_all:
        room, because = len(view.y) - 1, f"there are {counted(len(view.y))}"
    else:
        keep, goals = _duplicate_lone_rows(view, keep, goals, said)
        smallest = min((int(view.counts[code]) for code in goals), default=2)
        room, because = smallest - 1, f"the smallest class to grow has {counted(smallest)}"
    if not goals:
        return finish(view, keep, notes=said)
    k, note = lowered(*neighbours, room, because)
    said.append(note)
    made_x, made_y = make(goals, k)
    made = np.bincount(made_y, minlength=view.n_classes)
    stuck = [code for code in goals if made[code] == 0]
    if stuck:
        said.append(f"{listing(stuck)} left as before: {no_seed}")
    for code, goal in goals.items():
        reached = int(view.counts[code] + made[code])
        if made[code] and reached < _SHORT * goal:
            said.append(f"class {code} reached {reached} of {counted(goal)}")
    return finish(view, keep, made_x, made_y, notes=said)


def _duplicate_lone_rows(view: TrainView, keep: Labels, goals: Goals, said: list[str]) -> tuple[Labels, Goals]:
    """Repeat the row of each class that has only one; returns the rows kept and the goals of the other classes."""
    lone = [code for code in goals if view.counts[code] == 1]
    if not lone:
        return keep, goals
    said.append(f"{listing(lone)} duplicated: one row has no neighbour in its class")
    copies = [np.repeat(np.flatnonzero(view.y == code), goals[code] - 1) for code in lone]
    return np.concatenate([keep, *copies]), {code: goal for code, goal in goals.items() if code not in lone}


def _made(view: TrainView, build: Callable[[Goals, int], Any], goals: Goals, k: int) -> tuple[Floats, Labels]:
    """The rows that the sampler appends, without the classes whose data do not suit the method."""
    n = len(view.y)
    outcome = _try(view, build(goals, k))
    if outcome is None and len(goals) > 1:
        # the error does not say which class: ask for each one alone, then for those that work, together
        suited = {code: goal for code, goal in goals.items() if _try(view, build({code: goal}, k)) is not None}
        outcome = fit_resample(build(suited, k), view.x, view.y) if suited else None
    if outcome is None:
        return view.x[:0], view.y[:0]
    return outcome[0][n:], outcome[1][n:]


def _try(view: TrainView, sampler: Any) -> tuple[Floats, Labels] | None:
    """Fit the sampler; None if it says that the data do not suit it. Any other error is a bug and is raised."""
    try:
        return fit_resample(sampler, view.x, view.y)
    except ValueError as error:
        if _UNSUITED in str(error):
            return None
        raise


def smote(k: int) -> Recipe:
    """Recipe of `Smote`."""
    return Recipe(resample=Smote(k))


def borderline_smote(k: int, m: int, kind: int) -> Recipe:
    """Recipe of `BorderlineSmote`."""
    return Recipe(resample=BorderlineSmote(k, m, kind))


def svm_smote(k: int, m: int, out_step: float) -> Recipe:
    """Recipe of `SvmSmote`."""
    return Recipe(resample=SvmSmote(k, m, out_step))


def adasyn(n_neighbors: int) -> Recipe:
    """Recipe of `Adasyn`."""
    return Recipe(resample=Adasyn(n_neighbors))
