"""Every row that the reference could count among the nearest of a query, from one pass over rows as they lie.

Sorting rows into balls (`blocks`) pays where many queries share it. For a few, one float32 product of all pairs is
sooner through: of each group of rows only the smallest distance is kept. The k-th smallest of these bounds the distance
within which k rows lie for sure, and only groups that come as near are measured in float64. What is returned
keeps the promise of `search.within`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from imbench_resampling.blocks import FAR, augmented_queries, augmented_rows
from imbench_resampling.points import Floats64, Frame, Ints, Points
from imbench_resampling.search import Hits, measured, round_up

__all__ = ["Table", "lots", "scan", "table"]

#: Rows of one product: with 512 queries its result stays in the cache.
_BLOCK = 1024

#: Rows in a group. A group is strided through its block, so that the minima of all its groups are taken at once.
_GROUP = 16

#: Groups in a block.
_STRIDE = _BLOCK // _GROUP

#: More groups than this within reach of a query, beyond twice the least that there can be: ties, it is given up.
_CROWD = 64

#: Queries in the first lot.
_PROBE = 64

#: Numbers kept of one lot, about.
_MINIMA = 1 << 22


@dataclass(frozen=True)
class Table:
    """Rows ready to be scanned, filled up to whole blocks.

    Attributes:
        frame: of the rows.
        points: n rows, in their own order.
        rows: (m, d+1) float32 ``[z, w]`` (`blocks.augmented_rows`).
        slack: (m / `_GROUP`,) float32, what turns the lower bound of a row in the group into an upper one.
    """

    frame: Frame
    points: Points
    rows: torch.Tensor
    slack: torch.Tensor


def table(frame: Frame, x: NDArray[np.floating]) -> Table:
    """The rows x, (n, d), as a table."""
    points = frame.points(x)
    size = -(-len(x) // _BLOCK) * _BLOCK
    order = np.full(size, -1, dtype=np.int64)
    order[: len(x)] = np.arange(len(x))
    lengths = np.zeros((2, size))
    lengths[0, : len(x)], lengths[1, : len(x)] = points.z2, points.raw2 * frame.scale**2
    longest, rawest = lengths.reshape(2, -1, _GROUP, _STRIDE).max(axis=2).reshape(2, -1)
    slack = round_up(2 * frame.eps32 * longest + 2 * frame.eps64 * rawest + 2 * frame.tiny)
    return Table(frame, points, augmented_rows(frame, points, order), torch.from_numpy(slack))


def scan(found_in: Table, queries: Points, k: int) -> Hits:
    """All rows that the reference may count among the k nearest of each query, and others.

    Args:
        found_in: the rows.
        queries: q rows in the same frame.
        k: ≥ 1; with fewer groups than that, every query is given up.
    """
    frame = found_in.frame
    if k > len(found_in.slack):
        nobody = np.empty(0, dtype=np.int64)
        return measured(frame, found_in.points, queries, nobody, nobody, np.ones(len(queries.z), dtype=bool))
    left = augmented_queries(queries)
    low = _minima(found_in, left)
    raw2 = queries.raw2 * frame.scale**2
    kth = _up((low + found_in.slack).topk(k, largest=False, sorted=False).values.amax(dim=1))
    reach2 = kth + queries.z2 * (1 + frame.eps32) + frame.eps64 * raw2
    endless = kth > FAR
    limit = round_up(reach2 - queries.z2 * (1 - frame.eps32) + frame.eps64 * raw2)
    limit[endless] = -np.inf
    query, group = np.divmod(np.flatnonzero(low.numpy() <= limit[:, np.newaxis]), low.shape[1])
    crowded = endless | (np.bincount(query, minlength=len(limit)) > 2 * k + _CROWD)
    live = ~crowded[query]
    query, row = _within(found_in, left, limit, query[live], group[live])
    return measured(frame, found_in.points, queries, query, row, crowded)


def _within(
    found_in: Table, left: torch.Tensor, limit: NDArray[np.float32], query: Ints, group: Ints
) -> tuple[Ints, Ints]:
    """The pairs of a query and a row of the groups that come within its limit, in float32 again."""
    block, first = np.divmod(group, _STRIDE)
    place = (block * _BLOCK + first)[:, np.newaxis] + _STRIDE * np.arange(_GROUP)
    members = found_in.rows.index_select(0, torch.from_numpy(place.ravel())).view(*place.shape, left.shape[1])
    low = torch.bmm(members, left[torch.from_numpy(query)][:, :, None])[:, :, 0].numpy()
    pair, member = np.nonzero(low <= limit[query, np.newaxis])
    return query[pair], place[pair, member]


def lots(found_in: Table, asked: int) -> Iterator[Ints]:
    """Positions of queries in lots that bound memory; the first lot is a small sample of all, as a probe."""
    probe = np.unique(np.linspace(0, asked - 1, min(asked, _PROBE)).astype(np.int64))
    yield probe
    rest = np.setdiff1d(np.arange(asked), probe, assume_unique=True)
    step = max(_PROBE, min(512, _MINIMA // len(found_in.slack)))
    for a in range(0, len(rest), step):
        yield rest[a : a + step]


def _up(values: torch.Tensor) -> Floats64:
    """Float64, above what the float32 sum behind the value may have been rounded down from."""
    above: Floats64 = np.nextafter(values.numpy(), np.float32(np.inf)).astype(np.float64)
    return above


def _minima(found_in: Table, left: torch.Tensor) -> torch.Tensor:
    """(q, groups) the smallest lower bound in each group: squared distance less the squared length of the query."""
    low = torch.empty(len(left), len(found_in.slack))
    buffer = torch.empty(len(left), _BLOCK)
    for at in range(len(found_in.rows) // _BLOCK):
        torch.mm(left, found_in.rows[at * _BLOCK : (at + 1) * _BLOCK].T, out=buffer)
        low[:, at * _STRIDE : (at + 1) * _STRIDE] = buffer.view(len(left), _GROUP, _STRIDE).amin(dim=1)
    return low
