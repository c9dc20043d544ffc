"""What happens after training: scores, adjustments, decisions; the answer of one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels, TrainingData
from imbench.strategy.facts import Prior, normalised
from imbench.strategy.parts import Adjust, TransductiveAdjust, Validation
from imbench.strategy.recipe import Recipe
from imbench.training.member import after

__all__ = ["Answer", "Raw", "finish", "score"]

#: JSON header and arrays of one cell, as `Report.outcome` sends them.
Answer = tuple[dict[str, Any], dict[str, NDArray[Any]]]
Scores = NDArray[np.float64]
#: Which rows → scores (rows, C) before any adjustment.
Raw = Mapping[str, Scores]


def score(
    data: TrainingData, predict: Callable[[Floats], Floats], predict_last: Callable[[Floats], Floats] | None = None
) -> Raw:
    """Score the rows of a block, once for all cells that share a training. The test rows come into play only here.

    Args:
        data: the block.
        predict: the trained strategy.
        predict_last: the same with the last optimiser step, if validation selected another.

    Returns:
        ``validation``, ``test`` and, where it exists, ``last`` (test rows under the last step), each (rows, C).

    Raises:
        ValueError: scores of a wrong shape or type; their values are judged by the parent.
    """
    raw = {
        "validation": _table(predict(data.x_validation), len(data.x_validation), data.n_classes),
        "test": _table(predict(data.x_test), len(data.x_test), data.n_classes),
    }
    if predict_last is not None:
        raw["last"] = _table(predict_last(data.x_test), len(data.x_test), data.n_classes)
    return raw


def finish(data: TrainingData, recipe: Recipe, raw: Raw, prior: Prior) -> Answer:
    """Adjust and decide.

    Args:
        data: the block.
        recipe: its ``adjust`` and ``decide`` parts are used.
        raw: what `score` returned; stays as it is.
        prior: the prior (C,) that the scores stand for.

    Returns:
        header with ``prior`` (after adjustment) and ``notes``, and the arrays of ``raw`` and, where it exists,
        ``decided`` (labels of the strategy's own decision).
    """
    tables = {name: table.copy() for name, table in raw.items()}
    for adjust in recipe.adjust:
        transform = _fitted(adjust, Validation(tables["validation"], data.y_validation), prior, tables["test"])
        tables = {name: _table(transform(table), len(table), data.n_classes) for name, table in tables.items()}
        told = getattr(transform, "prior", None)  # known only when it has been fitted
        prior = after(adjust, prior) if told is None else normalised(np.asarray(told))
    arrays: dict[str, NDArray[Any]] = {name: table.astype(np.float32) for name, table in tables.items()}
    if recipe.decide is not None:
        decision = recipe.decide(Validation(tables["validation"], data.y_validation), prior)
        arrays["decided"] = _labels(decision(tables["test"]), len(data.x_test), data.n_classes)
    transductive = any(getattr(part, "transductive", False) for part in (*recipe.adjust, recipe.decide))
    notes = {"transductive": True} if transductive else {}
    return {"prior": prior.tolist(), "notes": notes}, arrays


def _fitted(
    adjust: Adjust | TransductiveAdjust, validation: Validation, prior: Prior, test: Scores
) -> Callable[[Scores], Scores]:
    if getattr(adjust, "transductive", False):
        return cast("TransductiveAdjust", adjust)(validation, prior, test)
    return cast("Adjust", adjust)(validation, prior)


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
