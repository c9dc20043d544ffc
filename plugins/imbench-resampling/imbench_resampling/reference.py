"""Scikit-learn's own neighbours for some of the queries of a call, to the bit.

Where two rows are as near as rounding can tell, the order depends on how scikit-learn computes: a k-d tree goes row by
row, but brute force takes queries in chunks, multiplies each with chunks of the data, and breaks ties by what it saw
first. So a few queries asked alone may come out in another order than among all. Here they are asked in their
chunks, with the strategy that the whole call would have taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.metrics._pairwise_distances_reduction import ArgKmin
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from imbench_resampling.points import Ints

__all__ = ["Reference", "is_brute"]


def is_brute(rows: int, features: int, k: int) -> bool:
    """Whether ``NearestNeighbors(algorithm="auto")`` compares all pairs; otherwise it builds a k-d tree."""
    return features > 15 or k >= rows // 2


@dataclass(frozen=True)
class Reference:
    """``NearestNeighbors(n_neighbors=k).fit(x).kneighbors(queries)``, some rows of it at a time.

    Attributes:
        x: (n, d) rows, C-ordered.
        queries: (q, d) what the reference asks about in one call, in its order.
        k: neighbours; a row of ``x`` asked about is one of its own.
    """

    x: NDArray[np.floating]
    queries: NDArray[np.floating]
    k: int

    def neighbours(self, positions: Ints) -> Ints:
        """(p, k) what the call returns at these positions of ``queries``, ascending."""
        if len(positions) == 0:
            return np.empty((0, self.k), dtype=np.int64)
        if not is_brute(len(self.x), self.x.shape[1], self.k):
            found: Ints = self._fitted.kneighbors(self.queries[positions], return_distance=False)
            return found
        chunk = int(get_config().get("pairwise_dist_chunk_size", 256))
        chunks = np.unique(positions // chunk)
        places = (chunks[:, np.newaxis] * chunk + np.arange(chunk)).ravel()
        places = places[places < len(self.queries)]
        nearest: Ints = ArgKmin.compute(
            X=np.ascontiguousarray(self.queries[places]),
            Y=self.x,
            k=self.k,
            metric="euclidean",
            strategy=self._strategy(chunk),
        )
        return nearest[np.searchsorted(places, positions)]

    @cached_property
    def _fitted(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=self.k).fit(self.x)

    def _strategy(self, chunk: int) -> str:
        """What ``strategy="auto"`` means for the whole call (scikit-learn's BaseDistancesReduction)."""
        enough = 4 * chunk * _openmp_effective_n_threads() < len(self.queries)
        return "parallel_on_X" if len(self.x) < len(self.queries) or enough else "parallel_on_Y"
