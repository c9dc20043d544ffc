"""SMOTE as imbalanced-learn draws it (Chawla et al. 2002): the same seed gives the same rows, bit for bit."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_array

from imbench import TrainView
from imbench_resampling.common import Floats, Labels
from imbench_resampling.neighbours import ExactNeighbors

__all__ = ["smote_rows"]


def smote_rows(view: TrainView, goals: dict[int, int], k: int, seed: int) -> tuple[Floats, Labels]:
    """What ``SMOTE(random_state=seed)`` appends, class by class, without the copies of all rows that it makes.

    Args:
        view: the training rows.
        goals: class to number of rows it should have, more than it has.
        k: neighbours of the same class, fewer than the smallest class to grow has rows.
        seed: the ``random_state``.

    Returns:
        (m, d) rows made and (m,) their labels.

    Raises:
        ValueError: missing or infinite values.
    """
    check_array(view.x)
    made_x, made_y = [], []
    for code, goal in sorted(goals.items()):
        of_class = view.x[view.y == code]
        near = ExactNeighbors(n_neighbors=k + 1).fit(of_class).kneighbors(of_class, return_distance=False)[:, 1:]
        rng = np.random.RandomState(seed)  # for each class anew, as imbalanced-learn does
        n = goal - len(of_class)
        base, which = np.divmod(rng.randint(0, near.size, size=n), k)
        steps = rng.uniform(size=n)[:, np.newaxis]
        start = of_class[base]
        made_x.append((start + steps * (of_class[near[base, which]] - start)).astype(view.x.dtype))
        made_y.append(np.full(n, code, dtype=view.y.dtype))
    return np.concatenate(made_x), np.concatenate(made_y)
