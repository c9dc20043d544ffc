"""SMOTE and its kin as imbalanced-learn draws them: the same seed gives the same rows, bit for bit.

Without its validation of all rows, the copies it makes of them, and its search for neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

from imbench import TrainView
from imbench_resampling.common import Floats, Labels
from imbench_resampling.neighbours import neighbours
from imbench_resampling.points import Ints

__all__ = ["Goals", "adasyn_rows", "between", "borderline_rows", "drawn", "joined", "smote_rows"]

#: class → number of rows it should have, more than it has
Goals = dict[int, int]

#: Rows made at a time: what is computed on the way stays in the cache.
_STEP = 4096


def smote_rows(view: TrainView, goals: Goals, k: int, seed: int) -> tuple[Floats, Labels]:
    """What ``SMOTE(random_state=seed)`` appends (Chawla et al. 2002).

    Args:
        view: the training rows.
        goals: the classes to grow.
        k: neighbours of the same class, fewer than the smallest class to grow has rows.
        seed: the ``random_state``.

    Returns:
        (m, d) rows made, class by class, and (m,) their labels.

    Raises:
        ValueError: missing or infinite values.
    """
    assert_all_finite(view.x)
    made = {}
    for code, goal in sorted(goals.items()):
        of_class = view.x[view.y == code]
        near = neighbours(of_class, of_class, k + 1)[:, 1:]
        base, which, steps = drawn(near, goal - len(of_class), seed)
        made[code] = between(of_class, base, of_class, near[base, which], steps)
    return joined(view, made)


def borderline_rows(view: TrainView, goals: Goals, k: int, m: int, kind: int, seed: int) -> tuple[Floats, Labels]:
    """What ``BorderlineSMOTE(random_state=seed)`` appends (Han et al. 2005); nothing to a class without a border.

    Args:
        view: the training rows.
        goals: the classes to grow.
        k: neighbours to step towards, of the same class (kind 1) or of any (kind 2), fewer than there are.
        m: neighbours that tell whether a row is on the border, fewer than there are rows.
        kind: 1, or 2: at most half the way towards a row of another class.
        seed: the ``random_state``.

    Returns:
        (m, d) rows made, class by class, and (m,) their labels.

    Raises:
        ValueError: missing or infinite values.
    """
    assert_all_finite(view.x)
    made = {}
    for code, goal in sorted(goals.items()):
        of_class = view.x[view.y == code]
        others = (view.y[neighbours(view.x, of_class, m + 1)[:, 1:]] != code).sum(axis=1)
        border = of_class[(others >= m / 2) & (others < m)]
        if not len(border):
            continue
        ends = of_class if kind == 1 else view.x
        near = neighbours(ends, border, k + 1)[:, 1:]
        base, which, steps = drawn(near, goal - len(of_class), seed)
        towards = near[base, which]
        share = None if kind == 1 else _shares(view.y[towards] != code, seed)
        made[code] = between(border, base, ends, towards, steps, share)
    return joined(view, made)


def adasyn_rows(view: TrainView, goals: Goals, k: int, seed: int) -> tuple[Floats, Labels]:
    """What ``ADASYN(random_state=seed)`` appends (He et al. 2008).

    Imbalanced-learn refuses data with a class that has no neighbour of another one, or whose rows would get less than
    half a row each; here that class gets none, and the others get what they would get without it.

    Args:
        view: the training rows.
        goals: the classes to grow; sizes are met only nearly.
        k: neighbours, fewer than the smallest class to grow has rows.
        seed: the ``random_state``.

    Returns:
        (m, d) rows made, class by class, and (m,) their labels.

    Raises:
        ValueError: missing or infinite values.
    """
    assert_all_finite(view.x)
    rng = np.random.RandomState(seed)  # one for all classes
    made = {}
    for code, goal in sorted(goals.items()):
        of_class = view.x[view.y == code]
        difficulty = (view.y[neighbours(view.x, of_class, k + 1)[:, 1:]] != code).sum(axis=1) / k
        if not difficulty.any():
            continue
        difficulty /= difficulty.sum()
        copies = np.rint(difficulty * (goal - len(of_class))).astype(int)
        if not copies.any():
            continue
        near = neighbours(of_class, of_class, k + 1)[:, 1:]
        base = np.repeat(np.arange(len(of_class)), copies)
        which = rng.choice(k, size=len(base))
        steps = rng.uniform(size=(len(base), 1))
        made[code] = between(of_class, base, of_class, near[base, which], steps)
    return joined(view, made)


def drawn(near: Ints, n: int, seed: int) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """(n,) rows to start from, (n,) which of their neighbours to step towards, (n, 1) how far."""
    rng = np.random.RandomState(seed)  # for each class anew, as imbalanced-learn does
    base, which = np.divmod(rng.randint(0, near.size, size=n), near.shape[1])
    return base, which, rng.uniform(size=n)[:, np.newaxis]


def _shares(other: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """(n, 1) what is left of each way: at most half of one that leads to another class."""
    share = np.ones((len(other), 1))
    share[other] = np.random.RandomState(seed).uniform(0.0, 0.5, size=(int(other.sum()), 1))
    return share


def between(
    start: Floats,
    base: Ints,
    end: Floats,
    goal: Ints,
    steps: NDArray[np.float64],
    share: NDArray[np.float64] | None = None,
) -> Floats:
    """Points on the way from ``start[base]`` to ``end[goal]``.

    Args:
        start: (s, d) rows.
        base: (n,) where each way starts.
        end: (e, d) rows.
        goal: (n,) where each way leads.
        steps: (n, 1) how far to go.
        share: (n, 1) what each way is cut to first, if to anything.

    Returns:
        (n, d)
    """
    made = np.empty((len(base), start.shape[1]), dtype=start.dtype)
    for a in range(0, len(base), _STEP):
        part = slice(a, a + _STEP)
        origin = start[base[part]]
        way = end[goal[part]] - origin
        if share is not None:
            way *= share[part]
        made[part] = origin + steps[part] * way
    return made


def joined(view: TrainView, made: dict[int, Floats]) -> tuple[Floats, Labels]:
    """(m, d) rows made of all classes, and (m,) their labels."""
    if not made:
        return view.x[:0], view.y[:0]
    labels = np.repeat(np.array(list(made), dtype=view.y.dtype), [len(x) for x in made.values()])
    return np.concatenate(list(made.values())), labels
