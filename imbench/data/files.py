"""A user's own table → Dataset: one target, checked; no guess that could change the question."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imbench.data.dataset import Dataset
from imbench.data.dates import look_for_dates, parse_dates
from imbench.data.formats import SUFFIXES, read_frame
from imbench.errors import UsageError, did_you_mean

__all__ = ["MAX_CLASSES", "read_file"]

#: A target with more values than this is taken for a number.
MAX_CLASSES = 100

Value = str | int | float | bool


def read_file(
    path: str | Path,
    *,
    target: str,
    name: str | None = None,
    positive: Value | None = None,
    time: str | None = None,
    group: str | None = None,
    drop: Sequence[str] = (),
) -> Dataset:
    """Load a CSV, TSV or Parquet file.

    Args:
        path: the file; its suffix says what it is.
        target: the column to predict.
        name: of the dataset; by default the file's name without its suffix.
        positive: of a binary target, the value to find; by default the rarer one. ``1`` also means ``"1"``, ``1.0``
            and True.
        time: column of numbers or dates that orders the split; not a feature.
        group: column whose values never straddle a split; not a feature.
        drop: columns that are not features (identifiers, leaks).

    Returns:
        Binary classes in the order (negative, positive), more classes sorted. Text columns of dates become dates.

    Raises:
        UsageError: the file, a column name or the target is not usable; one line that says what to do.
    """
    path = Path(path)
    frame = read_frame(path)
    frame.columns = pd.Index([str(column) for column in frame.columns])
    dropped = (drop,) if isinstance(drop, str) else tuple(drop)
    _check_columns(path, frame, target, time, group, dropped)
    labels, classes = _labels(path, frame[target], positive)
    others = [column for column in frame.columns if column not in {target, time, group, *dropped}]
    if not others:
        raise UsageError(f"{path}: no feature column is left besides target, time, group and drop")
    features, notes = _with_dates({column: _feature(path, frame[column]) for column in others})
    return Dataset(
        name=name or _name_of(path),
        features=features,
        labels=labels,
        classes=classes,
        groups=None if group is None else _groups(path, frame[group]),
        time=None if time is None else _times(path, frame[time]),
        notes=notes,
    )


def _name_of(path: Path) -> str:
    suffix = max((end for end in SUFFIXES if path.name.lower().endswith(end)), key=len, default="")
    plain = re.sub(r"[^a-z0-9._-]+", "-", path.name.lower().removesuffix(suffix)).lstrip("._-")
    return plain[:64] or "data"


def _check_columns(
    path: Path, frame: pd.DataFrame, target: str, time: str | None, group: str | None, drop: tuple[str, ...]
) -> None:
    roles = [("target", target), ("time", time), ("group", group), *(("drop", column) for column in drop)]
    for role, column in roles:
        if column is not None and column not in frame.columns:
            raise UsageError(f"{path}: {role} column {column!r} not found{did_you_mean(column, frame.columns)}")
    for role, column in roles[1:]:
        if column == target:
            raise UsageError(f"{path}: column {target!r} is the target and cannot be in {role} as well")
    for column in frame.columns:
        # a row number is a label in disguise when the file is sorted by class
        if column.startswith("Unnamed: ") and column not in {target, time, group, *drop}:
            raise UsageError(f"{path}: a column has no name (a saved row number?): name it, or drop {column!r}")


def _labels(path: Path, column: pd.Series, positive: Value | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """(rows,) class codes and the class names; negative first if there are two."""
    where = f"{path}: target {column.name!r}"
    missing = int(column.isna().sum())
    if missing:
        raise UsageError(
            f"{where} is missing in {missing} of {len(column)} rows: drop these rows or name another target "
            "(empty, NA, NaN, null and None count as missing)"
        )
    try:
        counts = {value: int(rows) for value, rows in column.value_counts().items() if rows}
    except TypeError as error:
        raise UsageError(f"{where}: expected numbers or text, got {type(column.iloc[0]).__name__} values") from error
    values = _in_order(list(counts))
    if len(values) < 2:
        raise UsageError(f"{where}: expected at least two classes, got only {_shown(values)}")
    if len(values) > MAX_CLASSES:
        raise UsageError(
            f"{where}: expected at most {MAX_CLASSES} classes, got {len(values)} different values: is it a number? "
            "Name a column of classes"
        )
    if len(values) > 2 and positive is not None:
        raise UsageError(
            f"{where} has {len(values)} classes ({_shown(values)}), but positive = {positive!r} is for two: "
            "leave positive out, or make a column that says whether it is so"
        )
    if len(values) == 2:
        chosen = _rarer(values, counts) if positive is None else _match(where, values, positive)
        values = [value for value in values if value is not chosen] + [chosen]
    codes = column.map({value: code for code, value in enumerate(values)})
    return codes.to_numpy(dtype=np.int64), tuple(_text(value) for value in values)


def _in_order(values: list[Any]) -> list[Any]:
    """By number if all are numbers, else by text: 2 before 10, and the same order on every machine."""
    if all(isinstance(value, int | float | np.number | np.bool_) for value in values):
        return sorted(values)
    return sorted(values, key=str)


def _rarer(values: list[Any], counts: Mapping[Any, int]) -> Hashable:
    """The value with fewer rows; on a tie the later one (1 of 0/1, yes of no/yes)."""
    first, second = values
    chosen: Hashable = first if counts[first] < counts[second] else second
    return chosen


def _match(where: str, values: list[Any], positive: Value) -> Hashable:
    exact = [value for value in values if type(value) is type(positive) and value == positive]
    near = exact or [value for value in values if _spellings(value) & _spellings(positive)]
    if len(near) != 1:
        raise UsageError(f"{where} has no value {positive!r} for positive: its values are {_shown(values)}")
    found: Hashable = near[0]
    return found


def _spellings(value: object) -> set[str]:
    """The ways in which TOML, CSV and Parquet may write one value."""
    if isinstance(value, bool | np.bool_):
        return {str(bool(value)).lower(), str(int(value))}
    text = str(value).strip()
    found = {text.lower() if text.lower() in ("true", "false") else text}
    try:
        number = float(text)
    except ValueError:
        return found
    return found | ({str(int(number))} if number.is_integer() else {repr(number)})


def _text(value: object) -> str:
    """A class name: 1.0 is written 1."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _shown(values: list[Any]) -> str:
    return ", ".join(repr(_text(value)) for value in values[:10]) + (", …" if len(values) > 10 else "")


def _times(path: Path, column: pd.Series) -> NDArray[np.generic]:
    """(rows,) int64, float64, or datetime64 in UTC. 03/04/2024 is two days, so it is none."""
    where = f"{path}: time {column.name!r}"
    missing = int(column.isna().sum())
    if missing:
        raise UsageError(f"{where} is missing in {missing} of {len(column)} rows: drop these rows or leave time out")
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.to_numpy(dtype=np.int64)
    if pd.api.types.is_float_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_string_dtype(column):
        parsed = parse_dates(column)
    else:
        moments = pd.to_datetime(column.astype(object), errors="coerce", utc=True, format="ISO8601")
        parsed = moments.dt.tz_localize(None)
    if parsed.isna().any():
        bad = column[parsed.isna()].iloc[0]
        raise UsageError(f"{where}: expected numbers or ISO dates such as 2024-01-31 13:00, got {str(bad)[:40]!r}")
    return parsed.to_numpy()  # in its own unit: nanoseconds would wrap before 1677 and after 2262


def _groups(path: Path, column: pd.Series) -> NDArray[np.object_]:
    missing = int(column.isna().sum())
    if missing:
        raise UsageError(
            f"{path}: group {column.name!r} is missing in {missing} of {len(column)} rows: give each its own value"
        )
    return column.astype(str).to_numpy(dtype=object)


def _feature(path: Path, column: pd.Series) -> pd.Series:
    """The column as numbers, booleans, dates or text; anything else is refused."""
    if pd.api.types.is_float_dtype(column.dtype):
        endless = int(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).sum())
        if endless:
            raise UsageError(
                f"{path}: column {column.name!r} is infinite in {endless} rows: make them missing or drop the column"
            )
    if column.dtype != object:
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "decimal":
        return column.astype(np.float64)
    if kind in ("date", "datetime"):
        return pd.to_datetime(column)
    odd = column.map(lambda value: isinstance(value, list | tuple | dict | set | bytes | np.ndarray))
    if odd.any():
        what = type(column[odd].iloc[0]).__name__
        raise UsageError(f"{path}: column {column.name!r} holds {what} values, expected numbers or text: drop it")
    return column.map(str, na_action="ignore")


def _with_dates(columns: Mapping[str, pd.Series]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The features with text columns of dates as dates, and what a reader must know of that."""
    found = {name: look_for_dates(column) for name, column in columns.items() if pd.api.types.is_string_dtype(column)}
    moments = {name: dates.moments for name, dates in found.items() if dates.moments is not None}
    plain = [repr(name) for name in moments if not found[name].note]
    notes = [f"read as dates: {', '.join(plain[:10])}{', …' if len(plain) > 10 else ''}"] if plain else []
    notes += [dates.note for dates in found.values() if dates.note]
    return pd.DataFrame({**columns, **moments}), tuple(notes)
