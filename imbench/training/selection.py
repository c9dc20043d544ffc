"""Selection: which optimiser step a cell keeps, judged on validation alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from imbench.data.block import Labels

__all__ = ["Best", "average_precision", "checkpoints", "macro_average_precision"]


def checkpoints(steps: int, evaluations: int) -> frozenset[int]:
    """The numbers of finished steps after which validation is looked at; the last step is always among them."""
    if evaluations <= 0:
        return frozenset()
    return frozenset(int(step) for step in np.ceil(np.linspace(0, steps, evaluations + 1)[1:]))


def average_precision(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Σ (R_n - R_{n-1}) P_n over distinct scores, as scikit-learn defines it; NaN without positives."""
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits, taken = hits[last_of_tie], np.flatnonzero(last_of_tie) + 1
    return float(np.sum(np.diff(hits, prepend=0) * (hits / taken)) / hits[-1])


def macro_average_precision(scores: NDArray[np.floating], labels: Labels) -> float:
    """Binary: average precision of class 1. Multiclass: its mean over the classes present, one against the rest."""
    n_classes = scores.shape[1]
    if n_classes == 2:
        return average_precision(scores[:, 1], labels == 1)
    return float(np.nanmean([average_precision(scores[:, c], labels == c) for c in np.unique(labels)]))


class Best:
    """For each cell of a pack the parameters that validation likes best so far; ties go to the later step.

    Attributes:
        rows: (K, P) parameters.
        steps: (K,) when they were reached.
        progress: (K,) of the last stage, when its samplers and weights in force then had been read.
    """

    def __init__(self, flat: Tensor) -> None:
        """Start with the parameters (K, P) as they are."""
        cells = len(flat)
        self.rows = flat.clone()
        self.steps = np.zeros(cells, dtype=int)
        self.progress = np.zeros(cells)
        self._values = np.full(cells, -np.inf)

    def offer(self, k: int, row: Tensor, value: float, *, step: int, progress: float, final: bool) -> None:
        """A look at validation; the final one is taken if none before had a value (NaN: no positives there)."""
        if value >= self._values[k] or (final and self._values[k] == -np.inf):
            self.rows[k], self._values[k], self.steps[k], self.progress[k] = row, value, step, progress

    def take(self, flat: Tensor, *, step: int, progress: float) -> None:
        """Take the parameters of all cells as they are: nobody looks at validation."""
        self.rows, self.steps[:], self.progress[:] = flat.clone(), step, progress
