"""Block: a dataset at one ratio and one seed, split, thinned and preprocessed.

The part a worker may see (`TrainingData`) is a type of its own and holds no test label.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imbench.matrix.cell import Coordinates

__all__ = ["Block", "Floats", "Labels", "Realised", "TrainingData", "no_variables", "variables"]

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def no_variables() -> Labels:
    """Stands for "each column is a variable of its own" until the columns are known."""
    return np.empty(0, np.int64)


def variables(given: Labels, x: Floats) -> Labels:
    """(d,) the variable of each column of ``x`` (n, d): as given, or each its own. Raises ValueError on wrong sizes."""
    columns = x.shape[1]
    if len(given) not in (0, columns):
        raise ValueError(f"variable: expected one number for each of {columns} columns, got {len(given)}")
    return given if len(given) else np.arange(columns)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """What strategy code gets: training and validation data, and test rows without labels.

    The arrays are made read-only. In a worker, where they lie in memory that cannot be made writable again, the cells
    of a pack share them.

    Attributes:
        at: which dataset, ratio and seed (names of the random streams).
        x_train: (n, d) float32, preprocessed by what was fitted on these rows.
        y_train: (n,) int64 class codes.
        x_validation: (m, d) float32.
        y_validation: (m,) int64.
        x_test: (t, d) float32, handed to the predictor only after the fit.
        n_classes: C.
        categorical: (d,) True for columns that are one-hot or indicator columns.
        variable: (d,) int64, which variable a column belongs to: the one-hot columns of a category share a number.
            By default each column is a variable of its own.
        groups: (n,) int64 codes of the training rows' groups, or None.
    """

    at: Coordinates
    x_train: Floats
    y_train: Labels
    x_validation: Floats
    y_validation: Labels
    x_test: Floats
    n_classes: int
    categorical: NDArray[np.bool_]
    variable: Labels = field(default_factory=no_variables)
    groups: Labels | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable", variables(self.variable, self.x_train))
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    @property
    def task(self) -> str:
        """``binary`` or ``multiclass``."""
        return "binary" if self.n_classes == 2 else "multiclass"

    @property
    def counts(self) -> Labels:
        """(C,) training rows per class."""
        return np.bincount(self.y_train, minlength=self.n_classes).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Realised:
    """What the protocol really produced; stored with every result.

    Attributes:
        train: rows per class in the training part after thinning.
        validation: same for validation.
        test: same for test (natural prior).
        ratio: n_max / n_min of the training part after thinning.
        flags: reasons why the cell is left out of the ranking by default; empty if none.
        notes: what was left out on the way (columns, rows tied to a later part); empty if nothing.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    ratio: float
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Everything the parent knows of a block. ``y_test`` never leaves the parent."""

    data: TrainingData
    y_test: Labels
    realised: Realised
