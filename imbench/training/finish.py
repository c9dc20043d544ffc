"""What happens after training: scores, adjustments, decisions; the answer of one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels, TrainingData
from imbench.strategy.facts import Prior
from imbench.strategy.parts import Validation
from imbench.strategy.recipe import Recipe
from imbench.training.member import after

__all__ = ["Answer", "finish"]

#: JSON header and arrays of one cell, as `Report.outcome` sends them.
Answer = tuple[dict[str, Any], dict[str, NDArray[Any]]]
Scores = NDArray[np.float64]


def finish(
    data: TrainingData,
    recipe: Recipe,
    predict: Callable[[Floats], Floats],
    prior: Prior,
    *,
    predict_last: Callable[[Floats], Floats] | None = None,
) -> Answer:
    """Score validation and test rows, adjust, decide.

    Args:
        data: the block; its test rows come into play only here.
        recipe: its ``adjust`` and ``decide`` parts are used.
        predict: the trained strategy.
        prior: the prior (C,) that its scores stand for.
        predict_last: the same with the last optimiser step, if validation selected another.

    Returns:
        header with ``prior`` (after adjustment), and arrays ``test``, ``validation`` and, where they exist, ``last``
        (test scores of the last step) and ``decided`` (labels of the strategy's own decision).
    """
    tables = {
        "validation": _table(predict(data.x_validation), len(data.x_validation), data.n_classes),
        "test": _table(predict(data.x_test), len(data.x_test), data.n_classes),
    }
    if predict_last is not None:
        tables["last"] = _table(predict_last(data.x_test), len(data.x_test), data.n_classes)
    for adjust in recipe.adjust:
        transform = adjust(Validation(tables["validation"], data.y_validation), prior)
        tables = {name: _table(transform(table), len(table), data.n_classes) for name, table in tables.items()}
        prior = after(adjust, prior)
    arrays: dict[str, NDArray[Any]] = {name: table.astype(np.float32) for name, table in tables.items()}
    if recipe.decide is not None:
        decision = recipe.decide(Validation(tables["validation"], data.y_validation), prior)
        arrays["decided"] = _labels(decision(tables["test"]), len(data.x_test), data.n_classes)
    return {"prior": prior.tolist()}, arrays


def _table(scores: object, rows: int, n_classes: int) -> Scores:
    """Scores as float64. Raises ValueError for a wrong shape or type; values are judged by the parent."""
    table = np.asarray(scores)
    if table.dtype.kind not in "fiu" or table.shape != (rows, n_classes):
        raise ValueError(f"expected scores of shape ({rows}, {n_classes}), got {table.dtype} of shape {table.shape}")
    return table.astype(np.float64)


def _labels(labels: object, rows: int, n_classes: int) -> Labels:
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.shape != (rows,):
        raise ValueError(f"decide: expected ({rows},) integer labels, got {array.dtype} of shape {array.shape}")
    if rows and not 0 <= array.min() <= array.max() < n_classes:
        raise ValueError(f"decide: expected labels in 0…{n_classes - 1}")
    return array.astype(np.int64)
