"""From scores to labels, for the cells of a pack at once; each cell has its own thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats
from imbench.scoring.columns import Columns

__all__ = ["Codes", "above", "largest", "largest_adjusted", "logs"]

#: Class codes of a type that holds all classes: int8 for two, which takes an eighth of the time to move.
Codes = NDArray[np.integer]


def largest(columns: Columns) -> Codes:
    """(K, n) the class with the largest float32 score, of equals the first.

    Args:
        columns: (C, K, n).
    """
    columns = columns.astype(np.float32, copy=False)
    if len(columns) == 2:
        positive: Codes = (columns[1] > columns[0]).view(np.int8)
        return positive
    best = columns[0].copy()
    decided = np.zeros(best.shape, dtype=np.int32)
    for c, column in enumerate(columns[1:], start=1):
        np.copyto(decided, c, where=column > best)
        np.maximum(best, column, out=best)
    return decided


def above(columns: Columns, thresholds: NDArray[np.float64]) -> Codes:
    """(K, n) 1 where the float32 score of class 1 is above the threshold of its cell, else 0.

    Args:
        columns: (2, K, n).
        thresholds: (K,), infinite ones included.
    """
    # float64, because a midpoint of neighbouring float32 values is none itself.
    scores = columns[1].astype(np.float32, copy=False).astype(np.float64)
    positive: Codes = (scores > thresholds[:, None]).view(np.int8)
    return positive


def largest_adjusted(columns: Columns, prior: Floats, tau: Floats) -> Codes:
    """(K, n) argmax_c p_c / π_c^τ over the classes that have a prior, of equals the first.

    Menon et al. 2021, post-hoc logit adjustment. Class by class, which is twice as fast as argmax over short rows.

    Args:
        columns: (C, K, n).
        prior: (K, C) float32, each with at least one class above 0.
        tau: (K,) float32.
    """
    log_columns, log_prior = logs(columns, prior)
    # A class without a prior gets -inf: not above anything, whatever its score.
    offsets = np.where(log_prior > -np.inf, tau[:, None] * log_prior, np.float32(np.inf))
    best = log_columns[0] - offsets[:, :1]
    decided = np.empty(best.shape, dtype=np.int32)
    decided[:] = (prior > 0).argmax(axis=1)[:, None]
    for c, column in enumerate(log_columns[1:], start=1):
        candidate = column - offsets[:, c : c + 1]
        np.copyto(decided, c, where=candidate > best)
        np.maximum(best, candidate, out=best)
    return decided


def logs(columns: Columns, prior: Floats) -> tuple[Columns, Floats]:
    """(C, K, n) log scores and (K, C) log prior, float32."""
    with np.errstate(divide="ignore"):
        return np.log(columns.astype(np.float32, copy=False)), np.log(prior)
