"""Every row that the reference could count among the nearest of a query, and no more than a few others.

Two passes over `Blocks`. The first (`reach`) measures a query against the blocks around it and gives a distance within
which k rows lie for sure; for rows that are themselves in blocks, `reach_inside` does so a block at a time. The second
(`within`) returns all rows that may lie within that distance: blocks whose ball is too far are passed over, the others
cost one float32 product and one minimum. What is returned is measured again in float64. Whatever is *not* returned is
farther than the k-th neighbour in the reference's own rounded arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from imbench_resampling.blocks import FAR, Blocks, augmented_queries
from imbench_resampling.points import Floats64, Frame, Ints, Points

__all__ = ["BATCH", "Hits", "measured", "reach", "reach_inside", "round_up", "within"]

#: Queries looked at together: bounds memory.
BATCH = 4096

#: A query with more rows than this within reach is given up (ties by the hundred); the caller asks the reference.
_CROWD = 256

#: Blocks around a query that the first pass looks at.
_AROUND = 3

_GRAIN = 8


@dataclass(frozen=True)
class Hits:
    """Rows near each of q queries, nearest first.

    Attributes:
        edges: (q+1,) where the rows of a query begin.
        row: (h,) index of the row.
        distance2: (h,) squared distance, in float64 from the rows as given.
        doubt: (q,) two squared distances of a query that differ by more than this are in the reference's order too.
        crowded: (q,) the query was given up, and has no rows.
    """

    edges: Ints
    row: Ints
    distance2: Floats64
    doubt: Floats64
    crowded: NDArray[np.bool_]


def reach(blocks: Blocks, queries: Points, k: int, looked_at: NDArray[np.bool_]) -> Floats64:
    """(q,) scaled squared distance within which, for the reference too, k rows of the blocks looked at lie.

    Args:
        blocks: of the rows.
        queries: in the frame of the blocks.
        k: ≥ 1; infinite where the blocks around a query have fewer rows.
        looked_at: (b,) the blocks that count.
    """
    frame = blocks.frame
    allowed = np.flatnonzero(looked_at)
    around = min(_AROUND, len(allowed))
    left = augmented_queries(queries)
    away = torch.mm(left, blocks.centres[torch.from_numpy(allowed)].T).numpy()
    chosen = np.empty((len(left), around), dtype=np.int64)
    every = np.arange(len(left))
    for slot in range(around):
        chosen[:, slot] = away.argmin(axis=1)
        away[every, chosen[:, slot]] = np.inf
    best = np.full((len(left) * around, k), np.inf)
    flat = chosen.ravel()
    order = np.argsort(flat, kind="stable")
    ends = np.cumsum(np.bincount(flat, minlength=len(allowed)))
    for at, block in enumerate(allowed):
        mine = order[ends[at - 1] if at else 0 : ends[at]]
        if len(mine):
            low = _smallest(left[torch.from_numpy(mine // around)], _rows(blocks, int(block)), k)
            best[mine, : low.shape[1]] = low + blocks.slack[block]
    return _kth(frame, queries, best.reshape(len(left), around * k), k)


def reach_inside(blocks: Blocks, k: int, looked_at: NDArray[np.bool_]) -> Floats64:
    """As `reach`, for the rows of the blocks looked at, all rows of a block against the same blocks around it.

    The distances are somewhat longer than those of `reach`, and cost products of whole blocks, not many small ones.

    Args:
        blocks: of the rows.
        k: ≥ 1, the row itself counted.
        looked_at: (b,) the blocks that count.

    Returns:
        (n,) by row of the points; infinite for rows of other blocks.
    """
    found = np.full(len(blocks.points.z), np.inf)
    allowed = np.flatnonzero(looked_at)
    centres = blocks.centres[torch.from_numpy(allowed)]
    middles = centres * -2
    middles[:, -1] = 1
    for at, block in enumerate(allowed):
        rows = blocks.order[int(blocks.edges[block]) : int(blocks.edges[block + 1])]
        queries = blocks.points.take(rows[rows >= 0])
        left = augmented_queries(queries)
        away = torch.mv(centres, middles[at])
        near = allowed[away.topk(min(_AROUND, len(allowed)), largest=False, sorted=False).indices.numpy()]
        bounds = [_smallest(left, _rows(blocks, int(other)), k) + blocks.slack[other] for other in near]
        if sum(bound.shape[1] for bound in bounds) >= k:
            found[rows[rows >= 0]] = _kth(blocks.frame, queries, np.concatenate(bounds, axis=1), k)
    return found


def _kth(frame: Frame, queries: Points, bounds: Floats64, k: int) -> Floats64:
    """(q,) the k-th smallest of (q, ≥k) upper bounds less ``|z_q|²``, as a squared distance that includes rounding."""
    bounds.partition(k - 1, axis=1)
    raw2 = queries.raw2 * frame.scale**2
    found: Floats64 = bounds[:, k - 1] + queries.z2 * (1 + frame.eps32) + frame.eps64 * raw2
    found[found > FAR] = np.inf
    return found


def _rows(blocks: Blocks, block: int) -> torch.Tensor:
    return blocks.rows[int(blocks.edges[block]) : int(blocks.edges[block + 1])]


def _smallest(left: torch.Tensor, rows: torch.Tensor, k: int) -> NDArray[np.float32]:
    """(q, ≤k) products that are an upper bound of the k smallest: of groups' minima where there are enough groups."""
    low = torch.mm(left, rows.T)
    groups = low.shape[1] // _GRAIN
    if groups >= 2 * k:
        low = low.view(len(left), _GRAIN, groups).amin(dim=1)
    return low.topk(min(k, low.shape[1]), largest=False, sorted=False).values.numpy()


def within(blocks: Blocks, queries: Points, reach2: Floats64, looked_at: NDArray[np.bool_]) -> Hits:
    """All rows that the reference may see within reach of each query.

    Args:
        blocks: of the rows.
        queries: q ≤ `BATCH` rows in the frame of the blocks.
        reach2: (q,) scaled squared distance (`reach`).
        looked_at: (b,) the blocks to search.
    """
    frame = blocks.frame
    raw2 = queries.raw2 * frame.scale**2
    endless = ~np.isfinite(reach2)
    reach2 = np.where(endless, -1.0, reach2)
    limit = round_up(reach2 - queries.z2 * (1 - frame.eps32) + frame.eps64 * raw2)
    left = augmented_queries(queries)
    allowed = np.flatnonzero(looked_at)
    near = _balls_in_reach(blocks, queries, left, reach2, allowed)
    near[:, endless] = False
    buffer = torch.empty(len(left) * int(np.diff(blocks.edges).max()))
    counts = np.zeros(len(left), dtype=np.int64)
    found_q: list[Ints] = []
    found_r: list[Ints] = []
    for at, block in enumerate(allowed):
        mine = np.flatnonzero(near[at])
        if not len(mine):
            continue
        low = _product(
            left if len(mine) == len(left) else left[torch.from_numpy(mine)], _rows(blocks, int(block)), buffer
        )
        live = np.flatnonzero(low.amin(dim=1).numpy() <= limit[mine])
        if not len(live):
            continue
        mine = mine[live]
        q, place = np.nonzero(low[torch.from_numpy(live)].numpy() <= limit[mine, np.newaxis])
        found_q.append(mine[q])
        found_r.append(blocks.order[int(blocks.edges[block]) + place])
        counts += np.bincount(mine[q], minlength=len(counts))
        limit[counts > _CROWD] = -np.inf
    crowded = (counts > _CROWD) | endless
    return measured(frame, blocks.points, queries, _joined(found_q), _joined(found_r), crowded)


def _product(left: torch.Tensor, rows: torch.Tensor, buffer: torch.Tensor) -> torch.Tensor:
    """``left @ rows.T`` in memory that is there already: fresh memory costs as much as the product."""
    return torch.mm(left, rows.T, out=buffer[: len(left) * len(rows)].view(len(left), len(rows)))


def round_up(values: Floats64) -> NDArray[np.float32]:
    """Float32, never below the value."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))


def _balls_in_reach(
    blocks: Blocks, queries: Points, left: torch.Tensor, reach2: Floats64, allowed: Ints
) -> NDArray[np.bool_]:
    """(blocks, q) whether a row of the ball may be within reach: |query - centre| <= radius + reach."""
    frame = blocks.frame
    raw2 = queries.raw2 * frame.scale**2
    far = np.sqrt(np.maximum(reach2, 0)) * (1 + 1e-6) + frame.eps32 * np.sqrt(queries.z2) + np.sqrt(frame.eps64 * raw2)
    shift = torch.from_numpy((queries.z2 * (1 - frame.eps32)).astype(np.float32))
    away = torch.mm(blocks.centres[torch.from_numpy(allowed)], left.T).add_(shift).clamp_(min=0).sqrt_()
    away.sub_(torch.from_numpy(round_up(blocks.radius[allowed] * (1 + 1e-6)))[:, None])
    near: NDArray[np.bool_] = away.numpy() <= round_up(far)
    return near


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def measured(frame: Frame, points: Points, queries: Points, q: Ints, r: Ints, crowded: NDArray[np.bool_]) -> Hits:
    """Float64 distances of pairs, sorted by query and distance.

    Args:
        frame: of all rows.
        points: the rows that are found.
        queries: the rows that ask.
        q: (p,) query of each pair.
        r: (p,) row of each pair; -1 is dropped.
        crowded: whether a query was given up; its pairs are dropped.
    """
    kept = (r >= 0) & ~crowded[q]
    q, r = q[kept], r[kept]
    distance2 = np.empty(len(q))
    step = max(1, (1 << 20) // queries.x.shape[1])
    for a in range(0, len(q), step):
        gap = points.x[r[a : a + step]].astype(np.float64)
        gap -= queries.x[q[a : a + step]]
        distance2[a : a + step] = np.einsum("ij,ij->i", gap, gap)
    order = np.lexsort((distance2, q))
    r, distance2 = r[order], distance2[order]
    counts = np.bincount(q, minlength=len(crowded))
    edges = np.concatenate([[0], np.cumsum(counts)])
    longest = np.zeros(len(crowded))
    some = counts > 0
    longest[some] = np.maximum.reduceat(points.raw2[r], edges[:-1][some]) if some.any() else 0.0
    doubt = 2 * frame.eps64 * (queries.raw2 + longest)
    return Hits(edges, r, distance2, doubt, crowded)
