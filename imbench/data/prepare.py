"""Prepare a block: split, thin to the ratio, preprocess on training. Test labels stay in the parent."""

from __future__ import annotations

import numpy as np

from imbench.data.block import Block, Labels, Realised, TrainingData
from imbench.data.dataset import Dataset
from imbench.data.preprocess import preprocess
from imbench.data.split import Split, group_codes, split, twins
from imbench.data.thin import UnreachableRatio, thin
from imbench.matrix.cell import Coordinates

__all__ = ["MIN_TEST_ROWS", "MIN_TRAINING_ROWS", "UnreachableRatio", "prepare"]

#: With fewer test rows of the smallest class its metrics are noise: the cell is flagged.
MIN_TEST_ROWS = 20
#: Likewise for training rows.
MIN_TRAINING_ROWS = 5


def prepare(dataset: Dataset, at: Coordinates) -> Block:
    """The block at these coordinates: the same bits for the same dataset and coordinates, whoever asks.

    Raises:
        UnreachableRatio: removing rows cannot bring the training part to ``at.ratio``.
        UsageError: the data cannot be split, or no column is usable.
    """
    parts = thin(dataset, split(dataset, at), at)
    matrices = preprocess(dataset, parts)
    labels = dataset.labels
    data = TrainingData(
        at=at,
        x_train=matrices.train,
        y_train=labels[parts.train],
        x_validation=matrices.validation,
        y_validation=labels[parts.validation],
        x_test=matrices.test,
        n_classes=dataset.n_classes,
        categorical=matrices.categorical,
        variable=matrices.variable,
        groups=None if dataset.groups is None else group_codes(dataset.groups[parts.train]),
    )
    return Block(
        data=data, y_test=labels[parts.test], realised=_realised(dataset, parts, (*dataset.notes, *matrices.notes))
    )


def _realised(dataset: Dataset, parts: Split, notes: tuple[str, ...]) -> Realised:
    train, validation, test = (
        np.bincount(dataset.labels[rows], minlength=dataset.n_classes).astype(np.int64)
        for rows in (parts.train, parts.validation, parts.test)
    )
    flags = [
        *_guard("test", test, MIN_TEST_ROWS, dataset.classes),
        *_guard("training", train, MIN_TRAINING_ROWS, dataset.classes),
    ]
    if twins(dataset):
        notes = (*notes, "most rows have an identical twin, some of another class: equal rows are not kept together")
    if len(parts.discarded):
        notes = (
            *notes,
            f"left out {len(parts.discarded):,} rows that share a group or their features with another part",
        )
    return Realised(
        train=tuple(train.tolist()),
        validation=tuple(validation.tolist()),
        test=tuple(test.tolist()),
        ratio=float(train.max() / max(int(train.min()), 1)),
        flags=tuple(flags),
        notes=notes,
    )


def _guard(part: str, counts: Labels, least: int, classes: tuple[str, ...]) -> list[str]:
    """A sentence if the smallest class has too few rows in the part."""
    smallest = int(np.argmin(counts))
    if counts[smallest] >= least:
        return []
    return [f"the {part} part has {counts[smallest]} rows of class {classes[smallest]!r}, fewer than {least}"]
