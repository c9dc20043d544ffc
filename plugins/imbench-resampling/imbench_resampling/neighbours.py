"""Nearest neighbours equal to scikit-learn's, bit for bit, found with less work.

`neighbours` answers for any rows. It searches in float32 with bounds (`search` for many queries, `scan` for few),
orders the few rows found by their float64 distances, and where two of them are too close to call asks scikit-learn
itself (`reference`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from imbench_resampling.blocks import Blocks, arrange, nearest_centre
from imbench_resampling.points import Frame, Ints, Points
from imbench_resampling.reference import Reference, is_brute
from imbench_resampling.scan import lots, scan, table
from imbench_resampling.search import BATCH, Hits, reach, within

__all__ = [
    "PAIRS", "QUERIES", "TREE_IS_FINE", "batches", "build", "nearest", "neighbours", "scan_pays",
    "worth_it",
]  # fmt: skip

#: Fewer pairs of rows than this scikit-learn compares before our own preparation is through (measured).
PAIRS = 6e6

#: For fewer queries, sorting all rows into blocks costs more than it saves (measured).
QUERIES = 2000

#: Over fewer features a k-d tree is fast as it is (measured).
TREE_IS_FINE = 8


def worth_it(rows: int, features: int, k: int, asked: int) -> bool:
    """Whether a search of our own pays against scikit-learn's for ``asked`` queries, by size."""
    return asked >= QUERIES and rows * asked >= PAIRS and _tree_is_slow(rows, features, k)


def scan_pays(rows: int, features: int, k: int, asked: int) -> bool:
    """Whether a scan pays against scikit-learn's search and against blocks, by size (all measured)."""
    enough = asked >= 200 and rows * asked >= 4e6
    # each neighbour wanted leaves a group of rows to be measured
    return enough and asked < 10_000 and k <= min(32, rows // 400) and _tree_is_slow(rows, features, k)


def _tree_is_slow(rows: int, features: int, k: int) -> bool:
    return is_brute(rows, features, k) or features >= TREE_IS_FINE


def neighbours(x: NDArray[np.floating], queries: NDArray[np.floating], k: int) -> Ints:
    """``NearestNeighbors(n_neighbors=k).fit(x).kneighbors(queries)``: (q, k) row indices, nearest first.

    Args:
        x: (n, d) rows, finite.
        queries: (q, d) what is asked about.
        k: at most n.
    """
    reference = Reference(np.ascontiguousarray(x), queries, k)
    n, d = x.shape
    asked = len(queries)
    if scan_pays(n, d, k, asked):
        return _scanned(reference)
    blocks = build(reference.x) if worth_it(n, d, k, asked) else None
    return reference.neighbours(np.arange(asked)) if blocks is None else nearest(blocks, reference)


def _scanned(reference: Reference) -> Ints:
    """What the reference returns for all its queries, by `scan`."""
    everything = np.arange(len(reference.queries))
    frame = Frame.around(reference.x)
    if frame is None:
        return reference.neighbours(everything)
    rows, queries = table(frame, reference.x), frame.points(reference.queries)
    return _settled(
        reference,
        everything,
        lots(rows, len(everything)),
        lambda lot: scan(rows, queries.take(lot), reference.k),
    )


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

    def look(lot: Ints) -> Hits:
        some = queries.take(lot)
        return within(blocks, some, reach(blocks, some, reference.k, everywhere), everywhere)

    return _settled(reference, positions, batches(blocks, queries), look)


def _settled(reference: Reference, positions: Ints, split: Iterable[Ints], look: Callable[[Ints], Hits]) -> Ints:
    """(p, k) neighbours in the order of the reference, which is asked where the rows seen leave it open.

    Args:
        reference: the call to equal.
        positions: (p,) of ``reference.queries``.
        split: these in lots, as indices into ``positions``; the first is a probe.
        look: the rows near each query of a lot.
    """
    found = np.zeros((len(positions), reference.k), dtype=np.int64)
    sure = np.zeros(len(positions), dtype=bool)
    for at, lot in enumerate(split):
        found[lot], sure[lot] = _ordered(look(lot), reference.k)
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
