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

    What has been computed is kept, so that no chunk is computed twice.

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
        places = self._chunks_of(positions)
        places = places[~self._known[places]]
        if len(places):
            self._answers[places] = ArgKmin.compute(
                X=np.ascontiguousarray(self.queries[places]),
                Y=self.x,
                k=self.k,
                metric="euclidean",
                strategy=self._strategy(),
            )
            self._known[places] = True
        return self._answers[positions]

    def hopeless(self, unsure: float, asked: int) -> bool:
        """Whether to leave everything to the reference, if this share of ``asked`` queries needs it anyway.

        A k-d tree answers just those. By brute force they drag their chunks along, soon all of them.
        """
        if not is_brute(len(self.x), self.x.shape[1], self.k):
            return unsure > 0.2
        return unsure * asked > 2 * len(self.queries) / _chunk()

    def _chunks_of(self, positions: Ints) -> Ints:
        """All positions in the chunks of these, ascending."""
        chunks = np.unique(positions // _chunk())
        places: Ints = (chunks[:, np.newaxis] * _chunk() + np.arange(_chunk())).ravel()
        return places[places < len(self.queries)]

    @cached_property
    def _answers(self) -> Ints:
        return np.empty((len(self.queries), self.k), dtype=np.int64)

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.queries), dtype=bool)

    @cached_property
    def _fitted(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=self.k).fit(self.x)

    def _strategy(self) -> str:
        """What ``strategy="auto"`` means for the whole call (scikit-learn's BaseDistancesReduction)."""
        enough = 4 * _chunk() * _openmp_effective_n_threads() < len(self.queries)
        return "parallel_on_X" if len(self.x) < len(self.queries) or enough else "parallel_on_Y"


def _chunk() -> int:
    return int(get_config().get("pairwise_dist_chunk_size", 256))
