"""Preprocessing: from a table to float32 matrices, fitted on the training rows that are left after thinning.

Written on numpy instead of a scikit-learn ColumnTransformer: that one refuses mixed-type and nullable columns, and
overflows on values near the end of float64. Where both work they agree (there is a test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats
from imbench.data.columns import Categories, Numbers, read_column
from imbench.data.dataset import Dataset
from imbench.data.split import Split
from imbench.errors import UsageError

__all__ = ["CLIP", "MAX_CATEGORIES", "Matrices", "preprocess"]

#: Standardised values are cut off at this many standard deviations.
CLIP = 10.0
#: Categories with a column of their own; the rest share one.
MAX_CATEGORIES = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrices:
    """The three parts as (rows, d) float32, always finite.

    Attributes:
        train: in the order of the split's training rows.
        validation: likewise.
        test: likewise.
        categorical: (d,) True for one-hot and missing-indicator columns.
        variable: (d,) which variable a column belongs to: the one-hot columns of a category share a number.
        notes: what was left out, for the reader of a result.
    """

    train: Floats
    validation: Floats
    test: Floats
    categorical: NDArray[np.bool_]
    variable: NDArray[np.int64]
    notes: tuple[str, ...] = ()


def preprocess(dataset: Dataset, parts: Split) -> Matrices:
    """Impute, standardise and clip numbers; one-hot encode categories; drop what says nothing.

    Raises:
        UsageError: no column is left.
    """
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    n_train = len(parts.train)
    encoded: list[_Encoded] = []
    identifiers: list[str] = []
    constant: list[str] = []
    for position, name in enumerate(dataset.features.columns):
        column = read_column(dataset.features.iloc[:, position])
        if isinstance(column, Categories) and column.identifies(slice(None)):
            identifiers.append(str(name))
            continue
        if isinstance(column, Numbers):
            made = _encode_numbers(column.values[rows], n_train)
        else:
            made = _encode_categories(column.codes[rows], column.size, n_train)
        encoded.append(made)
        if made.values.shape[1] == 0:
            constant.append(str(name))
    if len(identifiers) + len(constant) == dataset.features.shape[1]:
        raise UsageError(
            f"dataset {dataset.name!r}: expected at least one usable column, but each of the "
            f"{dataset.features.shape[1]} is constant or an identifier in training: add a column that varies"
        )
    values = np.concatenate([one.values for one in encoded], axis=1)
    train, validation, test = np.split(values, [n_train, n_train + len(parts.validation)])
    notes = [*_note("as identifiers (text, nearly all distinct)", identifiers), *_note("as constant", constant)]
    return Matrices(
        train=train,
        validation=validation,
        test=test,
        categorical=np.concatenate([one.categorical for one in encoded]),
        variable=_variables(encoded),
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Encoded:
    """What one column became: (rows, k) values and (k,) whether each is categorical; k = 0 if it was constant.

    ``one_hot``: the k columns are the categories of one variable; otherwise each is a variable of its own.
    """

    values: Floats
    categorical: NDArray[np.bool_]
    one_hot: bool = False


def _variables(encoded: Sequence[_Encoded]) -> NDArray[np.int64]:
    """(d,) number of the variable that each column belongs to, 0, 1, … in the order of the columns."""
    starts = [
        np.arange(one.values.shape[1]) == 0 if one.one_hot else np.ones(one.values.shape[1], dtype=bool)
        for one in encoded
    ]
    numbers: NDArray[np.int64] = np.cumsum(np.concatenate(starts), dtype=np.int64) - 1
    return numbers


def _encode_numbers(values: NDArray[np.float64], n_train: int) -> _Encoded:
    """Median imputation, standardisation, clipping; and an indicator column if training has missing values."""
    missing = np.isnan(values)
    seen = values[:n_train][~missing[:n_train]]
    made: list[NDArray[np.float64]] = []
    categorical: list[bool] = []
    if len(seen) and seen.min() != seen.max():
        # brought into [-1, 1] first, so that sums and squares of huge values stay finite
        scale = np.abs(seen).max()
        with np.errstate(over="ignore"):
            scaled = np.where(missing, np.median(seen / scale), values / scale)
        fitted = scaled[:n_train]
        deviation = fitted.std()
        if deviation > 0:
            with np.errstate(over="ignore"):
                made.append(np.clip((scaled - fitted.mean()) / deviation, -CLIP, CLIP))
            categorical.append(False)
    if 0 < len(seen) < n_train:
        made.append(missing.astype(np.float64))
        categorical.append(True)
    stacked = np.stack(made, axis=1) if made else np.empty((len(values), 0))
    return _Encoded(stacked.astype(np.float32), np.array(categorical, dtype=bool))


def _encode_categories(codes: NDArray[np.int64], size: int, n_train: int) -> _Encoded:
    """One-hot columns for the most frequent categories of training and for missing, one for all the others."""
    present = codes[:n_train][codes[:n_train] >= 0]
    counts = np.bincount(present, minlength=size)
    kept = np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]
    kept = kept[counts[kept] > 0]
    infrequent = len(kept)
    slot = np.full(size + 1, infrequent, dtype=np.int64)
    slot[kept] = np.arange(len(kept))
    # code -1 is the last entry; if training has no missing value, one in test is as new as an unseen category
    slot[-1] = infrequent + 1 if len(present) < n_train else infrequent
    slots = slot[codes]
    hot = np.zeros((len(codes), infrequent + 2), dtype=np.float32)
    hot[np.arange(len(codes)), slots] = 1.0
    held = np.bincount(slots[:n_train], minlength=infrequent + 2)
    varies = (held > 0) & (held < n_train)
    return _Encoded(hot[:, varies], np.ones(varies.sum(), dtype=bool), one_hot=True)


def _note(why: str, names: list[str]) -> list[str]:
    """One sentence on the columns that were dropped, or nothing."""
    if not names:
        return []
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"dropped {why}: {', '.join(repr(name) for name in names[:5])}{more}"]
