"""Table + reading + card → Dataset. The card is obeyed to the letter, so that it cannot lie."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imbench import Card, Dataset
from imbench_tabular.define import Reading

__all__ = ["build"]


def build(name: str, reading: Reading, card: Card) -> Dataset:
    """Read the table, take out target, group, time and what the card drops, and keep the rest as it is.

    Missing values stay missing and categories stay categories: imputing and encoding
    are fitted on training rows, later.

    Raises:
        KeyError: the card drops or groups by a column that the table does not have.
        EnvironmentFault: the archive cannot be had.
    """
    module, _, function = reading.read.partition(":")
    frame: pd.DataFrame = getattr(importlib.import_module(f"imbench_tabular.readers.{module}"), function)(
        **reading.arguments
    )
    labels, classes = _labels(frame[reading.target], reading)
    roles = [column for column in (reading.target, card.group, card.time) if column]
    features = frame.drop(columns=list(dict.fromkeys([*roles, *card.dropped])))
    return Dataset(
        name=name,
        features=pd.DataFrame({column: _feature(features[column], reading) for column in features}),
        labels=labels,
        classes=classes,
        groups=frame[card.group].astype(str).to_numpy(dtype=object) if card.group else None,
        time=frame[card.time].to_numpy() if card.time else None,
        origin=card.origin or name,
    )


def _labels(target: pd.Series, reading: Reading) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if target.isna().any():
        raise ValueError(f"target {reading.target!r} is missing in {int(target.isna().sum())} rows")
    text = target.astype(str)
    if reading.positive:
        return (text == reading.positive).to_numpy().astype(np.int64), reading.classes
    classes = tuple(sorted(set(text)))
    codes = text.map({value: code for code, value in enumerate(classes)})
    return codes.to_numpy().astype(np.int64), classes


def _feature(column: pd.Series, reading: Reading) -> pd.Series:
    """Text, and numbers that are names, as categories of text; everything else as it came."""
    if column.name in reading.categories or not pd.api.types.is_numeric_dtype(column.dtype):
        return column.map(str, na_action="ignore").astype("category")
    return column
