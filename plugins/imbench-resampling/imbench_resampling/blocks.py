"""Reference rows in small groups of near rows, so that most groups can be passed over unseen.

A group lies in a ball; by the triangle inequality none of its rows is nearer to a query than the query's distance to
the centre less the radius. Groups never mix classes, so a search may be told to look at some classes only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from imbench_resampling.points import Floats64, Frame, Ints, Points

__all__ = ["FAR", "Blocks", "arrange", "augmented_queries", "augmented_rows", "nearest_centre"]

#: Rows in a block, about: the matrix product is at full speed, and its result stays in the cache.
_ROWS = 256

#: Blocks are filled up to a multiple of this, so that minima over strided groups can be taken.
_GRAIN = 8

#: More centres cost more in assigning than they save.
_MOST_CENTRES = 2048

#: Numbers in the buffer of a product.
_BUFFER = 1 << 18

#: What fills a block up: so far away that nothing finds it.
_NOWHERE = np.float32(1e30)

#: No scaled squared distance between rows of a frame comes near to this.
FAR = 1e25


@dataclass(frozen=True)
class Blocks:
    """Rows sorted into b blocks.

    Attributes:
        frame: of the rows.
        points: the rows, in their own order.
        order: (m,) row of each place; -1 where a block is only filled up.
        rows: (m, d+1) float32 ``[z, w]``; with a query ``[-2z, 1]`` the product is a lower bound (`augmented_queries`).
        edges: (b+1,) where blocks begin.
        group: (b,) class of each block.
        centres: (b, d+1) float32 in the same form.
        radius: (b,) of the ball in scaled units, rounding included.
        slack: (b,) what turns the lower bound of a row in the block into an upper one, in scaled units.
    """

    frame: Frame
    points: Points
    order: Ints
    rows: torch.Tensor
    edges: Ints
    group: Ints
    centres: torch.Tensor
    radius: Floats64
    slack: Floats64

    def __len__(self) -> int:
        return len(self.group)


def augmented_queries(queries: Points) -> torch.Tensor:
    """(q, d+1) float32 ``[-2z, 1]``: times a row ``[z, w]`` it gives the squared distance less ``|z_q|²``."""
    made = np.empty((len(queries.z), queries.z.shape[1] + 1), dtype=np.float32)
    np.multiply(queries.z, -2.0, out=made[:, :-1])
    made[:, -1] = 1.0
    return torch.from_numpy(made)


def augmented_rows(frame: Frame, points: Points, order: Ints) -> torch.Tensor:
    """(m, d+1) float32 ``[z, w]`` for the rows in this order, (m,); -1 stands for one that nothing finds.

    Times a query ``[-2z, 1]`` it gives a lower bound of the squared distance, to the reference too, less ``|z_q|²``.
    """
    real = order >= 0
    rows = np.zeros((len(order), points.z.shape[1] + 1), dtype=np.float32)
    rows[real, :-1] = points.z[order[real]]
    weight = points.z2 * (1 - frame.eps32) - frame.eps64 * points.raw2 * frame.scale**2 - frame.tiny
    rows[:, -1] = _NOWHERE
    rows[real, -1] = np.nextafter(weight[order[real]].astype(np.float32), np.float32(-np.inf))
    return torch.from_numpy(rows)


def arrange(frame: Frame, points: Points, group: Ints) -> Blocks:
    """Sort rows into blocks of near rows of one class.

    The result of a search does not depend on how they are sorted; its speed does.

    Args:
        frame: of the rows.
        points: n rows.
        group: (n,) class of each row.
    """
    pieces: list[Ints] = []
    owner: list[int] = []
    for code in np.unique(group):
        of_class = np.flatnonzero(group == code)
        made = _clusters(points.z[of_class])
        pieces.extend(of_class[piece] for piece in made)
        owner.extend([int(code)] * len(made))
    widths = np.array([-(-len(piece) // _GRAIN) * _GRAIN for piece in pieces])
    edges = np.concatenate([[0], np.cumsum(widths)])
    order = np.full(int(edges[-1]), -1, dtype=np.int64)
    for piece, start in zip(pieces, edges[:-1], strict=True):
        order[start : start + len(piece)] = piece
    raw2 = points.raw2 * frame.scale**2
    centres, radius = _balls(frame, points, pieces, raw2)
    longest = np.array([points.z2[piece].max() for piece in pieces])
    rawest = np.array([raw2[piece].max() for piece in pieces])
    slack = 2 * frame.eps32 * longest + 2 * frame.eps64 * rawest + 2 * frame.tiny
    rows = augmented_rows(frame, points, order)
    return Blocks(frame, points, order, rows, edges, np.array(owner), torch.from_numpy(centres), radius, slack)


def _clusters(z: NDArray[np.float32]) -> list[Ints]:
    """Rows of one class cut into pieces of near rows: a few steps of k-means, large clusters cut up."""
    count = min(-(-len(z) // _ROWS), _MOST_CENTRES)
    if count < 2:
        return [np.arange(len(z))]
    rng = np.random.default_rng(0)  # decides speed, never the outcome
    sample = z[rng.choice(len(z), size=min(len(z), 24 * count), replace=False)]
    centres = sample[:count].copy()
    for _ in range(3):
        owner = nearest_centre(sample, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, owner, sample)
        sizes = np.bincount(owner, minlength=count)
        centres[sizes > 0] = sums[sizes > 0] / sizes[sizes > 0, np.newaxis].astype(np.float32)
    owner = nearest_centre(z, centres)
    order = np.argsort(owner, kind="stable")
    pieces: list[Ints] = []
    for piece in np.split(order, np.cumsum(np.bincount(owner, minlength=count))[:-1]):
        if len(piece):
            pieces.extend(np.array_split(piece, -(-len(piece) // (2 * _ROWS))))
    return pieces


def nearest_centre(z: NDArray[np.float32], centres: NDArray[np.float32]) -> Ints:
    """(n,) index of the centre next to each row, nearly: rounding does not matter here."""
    owner = np.empty(len(z), dtype=np.int64)
    lengths = np.einsum("ij,ij->i", centres, centres)
    right = torch.from_numpy(np.vstack([centres.T * -2, lengths]))
    # one buffer for all products, and small enough for the cache: fresh memory would cost as much as the product
    step = max(1, min(len(z), max(64, _BUFFER // len(centres))))
    left, away = torch.ones(step, z.shape[1] + 1), torch.empty(step, len(centres))
    for a in range(0, len(z), step):
        n = min(step, len(z) - a)
        left[:n, :-1] = torch.from_numpy(z[a : a + n])
        torch.mm(left[:n], right, out=away[:n])
        owner[a : a + n] = away[:n].numpy().argmin(axis=1)
    return owner


def _balls(frame: Frame, points: Points, pieces: list[Ints], raw2: Floats64) -> tuple[NDArray[np.float32], Floats64]:
    """Centre of each piece in product form, (b, d+1), and a radius that holds every row with its rounding, (b,)."""
    centres = np.empty((len(pieces), points.z.shape[1] + 1), dtype=np.float32)
    radius = np.empty(len(pieces))
    for at, piece in enumerate(pieces):
        z = points.z[piece].astype(np.float64)
        middle = z.mean(axis=0).astype(np.float32)
        length2 = float(np.square(middle, dtype=np.float64).sum())
        centres[at, :-1] = middle
        centres[at, -1] = np.nextafter(np.float32(length2 * (1 - frame.eps32) - frame.tiny), np.float32(-np.inf))
        reach = np.sqrt(np.square(z - middle).sum(axis=1).max())
        rounding = frame.eps32 * np.sqrt(points.z2[piece].max()) + np.sqrt(frame.eps64 * raw2[piece].max())
        radius[at] = reach * (1 + 1e-6) + rounding + np.sqrt(frame.tiny)
    return centres, radius
