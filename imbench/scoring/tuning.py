"""What policy `tuned` finds on validation, for the cells of a pack at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.scoring.columns import Columns
from imbench.scoring.deciding import logs
from imbench.scoring.ranking import rank

__all__ = ["TAUS", "best_exponents", "best_thresholds"]

#: Exponents that `tuned` tries with more than two classes; 0 is `argmax`, 1 is `prior`.
TAUS = tuple(step / 10 for step in range(21))


def best_thresholds(columns: Columns, labels: Labels) -> NDArray[np.float64]:
    """(K,) the midpoint between neighbouring scores of class 1 with the best balanced accuracy.

    Of equally good ones the middle one; NaN where none beats deciding one class for all.

    Args:
        columns: (2, K, m) validation scores.
        labels: (m,) with both classes.
    """
    ranking = rank(columns[1].astype(np.float32, copy=False), labels == 1)
    # Twice the balanced accuracy minus one, times n₊n₋: integers, so that equal means equal.
    # A step without positives only loses, and the last step, which takes every row, has 0.
    gain = ranking.tp * ranking.negatives - ranking.fp * ranking.positives
    top = gain.max(axis=1)
    best = (gain == top[:, None]) & ranking.last
    nth = np.cumsum(best, axis=1)
    middle = ((nth == (nth[:, -1:] // 2 + 1)) & best).argmax(axis=1)
    cells = np.arange(len(top))
    found = np.full(len(top), np.nan)
    useful = np.flatnonzero(top > 0)
    below = ranking.at[cells, middle][useful] + 1
    found[useful] = (ranking.scores_at(below - 1) + ranking.scores_at(below)) / 2
    return found


def best_exponents(columns: Columns, labels: Labels, prior: Floats) -> NDArray[np.float64]:
    """(K,) the exponent of `TAUS` with the best balanced accuracy.

    Of equally good ones the middle one; NaN where none beats deciding one class for all.

    Args:
        columns: (C, K, m) validation scores.
        labels: (m,) with every class.
        prior: (K, C) float32; a cell that has a class of prior 0 gets NaN.
    """
    known = prior.min(axis=1) > 0
    found = np.full(len(prior), np.nan)
    if known.all():
        tuned = _recalls(columns, labels, prior)
    elif known.any():
        tuned = _recalls(np.ascontiguousarray(columns[:, known]), labels, prior[known])
    else:
        return found
    # Sums of the same shares may differ in the last bits.
    top = tuned.max(axis=0) - 1e-12
    best = tuned >= top
    nth = np.cumsum(best, axis=0)
    middle = ((nth == nth[-1] // 2 + 1) & best).argmax(axis=0)
    found[known] = np.where(top > 1 / len(columns), np.array(TAUS)[middle], np.nan)
    return found


def _recalls(columns: Columns, labels: Labels, prior: Floats) -> NDArray[np.float64]:
    """(21, K) mean recall on validation with each exponent."""
    n_classes, _, rows = columns.shape
    log_columns, log_prior = logs(columns, prior)
    share = (1 / np.bincount(labels, minlength=n_classes) / n_classes)[labels]
    own = np.ascontiguousarray(log_columns[labels, :, np.arange(rows)].T)
    own_prior = log_prior.take(labels, axis=1)
    others, adjusted = log_columns, np.empty_like(log_columns)
    others[labels, :, np.arange(rows)] = -np.inf
    found = np.empty((len(TAUS), len(prior)))
    for i, tau in enumerate(TAUS):
        rivals = np.subtract(others, (tau * log_prior).T[:, :, None], out=adjusted).max(axis=0)
        # A tie is no win: otherwise the order of the classes would choose the exponent.
        found[i] = np.vecdot(own - tau * own_prior > rivals, share)
    return found
