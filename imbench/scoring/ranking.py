"""Ranking metrics of one class against the rest, for many cells at once, all from one sort of their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rankings", "rank"]

Floats64 = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rankings:
    """Rows of K cells by falling score, equal scores taken together as one step. All cells share their labels.

    Places are counted through the sorted rows of all cells, one cell after the other. What only positives change is
    kept at the positives: of a rare class they are few. Two positives of one step have the same values.

    Attributes:
        keys: (K, n) sorted keys of `rank`.
        starts: (T + 1,) place where each step begins; the last is K * n.
        hits: (T,) positives of each step.
        at: (K, P) places of the positives; P is the same for all cells.
        step: (K, P) their steps.
        last: (K, P) which are the last of their step, and so can stand for it once.
        ends: (K, P) place after their step.
        tp: (K, P) positives with at least their score.
        fp: (K, P) other rows with at least their score.

    `average_precision`, `roc_auc` and `ks` need both classes: the caller looks at `positives` and `negatives` first.
    """

    keys: NDArray[np.unsignedinteger]
    starts: Ints
    hits: Ints
    at: Ints
    step: Ints
    last: NDArray[np.bool_]
    ends: Ints
    tp: Ints
    fp: Ints

    @property
    def positives(self) -> int:
        """Rows of the class, in each cell."""
        return int(self.at.shape[1])

    @property
    def negatives(self) -> int:
        """Rows of other classes, in each cell."""
        return int(self.keys.shape[1]) - self.positives

    def scores_at(self, places: Ints) -> Floats64:
        """Scores of the rows at these places of `keys`, counted through all cells."""
        bits = (self.keys.ravel()[places] >> 1) ^ _mask(self.keys.dtype)
        return bits.view(f"f{bits.itemsize}").astype(np.float64)

    def average_precision(self) -> Floats64:
        """(K,) Σ_i (R_i - R_{i-1}) P_i: a sum of steps, not the trapezoid, which interpolates what is not reached."""
        hits = np.where(self.last, self.hits[self.step], 0).astype(np.float64)
        found: Floats64 = np.vecdot(hits, self.tp / (self.tp + self.fp)) / self.positives
        return found

    def roc_auc(self) -> Floats64:
        """(K,) P(score of a positive > score of a negative) + ½ P(equal), the Mann-Whitney statistic over n₊n₋."""
        # Twice the rows below plus the equal ones, less what positives have against each other.
        cells, rows = self.keys.shape
        edges = (self.ends + self.starts[self.step]).sum(axis=1) - np.arange(cells) * (2 * rows * self.positives)
        wins = 2 * rows * self.positives - edges - self.positives**2
        found: Floats64 = wins / (2 * self.positives * self.negatives)
        return found

    def ks(self) -> Floats64:
        """(K,) Largest TPR - FPR over all thresholds (one-sided Kolmogorov-Smirnov, Youden's J at its best)."""
        gap = self.tp / self.positives - self.fp / self.negatives
        found: Floats64 = gap.max(axis=1)
        return found

    def expected_hits(self, k: int) -> Floats64:
        """(K,) Expected positives among the k highest-scored rows when ties are broken at random; 1 ≤ k ≤ n."""
        cells, rows = self.keys.shape
        offsets = np.arange(cells) * rows
        step = np.searchsorted(self.starts, offsets + k - 1, side="right") - 1
        start = self.starts[step]
        share = (offsets + k - start) / (self.starts[step + 1] - start)
        found: Floats64 = (self.at < start[:, None]).sum(axis=1) + share * self.hits[step]
        return found

    def calibration_error(self, bins: int) -> Floats64:
        """(K,) Σ_b n_b/n · abs(mean score - share of positives) over bins of equal mass, from the highest score down.

        Equal scores share the bin of the first of them, so that neither the order of rows nor labels choose the bins.
        """
        cells, rows = self.keys.shape
        starts = self.starts[:-1]
        cell = starts // rows
        bin_of = (starts - cell * rows) * bins // rows + cell * bins
        weights = self.scores_at(starts) * np.diff(self.starts) - self.hits
        gaps = np.bincount(bin_of, weights=weights, minlength=cells * bins).reshape(cells, bins)
        found: Floats64 = np.abs(gaps).sum(axis=1) / rows
        return found


def rank(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Rankings:
    """Sort the scores of one class in every cell, once.

    The bits of a non-negative float rise with its value. Flipped they fall; shifted left by one they lose the sign
    (that of -0.0, at most) and leave the last bit to the label: one sort of integers orders both, several times faster
    than argsort.

    Args:
        scores: (K, n) finite and ≥ 0; n ≥ 1.
        positive: (n,) which rows are of the class, in every cell.
    """
    bits = _bits(scores)
    keys = (bits ^ _mask(bits.dtype)) << 1
    keys |= positive.astype(bits.dtype)
    keys.sort(axis=1)
    cells, rows = keys.shape
    new = np.ones(keys.size + 1, dtype=bool)
    ordered = keys >> 1
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=new[:-1].reshape(keys.shape)[:, 1:])
    starts = new.nonzero()[0]
    at = (keys & 1).astype(bool).ravel().nonzero()[0].reshape(cells, np.count_nonzero(positive))
    step = np.searchsorted(starts, at, side="right") - 1
    ends = starts[step + 1]
    left = ends - at
    # In a step positives follow the negatives: those from here to its end are left, and all its negatives are before.
    nth = np.arange(at.shape[1])
    return Rankings(
        keys=keys,
        starts=starts,
        hits=np.bincount(step.ravel(), minlength=len(starts) - 1),
        at=at,
        step=step,
        last=left == 1,
        ends=ends,
        tp=nth + left,
        fp=at - np.arange(cells)[:, None] * rows - nth,
    )


def _bits(scores: NDArray[np.floating]) -> NDArray[Any]:
    """The bits of each score; float32 keeps to 32, which halves the time of the sort."""
    if scores.dtype == np.float32:
        return np.ascontiguousarray(scores).view(np.uint32)
    return np.ascontiguousarray(scores, dtype=np.float64).view(np.uint64)


def _mask(dtype: np.dtype[np.unsignedinteger]) -> np.unsignedinteger:
    """All bits of a float but its sign."""
    return np.iinfo(dtype).max // dtype.type(2)
