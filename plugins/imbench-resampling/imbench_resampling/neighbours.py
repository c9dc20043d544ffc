"""Nearest neighbours equal to scikit-learn's, bit for bit, found with less work.

`nearest` answers for any rows of a data set. It searches in float32 with bounds (`search`), orders the few rows
found by their float64 distances, and where two of them are too close to call asks scikit-learn itself (`reference`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from imbench_resampling.blocks import Blocks, arrange, nearest_centre
from imbench_resampling.points import Frame, Ints, Points
from imbench_resampling.reference import Reference, is_brute
from imbench_resampling.search import BATCH, Hits, reach, within

__all__ = ["PAIRS", "QUERIES", "TREE_IS_FINE", "ExactNeighbors", "batches", "build", "nearest", "worth_it"]

#: Fewer pairs of rows than this scikit-learn compares before our own preparation is through (measured).
PAIRS = 6e6

#: For fewer queries, sorting all rows into blocks costs more than it saves (measured).
QUERIES = 2000

#: Over fewer features a k-d tree is fast as it is (measured).
TREE_IS_FINE = 8


def worth_it(rows: int, features: int, k: int, asked: int) -> bool:
    """Whether a search of our own pays against scikit-learn's for ``asked`` queries, by size."""
    return asked >= QUERIES and rows * asked >= PAIRS and (is_brute(rows, features, k) or features >= TREE_IS_FINE)


def build(x: NDArray[np.floating], group: Ints | None = None) -> Blocks | None:
    """Blocks over the rows x, (n, d), by class if given; None where squares overflow or all rows are one point."""
    frame = Frame.around(x)
    if frame is None:
        return None
    return arrange(frame, frame.points(x), np.zeros(len(x), dtype=np.int64) if group is None else group)


def batches(blocks: Blocks, queries: Points) -> Iterator[Ints]:
    """Positions of queries in handy lots, near ones together; the first lot is a small sample of all, as a probe."""
    n = len(queries.z)
    probe = np.unique(np.linspace(0, n - 1, min(n, BATCH // 16)).astype(np.int64))
    yield probe
    rest = np.setdiff1d(np.arange(n), probe, assume_unique=True)
    rest = rest[np.argsort(nearest_centre(queries.z[rest], blocks.centres[:, :-1].numpy()), kind="stable")]
    for a in range(0, len(rest), BATCH):
        yield rest[a : a + BATCH]


def nearest(blocks: Blocks, reference: Reference, positions: Ints | None = None) -> Ints:
    """What the reference returns, found with less work.

    Args:
        blocks: over the rows of the reference.
        reference: the call to equal.
        positions: (p,) of ``reference.queries``, ascending, to answer for; all if None.

    Returns:
        (p, k) row indices, nearest first.
    """
    positions = np.arange(len(reference.queries)) if positions is None else positions
    if not len(positions):
        return reference.neighbours(positions)
    queries = blocks.frame.points(reference.queries[positions])
    everywhere = np.ones(len(blocks), dtype=bool)
    found = np.zeros((len(positions), reference.k), dtype=np.int64)
    sure = np.zeros(len(positions), dtype=bool)
    for at, lot in enumerate(batches(blocks, queries)):
        some = queries.take(lot)
        hits = within(blocks, some, reach(blocks, some, reference.k, everywhere), everywhere)
        found[lot], sure[lot] = _ordered(hits, reference.k)
        if at == 0 and reference.hopeless((~sure[lot]).mean(), len(positions)):
            break
    unsure = np.flatnonzero(~sure)
    found[unsure] = reference.neighbours(positions[unsure])
    return found


def _ordered(hits: Hits, k: int) -> tuple[Ints, NDArray[np.bool_]]:
    """(q, k) nearest rows, and (q,) whether no other order is possible."""
    counts = np.diff(hits.edges)
    full = counts >= k
    at = hits.edges[:-1][:, np.newaxis] + np.arange(k)
    at[~full] = 0
    if not len(hits.row):
        return np.zeros((len(counts), k), dtype=np.int64), np.zeros(len(counts), dtype=bool)
    after = np.minimum(at + 1, len(hits.row) - 1)
    gap = hits.distance2[after] - hits.distance2[at]
    last = counts == k  # nothing else is within reach
    gap[last, -1] = np.inf
    sure: NDArray[np.bool_] = full & (gap > hits.doubt[:, np.newaxis]).all(axis=1)
    return hits.row[at], sure


class ExactNeighbors(NearestNeighbors):  # type: ignore[misc]  # scikit-learn ships no types
    """``NearestNeighbors``, to be handed to imbalanced-learn.

    Returns what its parent returns. Only the question that imbalanced-learn asks, indices for given rows, is quicker.
    """

    def kneighbors(
        self, X: NDArray[np.floating] | None = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> Ints:
        data, k = self._fit_X, self.n_neighbors if n_neighbors is None else n_neighbors
        if X is not None and not return_distance and worth_it(len(data), data.shape[1], k, len(X)):
            blocks = build(data)
            if blocks is not None:
                return nearest(blocks, Reference(data, X, k))
        found: Ints = super().kneighbors(X, n_neighbors, return_distance)
        return found
