"""k-means for very many clusters: a handful of Lloyd steps in float32.

With as many clusters as a class has rows, scikit-learn's k-means pays for a k-means++ start over all of them and for
steps that hardly move a centre any more. Here the start is a random set of rows and the steps stop early. The centres
are others than scikit-learn's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from imbench_resampling.blocks import nearest_centre
from imbench_resampling.points import Ints

__all__ = ["QuickKMeans"]


class QuickKMeans(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Lloyd's algorithm from random rows, for a few steps.

    Args:
        n_clusters: centres.
        steps: the most steps taken.
        settled: stop once at most this share of the rows changes its centre.
        random_state: seed of the start.
    """

    def __init__(
        self, n_clusters: int = 8, steps: int = 5, settled: float = 0.005, random_state: int | None = None
    ) -> None:
        self.n_clusters = n_clusters
        self.steps = steps
        self.settled = settled
        self.random_state = random_state

    def fit(self, X: NDArray[np.floating], y: None = None) -> QuickKMeans:
        """Find ``cluster_centers_``, (n_clusters, d) in the type of X, and ``labels_``, (n,)."""
        del y
        rng = np.random.default_rng(self.random_state)
        shift = X.mean(axis=0, dtype=np.float64)
        z = (X - shift).astype(np.float32)
        centres = z[rng.choice(len(z), size=self.n_clusters, replace=False)]
        owner = nearest_centre(z, centres)
        for _ in range(self.steps):
            centres = _means(z, owner, centres)
            before, owner = owner, nearest_centre(z, centres)
            if (owner != before).mean() <= self.settled:
                break
        self.cluster_centers_ = (centres + shift).astype(X.dtype)
        self.labels_ = owner
        return self

    def predict(self, X: NDArray[np.floating]) -> Ints:
        """(n,) the centre next to each row."""
        shift = self.cluster_centers_.mean(axis=0, dtype=np.float64)
        return nearest_centre((X - shift).astype(np.float32), (self.cluster_centers_ - shift).astype(np.float32))


def _means(z: NDArray[np.float32], owner: Ints, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean row of each cluster, summed in float64 in one order; a centre without rows stays where it is."""
    order = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner, minlength=len(centres))
    some = sizes > 0
    starts = (np.cumsum(sizes) - sizes)[some]
    moved = centres.copy()
    sums = np.add.reduceat(z[order], starts, axis=0, dtype=np.float64)
    moved[some] = (sums / sizes[some, np.newaxis]).astype(np.float32)
    return moved
