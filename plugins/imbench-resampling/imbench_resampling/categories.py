"""One-hot columns as one column of codes for each category, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbench import TrainView
from imbench_resampling.common import Floats
from imbench_resampling.points import Ints

__all__ = ["Columns"]


@dataclass(frozen=True)
class Columns:
    """Which columns of a view hold what.

    Attributes:
        width: columns in all.
        numbers: (p,) numeric columns.
        categories: the one-hot columns of each category; the indicator of missing values is a category of one column.
    """

    width: int
    numbers: Ints
    categories: tuple[Ints, ...]

    @classmethod
    def of(cls, view: TrainView) -> Columns:
        """The columns of a view, by its ``categorical`` and ``variable``."""
        owners = np.unique(view.variable[view.categorical])
        return cls(
            view.x.shape[1],
            np.flatnonzero(~view.categorical),
            tuple(np.flatnonzero(view.categorical & (view.variable == owner)) for owner in owners),
        )

    def codes(self, x: Floats) -> Ints:
        """(n, categories): which column of its block is hot in a row; the width of the block where none is."""
        made = np.empty((len(x), len(self.categories)), dtype=np.int64)
        for at, block in enumerate(self.categories):
            hot = x[:, block] > 0.5
            made[:, at] = np.where(hot.any(axis=1), hot.argmax(axis=1), len(block))
        return made

    def join(self, numbers: Floats, codes: Ints) -> Floats:
        """(n, width) float32 rows from (n, p) numbers and (n, categories) codes."""
        x = np.zeros((len(codes), self.width), dtype=np.float32)
        x[:, self.numbers] = numbers
        for at, block in enumerate(self.categories):
            rows = np.flatnonzero(codes[:, at] < len(block))
            x[rows, block[codes[rows, at]]] = 1.0
        return x
