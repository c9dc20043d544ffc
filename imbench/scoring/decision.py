"""Metrics that read decisions, all from counts by class: rows, decisions, and right decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Labels
from imbench.scoring.checks import check_decided, require
from imbench.scoring.measured import NO_ROWS, ONE_CLASS, Measured, MeasuredPack, PackOutcome

__all__ = ["GROUPS", "RECALLS_UP_TO", "decision_metrics", "pack_decision_metrics"]

#: With more classes than this, recall is not reported class by class.
RECALLS_UP_TO = 20

#: Class groups by training rows, both bounds inclusive (Liu et al. 2019, "many", "medium" and "few shot").
GROUPS = {"recall_many": (101, math.inf), "recall_medium": (20, 100), "recall_few": (0, 19)}

_OVER_CLASSES = ("balanced_accuracy", "macro_f1", "worst_recall", "g_mean", "mcc")

Counts = NDArray[np.int64]
Floats64 = NDArray[np.float64]


def decision_metrics(predicted: Labels, labels: Labels, *, training_counts: NDArray[np.int64]) -> Measured:
    """Label metrics of one cell under one decision policy; docs/metrics.md defines each.

    What is undefined depends on the test labels and the training counts alone, never on the decisions: strategies of
    one cell are always compared on the same metrics over the same classes.

    Args:
        predicted: (n,) decided class codes.
        labels: (n,) true class codes.
        training_counts: (C,) training rows per class, for the many/medium/few groups.

    Raises:
        ValueError: predicted or labels are not class codes 0 … C-1, one a row.
    """
    require("predicted", check_decided(predicted, len(labels), len(training_counts)))
    require("labels", check_decided(labels, len(labels), len(training_counts)))
    # A plugin may decide in int8, which holds its decisions but not all classes.
    decided = np.asarray(predicted, dtype=np.int64)[None]
    return pack_decision_metrics(decided, labels, training_counts=training_counts).single()


def pack_decision_metrics(
    predicted: NDArray[np.integer], labels: Labels, *, training_counts: NDArray[np.int64]
) -> MeasuredPack:
    """`decision_metrics` of K sets of decisions on the same rows: of several cells, policies or both.

    Args:
        predicted: (K, n) class codes 0 … C-1 of a type that holds all classes; not checked.
        labels: (n,) true class codes, not checked.
        training_counts: (C,) training rows per class.
    """
    counts = np.asarray(training_counts)
    found = _count(predicted, labels, len(counts))
    outcomes = _over_classes(found)
    if found.classes <= RECALLS_UP_TO:
        outcomes |= {f"recall_{c}": _recall(found, c) for c in range(found.classes)}
    outcomes |= _positive_class(found) if found.classes == 2 else _groups(found, counts)
    return MeasuredPack.of(len(predicted), outcomes)


@dataclass(frozen=True, eq=False)
class _Counted:
    """What K confusion matrices of the same rows say of each class.

    Attributes:
        support: (C,) rows.
        decided: (K, C) decisions.
        right: (K, C) right decisions, the diagonals.
        recall: (K, C) right / support; NaN for classes without rows.
        present: classes with rows.
    """

    support: Counts
    decided: Counts
    right: Counts
    recall: Floats64
    present: Counts

    @property
    def classes(self) -> int:
        return len(self.support)


def _count(predicted: NDArray[np.integer], labels: Labels, n_classes: int) -> _Counted:
    # By class and by whether it is right: 2 C bins a cell, where the whole matrix has C².
    bins = (predicted == labels.astype(predicted.dtype)) * np.int64(n_classes)
    bins += predicted
    bins += (np.arange(len(predicted)) * (2 * n_classes))[:, None]
    shape = (len(predicted), 2, n_classes)
    counted = np.bincount(bins.ravel(), minlength=math.prod(shape)).reshape(shape)
    support = np.bincount(labels, minlength=n_classes)
    right = counted[:, 1]
    recall = np.full(right.shape, np.nan)
    np.divide(right, support, out=recall, where=support > 0)
    return _Counted(support, counted.sum(axis=1), right, recall, np.flatnonzero(support))


def _over_classes(found: _Counted) -> dict[str, PackOutcome]:
    """Metrics over the classes that occur in the test."""
    present = found.present
    if len(present) < 2:
        # With one class, predicting it always would look perfect.
        return dict.fromkeys(_OVER_CLASSES, ONE_CLASS if len(present) else NO_ROWS)
    # `take` lays a cell's classes side by side, where indexing would not: each sum then runs in the same order.
    recalls = found.recall.take(present, axis=1)
    f1 = 2 * found.right.take(present, axis=1) / (found.support + found.decided).take(present, axis=1)
    with np.errstate(divide="ignore"):
        g_mean = np.exp(np.log(recalls).mean(axis=1))
    return {
        "balanced_accuracy": recalls.mean(axis=1),
        "macro_f1": f1.mean(axis=1),
        "worst_recall": recalls.min(axis=1),
        "g_mean": g_mean,
        "mcc": _mcc(found),
    }


def _mcc(found: _Counted) -> Floats64:
    """Matthews correlation of C classes, R_K of Gorodkin (2004); 0 if all decisions are one class.

    The products grow with the fourth power of the rows: second powers are exact integers, their product is a float.
    """
    rows = int(found.support.sum())
    together = found.right.sum(axis=1) * rows - (found.decided * found.support).sum(axis=1)
    of_labels = rows**2 - int((found.support**2).sum())
    of_decisions = rows**2 - (found.decided**2).sum(axis=1)
    spread = np.sqrt(float(of_labels) * of_decisions.astype(np.float64))
    correlation = np.zeros(len(spread))
    np.divide(together, spread, out=correlation, where=spread > 0)
    return correlation


def _recall(found: _Counted, c: int) -> PackOutcome:
    return found.recall[:, c] if found.support[c] else f"no rows of class {c} in the test"


def _positive_class(found: _Counted) -> dict[str, PackOutcome]:
    """Precision, recall, F1 and specificity of class 1. Deciding no positive at all has precision 0."""
    negatives, positives = found.support.tolist()
    tp, decided = found.right[:, 1], found.decided[:, 1]
    outcomes: dict[str, PackOutcome] = dict.fromkeys(("precision", "recall", "f1"), "no positives in the test")
    if positives:
        outcomes = {
            "precision": tp / np.maximum(decided, 1),
            "recall": found.recall[:, 1],
            "f1": 2 * tp / (positives + decided),
        }
    return outcomes | {"specificity": found.recall[:, 0] if negatives else "no negatives in the test"}


def _groups(found: _Counted, training_counts: NDArray[np.int64]) -> dict[str, PackOutcome]:
    """Mean recall over the classes of each group that occur in the test."""
    outcomes: dict[str, PackOutcome] = {}
    for name, (low, high) in GROUPS.items():
        members = (training_counts >= low) & (training_counts <= high)
        scored = np.flatnonzero(members & (found.support > 0))
        bounds = f"{low} … {high} training rows" if high < math.inf else f"{low} or more training rows"
        missing = f"no class with {bounds}" + (" occurs in the test" if members.any() else "")
        outcomes[name] = found.recall.take(scored, axis=1).mean(axis=1) if len(scored) else missing
    return outcomes
