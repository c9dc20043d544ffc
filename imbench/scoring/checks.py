"""What scores, decisions and labels must look like before a metric is computed on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SUM_TOLERANCE", "check_decided", "check_scores", "require", "smallest_class"]

#: How far a row of scores may be from summing to one.
SUM_TOLERANCE = 1e-3


def check_scores(scores: ArrayLike, rows: int, n_classes: int) -> str:
    """Why these are not scores of `rows` rows over `n_classes` classes, in one line; empty if they are.

    Constant scores pass: a strategy may well predict the prior for every row.

    Args:
        scores: what a strategy returned; valid is (rows, n_classes), floating, finite, ≥ 0, rows summing to one
            within `SUM_TOLERANCE`.
        rows: number of rows asked for.
        n_classes: C.
    """
    array = np.asarray(scores)
    if array.shape != (rows, n_classes):
        hint = ": labels instead of scores?" if array.shape == (rows,) else ""
        return f"expected scores of shape {(rows, n_classes)}, got {array.shape}{hint}"
    if array.dtype.kind != "f":
        return f"expected floating scores, got {array.dtype}"
    if rows == 0:
        return ""
    bad = ~np.isfinite(array)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        return f"expected finite scores, got {int(bad.sum())} NaN or infinite, first in row {row}"
    if array.min() < 0:
        return f"expected scores ≥ 0, got {array.min():.6g} in row {int(array.min(axis=1).argmin())}: logits?"
    # Summing each row in float64 through BLAS: float32 sums of a thousand classes would use up the tolerance.
    sums = array.astype(np.float64) @ np.ones(n_classes)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE:
        return f"expected rows of scores that sum to 1, got {sums[worst]:.6g} in row {worst}"
    return ""


def check_decided(decided: ArrayLike, rows: int, n_classes: int) -> str:
    """Why these are not labels of `rows` rows over `n_classes` classes, in one line; empty if they are."""
    array = np.asarray(decided)
    if array.shape != (rows,):
        return f"expected labels of shape {(rows,)}, got {array.shape}"
    if array.dtype.kind not in "iu":
        return f"expected integer labels, got {array.dtype}"
    if rows and (array.min() < 0 or array.max() >= n_classes):
        return f"expected labels in 0 … {n_classes - 1}, got {array.min()} … {array.max()}"
    return ""


def require(what: str, reason: str) -> None:
    """Raise ValueError(``what: reason``) unless the reason is empty."""
    if reason:
        raise ValueError(f"{what}: {reason}")


def smallest_class(training_counts: NDArray[np.int64]) -> int:
    """The class with the fewest training rows, of those that have any; of equally small ones the last."""
    counts = np.asarray(training_counts)
    present = np.flatnonzero(counts > 0)
    if not len(present):
        raise ValueError(f"expected training rows in at least one class, got counts {counts.tolist()}")
    return int(present[::-1][counts[present][::-1].argmin()])
