"""SMOTE where columns are categories: a made row takes a category from its neighbours, never a fraction of one.

SMOTE-NC (numbers and categories) is imbalanced-learn's own. SMOTE-N (categories alone) is computed here, with the same
rows out: the value difference of two rows depends on their categories only, so a small table of category by category
replaces its comparison of all rows, and the neighbours of equal rows are looked for once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from imblearn.over_sampling import SMOTENC
from numpy.typing import NDArray
from scipy.spatial import distance_matrix
from scipy.stats import mode
from sklearn.utils import assert_all_finite

from imbench import Recipe, Resampled, TrainView
from imbench_resampling.categories import Columns
from imbench_resampling.common import Floats, Labels, balanced, draw_seed, fit_resample
from imbench_resampling.generating import grow
from imbench_resampling.points import Ints
from imbench_resampling.smote import Goals, joined, smote_rows

__all__ = ["smoten", "smotenc"]

#: Squares of larger numbers leave float32.
_SQUARE = 1e15

#: Distances held at a time.
_BUFFER = 1 << 22


@dataclass(frozen=True)
class SmoteNc:
    """SMOTE for numbers; categories by vote of the neighbours."""

    k: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        return _mixed(view, self.k, draw_seed(rng), if_numbers="")


@dataclass(frozen=True)
class SmoteN:
    """Every category by vote of the row and its neighbours; near is what is alike in how classes are shared."""

    k: int = 5
    prior_effect: ClassVar[Literal["corrects-effective"]] = "corrects-effective"

    def __call__(self, view: TrainView, rng: np.random.Generator) -> Resampled:
        return _mixed(view, self.k, draw_seed(rng), if_numbers="there are numeric columns: as smotenc")


def _mixed(view: TrainView, k: int, seed: int, if_numbers: str) -> Resampled:
    """Grow by the rule that the columns allow."""
    if nothing := balanced(view):
        return nothing
    columns = Columns.of(view)

    def make(goals: Goals, k: int) -> tuple[Floats, Labels]:
        assert_all_finite(view.x)
        if not columns.categories:
            return smote_rows(view, goals, k, seed)
        if not len(columns.numbers):
            return _smoten_rows(view, columns, goals, k, seed)
        return _smotenc_rows(view, columns, goals, k, seed)

    note = if_numbers
    if not columns.categories:
        note = "no categorical column: as smote"
    elif not len(columns.numbers):
        note = "" if if_numbers else "no numeric column: as smoten"
    return grow(view, make, ("k", k), note)


def _smotenc_rows(view: TrainView, columns: Columns, goals: Goals, k: int, seed: int) -> tuple[Floats, Labels]:
    """What ``SMOTENC(random_state=seed)`` appends to numbers and codes (Chawla et al. 2002, §6.1)."""
    numbers = view.x[:, columns.numbers]
    if np.abs(numbers).max() > _SQUARE:
        numbers = numbers.astype(np.float64)
    p = numbers.shape[1]
    x = np.hstack([numbers, columns.codes(view.x).astype(numbers.dtype)])
    sampler = SMOTENC(list(range(p, x.shape[1])), sampling_strategy=goals, random_state=seed, k_neighbors=k)
    x, y = fit_resample(sampler, x, view.y)
    made = x[len(view.y) :]
    return columns.join(made[:, :p], np.rint(made[:, p:]).astype(np.int64)), y[len(view.y) :]


def _smoten_rows(view: TrainView, columns: Columns, goals: Goals, k: int, seed: int) -> tuple[Floats, Labels]:
    """What ``SMOTEN(random_state=seed)`` appends to codes (Chawla et al. 2002, §6.2)."""
    codes = columns.codes(view.x)
    tables = [_differences(codes[:, at], view.y) for at in range(codes.shape[1])]
    made = {}
    for code, goal in sorted(goals.items()):
        of_class = codes[view.y == code]
        rng = np.random.RandomState(seed)  # for each class anew, as imbalanced-learn does
        chosen = rng.choice(np.arange(len(of_class)), size=goal - len(of_class), replace=True)
        asked, at = np.unique(of_class[chosen], axis=0, return_inverse=True)
        near = _alike(tables, asked, of_class, k + 1)
        voted = mode(of_class[near], axis=1, keepdims=False).mode
        made[code] = columns.join(np.empty((len(at), 0), dtype=np.float32), voted[at.ravel()])
    return joined(view, made)


def _differences(codes: Ints, y: Labels) -> NDArray[np.float64]:
    """(c, c) squared value difference of the categories of a column: how unlike they are shared among classes."""
    classes, labels = np.unique(y, return_inverse=True)
    shares = np.zeros((int(codes.max()) + 1, len(classes)))
    np.add.at(shares, (codes, labels), 1.0)
    held = shares.sum(axis=1, keepdims=True)
    shares = np.divide(shares, held, out=np.zeros_like(shares), where=held > 0)
    table: NDArray[np.float64] = distance_matrix(shares, shares, p=1) ** 2
    return table


def _alike(tables: list[NDArray[np.float64]], asked: Ints, rows: Ints, k: int) -> Ints:
    """(q, k) rows nearest to each row asked about, itself or its equals among them; ties as in scikit-learn."""
    found = np.empty((len(asked), k), dtype=np.int64)
    step = max(1, _BUFFER // len(rows))
    for a in range(0, len(asked), step):
        lot = asked[a : a + step]
        away = np.zeros((len(lot), len(rows)))
        for at, table in enumerate(tables):
            away += table[lot[:, at]][:, rows[:, at]]
        near = np.argpartition(away, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(away, near, axis=1))
        found[a : a + step] = np.take_along_axis(near, order, axis=1)
    return found


def smotenc(k: int) -> Recipe:
    """Recipe of `SmoteNc`."""
    return Recipe(resample=SmoteNc(k))


def smoten(k: int) -> Recipe:
    """Recipe of `SmoteN`."""
    return Recipe(resample=SmoteN(k))
