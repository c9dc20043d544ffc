"""Edited nearest neighbours as imbalanced-learn computes them, from few of the rows.

A row stays if its k nearest neighbours are of its class. That is so for certain, whatever their order, if k+1 rows of
its class (itself among them) are nearer than any row of another class. Most rows are like that, and to see it takes a
look around in the own class and one at the other classes within that distance. Only the others need their neighbours.
"""

from __future__ import annotations

import numpy as np
from imblearn.under_sampling import EditedNearestNeighbours
from numpy.typing import NDArray
from scipy.stats import mode

from imbench_resampling.blocks import Blocks
from imbench_resampling.common import Floats, Labels, fit_resample
from imbench_resampling.neighbours import build, worth_it
from imbench_resampling.points import Ints, Points
from imbench_resampling.reference import Reference
from imbench_resampling.search import BATCH, Hits, reach, reach_inside, within

__all__ = ["edited"]

#: Queries looked at first, to see whether a search of our own will help.
_PROBE = 256


def edited(x: Floats, y: Labels, k: int, kind_sel: str, strategy: str = "auto") -> Ints:
    """``EditedNearestNeighbours``: the indices of the rows it keeps, class by class.

    Args:
        x: (n, d) rows.
        y: (n,) their classes, at least two.
        k: neighbours that vote, without the row itself.
        kind_sel: a row stays if "all", or most ("mode"), are of its class.
        strategy: "auto" spares the smallest class, "all" none.
    """
    codes, sizes = np.unique(y, return_counts=True)
    blocks = build(x, y) if worth_it(len(x), x.shape[1], k + 1, len(x)) else None
    if blocks is None:
        sampler = EditedNearestNeighbours(sampling_strategy=strategy, n_neighbors=k, kind_sel=kind_sel)
        fit_resample(sampler, x, y)
        chosen: Ints = sampler.sample_indices_
        return chosen
    kept = []
    for code in codes:
        rows = np.flatnonzero(y == code)
        spared = strategy == "auto" and code == codes[sizes.argmin()]
        kept.append(rows if spared else rows[_agreed(blocks, Reference(x, x[rows], k + 1), y, int(code), kind_sel)])
    return np.concatenate(kept)


def _agreed(blocks: Blocks, reference: Reference, y: Labels, code: int, kind_sel: str) -> NDArray[np.bool_]:
    """(q,) whether the neighbours of each query agree with it; the queries are the rows of class ``code``, in order."""
    queries = blocks.points.take(np.flatnonzero(y == code))
    agrees = np.zeros(len(queries.z), dtype=bool)
    sure = np.zeros(len(queries.z), dtype=bool)

    def judge(lot: Ints) -> None:
        agrees[lot], sure[lot] = _judged(blocks, queries.take(lot), reference.k, y, code, kind_sel)

    probe = np.unique(np.linspace(0, len(sure) - 1, min(len(sure), _PROBE)).astype(np.int64))
    judge(probe)
    if not reference.hopeless((~sure[probe]).mean(), len(sure)):
        order = _by_block(blocks, y, code)
        if agrees[probe].mean() > 0.5:  # else a quick look would be wasted on most
            clear = _clear(blocks, queries, order, reference.k, y, code)
            agrees[clear] = sure[clear] = True
        # what is left, in few calls: each one goes through all blocks
        left = order[~sure[order]]
        for a in range(0, len(left), BATCH):
            judge(left[a : a + BATCH])
    unsure = np.flatnonzero(~sure)
    if len(unsure):
        agrees[unsure] = _vote(y[reference.neighbours(unsure)[:, 1:]], code, kind_sel)
    return agrees


def _by_block(blocks: Blocks, y: Labels, code: int) -> Ints:
    """(q,) the positions of the rows of class ``code`` among themselves, block by block: near ones together."""
    order = blocks.order[np.repeat(blocks.group == code, np.diff(blocks.edges))]
    positions: Ints = np.searchsorted(np.flatnonzero(y == code), order[order >= 0])
    return positions


def _clear(blocks: Blocks, queries: Points, order: Ints, k: int, y: Labels, code: int) -> NDArray[np.bool_]:
    """(q,) whether k rows of its class are seen at once to be nearer to a query than any other row: true of most.

    All rows of a block look at the same blocks around it (`reach_inside`).
    """
    own = blocks.group == code
    limit = reach_inside(blocks, k, own)[y == code]
    clear = np.zeros(len(limit), dtype=bool)
    for a in range(0, len(order), BATCH):
        lot = order[a : a + BATCH]
        rivals = within(blocks, queries.take(lot), limit[lot], ~own)
        clear[lot] = ~rivals.crowded & (np.diff(rivals.edges) == 0)
    return clear


def _vote(labels: Labels, code: int, kind_sel: str) -> NDArray[np.bool_]:
    """(q,) whether neighbours with these labels, (q, k), agree with ``code``; the smallest label wins a tie."""
    if kind_sel == "all":
        return np.asarray((labels == code).all(axis=1))
    return np.asarray(mode(labels, axis=1, keepdims=False)[0] == code)


def _judged(
    blocks: Blocks, queries: Points, k: int, y: Labels, code: int, kind_sel: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(q,) whether a query stays, and (q,) whether that is certain. ``k`` counts the query itself."""
    own = blocks.group == code
    limit = reach(blocks, queries, k, own)
    rivals = within(blocks, queries, limit, ~own)
    agrees = ~rivals.crowded & (np.diff(rivals.edges) == 0)
    sure = agrees.copy()
    open_ = np.flatnonzero(~agrees & ~rivals.crowded)
    if len(open_):
        some = queries.take(open_)
        hits = within(blocks, some, limit[open_], np.ones(len(blocks), dtype=bool))
        agrees[open_], sure[open_] = _counted(hits, k, y, code, kind_sel)
    return agrees, sure


def _counted(hits: Hits, k: int, y: Labels, code: int, kind_sel: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """As `_judged`, from all rows within reach: certain where no tie that may fall either way matters."""
    counts = np.diff(hits.edges)
    start = hits.edges[:-1]
    full = counts >= k
    kth = np.full(len(counts), np.inf)
    kth[full] = hits.distance2[start[full] + k - 1]
    query = np.repeat(np.arange(len(counts)), counts)
    other = y[hits.row] != code
    may = hits.distance2 <= (kth + hits.doubt)[query]
    nearest2 = np.full(len(counts), np.inf)
    nearest2[full] = hits.distance2[start[full]]
    first = hits.distance2 <= (nearest2 + hits.doubt)[query]  # may be taken for the row itself
    # no row of another class may be among the k nearest
    clean = full & (np.bincount(query[may & other], minlength=len(counts)) == 0)
    # the k nearest are known as a set, and whichever is taken for the row itself is of its class
    known = full & (np.bincount(query[may], minlength=len(counts)) == k)
    known &= np.bincount(query[first & other], minlength=len(counts)) == 0
    agrees = clean.copy()
    open_ = np.flatnonzero(known & ~clean)
    if len(open_):
        labels = y[hits.row[start[open_][:, np.newaxis] + np.arange(k)]]
        agrees[open_] = _vote(labels[:, 1:], code, kind_sel)
    return agrees, clean | known
