"""A column as the protocol reads it: numbers (missing is NaN) or categories (missing is code -1).

What a column is follows from its type alone, as a file reader would tell it; nothing here is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from imbench.errors import UsageError

__all__ = ["Categories", "Numbers", "read_column"]

#: A text column is an identifier if it has more distinct values than this …
IDENTIFIER_VALUES = 1000
#: … and more than this share of its values are distinct.
IDENTIFIER_SHARE = 0.5

_NUMBERS_IN_OBJECTS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
_DATES_IN_OBJECTS = ("date", "datetime", "datetime64")
_SPANS_IN_OBJECTS = ("timedelta", "timedelta64")


@dataclass(frozen=True, eq=False)
class Numbers:
    """A numeric column: (rows,) float64, NaN where the value is missing or infinite."""

    values: NDArray[np.float64]

    @property
    def codes(self) -> NDArray[np.int64]:
        """(rows,) a code for each distinct value, -1 where missing."""
        return np.asarray(pd.factorize(self.values)[0], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of categories: (rows,) codes, in the order of the values' texts, -1 where missing; and how many."""

    codes: NDArray[np.int64]
    size: int

    def identifies(self, rows: NDArray[np.int64] | slice) -> bool:
        """Whether the rows name themselves: over 1000 distinct values, and over half of the values distinct."""
        present = self.codes[rows]
        present = present[present >= 0]
        distinct = len(np.unique(present))
        return distinct > IDENTIFIER_VALUES and distinct > IDENTIFIER_SHARE * len(present)


def read_column(column: pd.Series) -> Numbers | Categories:
    """Numbers, booleans, dates and durations become numbers; strings, categories and mixed values categories.

    Raises:
        UsageError: the column holds complex numbers.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _from_categorical(column)
    if types.is_complex_dtype(dtype):
        raise UsageError(f"column {column.name!r}: expected real numbers, got complex ones: split it into two columns")
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype):
        return _finite(column.to_numpy(dtype=np.float64, na_value=np.nan))
    held = types.infer_dtype(column, skipna=True) if types.is_object_dtype(dtype) else ""
    if held in _NUMBERS_IN_OBJECTS:
        return _finite(np.array([_to_float(value) for value in column], dtype=np.float64))
    if types.is_datetime64_any_dtype(dtype) or held in _DATES_IN_OBJECTS:
        moments = pd.to_datetime(column, errors="coerce", utc=True)
        return _from_times(moments.dt.tz_localize(None).to_numpy())
    if types.is_timedelta64_dtype(dtype) or held in _SPANS_IN_OBJECTS:
        return _from_times(pd.to_timedelta(column, errors="coerce").to_numpy())
    return _from_texts(column)


def _finite(values: NDArray[np.float64]) -> Numbers:
    return Numbers(np.where(np.isfinite(values), values, np.nan))


def _to_float(value: object) -> float:
    """The value as a float, NaN if it is missing or beyond float64."""
    try:
        return float(value)  # type: ignore[arg-type]  # whatever the file held; what is no number is missing
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _from_times(times: NDArray[np.datetime64] | NDArray[np.timedelta64]) -> Numbers:
    """Moments and durations as counts of their own unit; the unit is scaled away later."""
    return Numbers(np.where(np.isnat(times), np.nan, times.view(np.int64).astype(np.float64)))


def _from_categorical(column: pd.Series) -> Categories:
    texts = np.array([str(value) for value in column.cat.categories], dtype=object)
    by_text, distinct = pd.factorize(texts, sort=True)
    own = column.cat.codes.to_numpy()
    return Categories(np.append(by_text, -1)[own].astype(np.int64), len(distinct))


def _from_texts(column: pd.Series) -> Categories:
    """Codes by the text of each value, so that mixed and unhashable values have an order too."""
    missing = column.isna().to_numpy(dtype=bool)
    values = column.to_numpy(dtype=object)
    if types.infer_dtype(values, skipna=True) != "string":
        values = np.array([str(value) for value in values], dtype=object)
    values = np.where(missing, None, values)  # type: ignore[call-overload]  # the stubs know no None
    codes, distinct = pd.factorize(values, sort=True)
    return Categories(np.asarray(codes, dtype=np.int64), len(distinct))
