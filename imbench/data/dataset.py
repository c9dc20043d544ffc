"""Dataset: a loaded table with its labels, checked once at the door."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imbench.errors import UsageError

__all__ = ["Dataset"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A table in memory.

    Attributes:
        name: what the matrix calls it.
        features: (rows, columns) table: numbers, booleans, dates, strings or categories; missing values allowed.
        labels: (rows,) int64 class codes 0 … C-1. In a binary task 1 is the positive (by default the rarer) class.
        classes: the C class names, in code order.
        groups: (rows,) values that never straddle a split (patient, household), or None.
        time: (rows,) sortable values; if given, later rows are tested on models of earlier ones.
        test: (rows,) True where an official split says "test", or None.
        origin: sets with one origin count as one in the statistics.
        notes: how columns were read, where that is not obvious; told with every result.

    Raises:
        UsageError: lengths differ, fewer than two classes, labels out of range, duplicate column names.
    """

    name: str
    features: pd.DataFrame
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    groups: NDArray[np.object_] | None = None
    time: NDArray[np.generic] | None = None
    test: NDArray[np.bool_] | None = None
    origin: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = len(self.features)
        for what, array in (("labels", self.labels), ("groups", self.groups), ("time", self.time), ("test", self.test)):
            if array is not None and len(array) != rows:
                raise UsageError(f"dataset {self.name!r}: expected {rows} {what}, one a row, got {len(array)}")
        columns = self.features.columns
        if not columns.is_unique:
            twice = sorted({str(name) for name in columns[columns.duplicated()]})
            raise UsageError(f"dataset {self.name!r}: column name {twice[0]!r} occurs twice: rename or drop one")
        counts = self.counts
        if len(self.classes) < 2 or (counts > 0).sum() < 2:
            raise UsageError(f"dataset {self.name!r}: expected at least two classes in the target, got one")
        if len(counts) != len(self.classes) or (len(self.labels) and self.labels.min() < 0):
            raise UsageError(f"dataset {self.name!r}: labels do not match its {len(self.classes)} classes")

    @property
    def n_classes(self) -> int:
        """Number of classes C."""
        return len(self.classes)

    @property
    def task(self) -> str:
        """``binary`` or ``multiclass``."""
        return "binary" if self.n_classes == 2 else "multiclass"

    @property
    def counts(self) -> NDArray[np.int64]:
        """(C,) rows per class."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    @property
    def natural_ratio(self) -> float:
        """n_max / n_min over the whole set."""
        return float(self.counts.max() / max(self.counts.min(), 1))

    @cached_property
    def digest(self) -> str:
        """Hex sha256 of everything that can change a result: columns, values, labels, classes, groups, time, split."""
        state = hashlib.sha256()
        state.update(repr([(str(name), str(dtype)) for name, dtype in self.features.dtypes.items()]).encode())
        state.update(repr(self.classes).encode())
        for column in self.features.columns:
            state.update(_bytes_of(self.features[column]))
        state.update(np.ascontiguousarray(self.labels, dtype="<i8").tobytes())
        for extra in (self.groups, self.time, self.test):
            state.update(b"none" if extra is None else _bytes_of(pd.Series(extra)))
        return state.hexdigest()


def _bytes_of(column: pd.Series) -> bytes:
    """Bytes that depend on the values alone: numbers as little-endian float64, the rest as the text of each value."""
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype="<f8", na_value=np.nan).tobytes()
    return "\x1f".join("\x00" if pd.isna(value) else str(value) for value in column).encode()
