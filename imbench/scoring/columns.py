"""Scores of a pack, class by class: what every metric and policy of it reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imbench.scoring.checks import SUM_TOLERANCE, check_scores, require

__all__ = ["Columns", "columns_of", "require_columns"]

#: (C, K, n) floating and contiguous: the scores of one class for all rows of all cells lie side by side.
Columns = NDArray[np.floating]


def columns_of(scores: NDArray[np.floating]) -> Columns:
    """Scores (K, n, C) as (C, K, n)."""
    return np.ascontiguousarray(scores.transpose(2, 0, 1))


def require_columns(what: Sequence[str], columns: Columns) -> None:
    """One quick look at all cells; only if it sees something, `check_scores` cell by cell says what.

    Args:
        what: the name of each of the K cells' scores.
        columns: (C, K, n).

    Raises:
        ValueError: the first cell whose scores are none, and why.
    """
    if not columns.size:
        return
    total = columns[0].astype(np.float64)
    for column in columns[1:]:
        total += column
    total -= 1
    # NaN makes either comparison false.
    if columns.min() >= 0 and np.abs(total, out=total).max() <= SUM_TOLERANCE:
        return
    n_classes, cells, rows = columns.shape
    for k in range(cells):
        require(what[k], check_scores(columns[:, k].T, rows, n_classes))
