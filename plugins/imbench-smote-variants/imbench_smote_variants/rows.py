"""A table that a library returns → rows kept, by index, and rows made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench import Resampled, TrainView

__all__ = ["resampled"]


def resampled(view: TrainView, x: NDArray[Any], y: NDArray[Any], name: str, said: str = "") -> Resampled:
    """Find the training rows among returned ones; all others count as made.

    A returned row is a training row if its features (as float64) and its label are the same, bit for bit. One that
    comes back moved, rescaled or with another label is made.

    Args:
        view: the training rows.
        x: (m, d) returned features.
        y: (m,) returned labels.
        name: what returned them, for messages.
        said: what it said, for the note if nothing changed.

    Raises:
        ValueError: the table has another number of columns than the training rows, or none of a table's shape.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    n, d = view.x.shape
    if x.shape != (len(y), d):
        raise ValueError(f"{name}: expected rows of {d} features, got features {x.shape} and labels {y.shape}")
    at = _places(_keys(view.x, view.y), _keys(x, y))
    keep, new = at[at >= 0], at < 0
    if not new.any() and np.array_equal(np.sort(keep), np.arange(n)):
        # in order, so that a no-op trains on the same batches as no remedy at all
        return Resampled(keep=np.arange(n), note=f"no-op: {said or f'{name} returned the rows it was given'}")
    gone = n - len(np.unique(keep))
    note = f"{gone} of {n} training rows are not among those returned: removed, moved or relabelled" if gone else ""
    if not new.any():
        return Resampled(keep=keep, note=note)
    with np.errstate(over="ignore"):  # infinite rows are refused by imbench, with a reason
        made_x = x[new].astype(np.float32)
    return Resampled(keep=keep, made_x=made_x, made_y=y[new].astype(np.int64), note=note)


def _keys(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.void]:
    """(m,) the bytes of each row and its label; 0.0 is added because -0.0 equals 0.0 and has other bytes."""
    table = np.column_stack([x, y]).astype(np.float64) + 0.0
    return np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1])))[:, 0]


def _places(known: NDArray[np.void], asked: NDArray[np.void]) -> NDArray[np.int64]:
    """For each asked key its position among the known ones, or -1.

    Equal keys take turns, so that a table returned whole gives every position once.
    """
    codes = np.unique(np.concatenate([known, asked]), return_inverse=True)[1]
    first, second = codes[: len(known)], codes[len(known) :]
    order = np.argsort(first, kind="stable")
    start, stop = np.searchsorted(first[order], second, "left"), np.searchsorted(first[order], second, "right")
    by_code = np.argsort(second, kind="stable")
    turn = np.empty(len(second), dtype=np.int64)
    turn[by_code] = np.arange(len(second)) - np.searchsorted(second[by_code], second[by_code], "left")
    found = stop > start
    places = np.full(len(second), -1, dtype=np.int64)
    places[found] = order[start[found] + turn[found] % (stop - start)[found]]
    return places
