"""Ranking metrics of one class against the rest, all from one sort of its scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking", "rank"]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows by falling score, equal scores taken together as one step.

    Attributes:
        scores: (t,) float64 distinct scores, highest first.
        tp: (t,) int64 positives with at least that score.
        taken: (t,) int64 rows with at least that score.

    The ranking metrics need both classes: the caller looks at `positives` and `negatives` first.
    """

    scores: NDArray[np.float64]
    tp: NDArray[np.int64]
    taken: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """Rows of the class."""
        return int(self.tp[-1]) if len(self.tp) else 0

    @property
    def negatives(self) -> int:
        """Rows of other classes."""
        return int(self.taken[-1]) - self.positives if len(self.tp) else 0

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """(t,) positives at exactly that score."""
        return _steps(self.tp)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(t,) rows at exactly that score."""
        return _steps(self.taken)

    @cached_property
    def _gains(self) -> NDArray[np.int64]:
        """Steps that have positives. For a rare class they are few, and no other step moves AP, AUC or KS."""
        return np.flatnonzero(self.hits > 0)

    def average_precision(self) -> float:
        """Σ_i (R_i - R_{i-1}) P_i: a sum of steps, not the trapezoid, which interpolates what cannot be reached."""
        at = self._gains
        return float(self.hits[at] @ (self.tp[at] / self.taken[at])) / self.positives

    def roc_auc(self) -> float:
        """P(score of a positive > score of a negative) + ½ P(equal), the Mann-Whitney statistic over n₊n₋."""
        at = self._gains
        hits, equal = self.hits[at], self.sizes[at] - self.hits[at]
        below = self.negatives - (self.taken[at] - self.tp[at])
        return float(hits @ (2 * below + equal)) / (2 * self.positives * self.negatives)

    def ks(self) -> float:
        """Largest TPR - FPR over all thresholds (one-sided Kolmogorov-Smirnov, Youden's J at its best)."""
        at = self._gains
        gap = self.tp[at] / self.positives - (self.taken[at] - self.tp[at]) / self.negatives
        return float(gap.max())

    def expected_hits(self, k: int) -> float:
        """Expected positives among the k highest-scored rows when ties are broken at random; k ≤ rows."""
        step = int(np.searchsorted(self.taken, k))
        before = int(self.taken[step] - self.sizes[step])
        share = (k - before) / int(self.sizes[step])
        return float(self.tp[step] - self.hits[step]) + share * float(self.hits[step])

    def calibration_error(self, bins: int) -> float:
        """Σ_b n_b/n · abs(mean score - share of positives) over bins of equal mass, from the highest score down.

        Equal scores share the bin of the first of them, so that neither the order of rows nor labels choose the bins.
        """
        rows = int(self.taken[-1])
        bin_of = (self.taken - self.sizes) * bins // rows
        gaps = np.bincount(bin_of, weights=self.scores * self.sizes - self.hits, minlength=bins)
        return float(np.abs(gaps).sum()) / rows


def rank(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Ranking:
    """Sort one class's scores once.

    The bits of a non-negative float rise with its value. Shifted left by one they lose the sign (that of -0.0, at most)
    and leave the last bit to the label: one sort of integers orders both, several times faster than argsort.

    Args:
        scores: (n,) finite and ≥ 0.
        positive: (n,) which rows are of the class.
    """
    keys = np.sort(_bits(scores) << 1 | positive)[::-1]
    ordered = keys >> 1
    last = np.flatnonzero(ordered[1:] != ordered[:-1])
    last = np.append(last, len(keys) - 1) if len(keys) else last
    tp = np.cumsum(keys & 1, dtype=np.int64)[last]
    return Ranking(scores=ordered[last].view(f"f{keys.itemsize}").astype(np.float64), tp=tp, taken=last + 1)


def _bits(scores: NDArray[np.floating]) -> NDArray[np.uint64]:
    """The bits of each score; float32 keeps to 32, which halves the time of the sort."""
    if scores.dtype == np.float32:
        return np.ascontiguousarray(scores).view(np.uint32)
    return scores.astype(np.float64).view(np.uint64)


def _steps(totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """np.diff(totals, prepend=0), without its concatenation."""
    steps = totals.copy()
    steps[1:] -= totals[:-1]
    return steps
