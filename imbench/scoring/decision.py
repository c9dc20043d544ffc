"""Metrics that read decisions, all from one confusion matrix."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Labels
from imbench.scoring.checks import check_decided, require
from imbench.scoring.measured import NO_ROWS, ONE_CLASS, Measured, Outcome

__all__ = ["GROUPS", "RECALLS_UP_TO", "confusion_matrix", "decision_metrics"]

#: With more classes than this, recall is not reported class by class.
RECALLS_UP_TO = 20

#: Class groups by training rows, both bounds inclusive (Liu et al. 2019, "many", "medium" and "few shot").
GROUPS = {"recall_many": (101, math.inf), "recall_medium": (20, 100), "recall_few": (0, 19)}

_OVER_CLASSES = ("balanced_accuracy", "macro_f1", "worst_recall", "g_mean", "mcc")

Counts = NDArray[np.int64]


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
    n_classes = len(training_counts)
    require("predicted", check_decided(predicted, len(labels), n_classes))
    require("labels", check_decided(labels, len(labels), n_classes))
    matrix = confusion_matrix(predicted, labels, n_classes)
    support = matrix.sum(axis=1)
    recall = np.divide(matrix.diagonal(), support, out=np.full(n_classes, np.nan), where=support > 0)
    outcomes = _over_classes(matrix, recall[support > 0])
    if n_classes <= RECALLS_UP_TO:
        outcomes |= {f"recall_{c}": _recall(recall, c) for c in range(n_classes)}
    if n_classes == 2:
        outcomes |= _positive_class(matrix)
    else:
        outcomes |= _groups(recall, np.asarray(training_counts))
    return Measured.of(outcomes)


def confusion_matrix(predicted: Labels, labels: Labels, n_classes: int) -> Counts:
    """(C, C) row counts: true class by decided class."""
    # A plugin may decide in int8, where the product would overflow.
    cells = labels.astype(np.int64) * n_classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=n_classes * n_classes).reshape(n_classes, n_classes).astype(np.int64)


def _over_classes(matrix: Counts, recalls: NDArray[np.float64]) -> dict[str, Outcome]:
    """Metrics over the classes that occur in the test, whose recalls are given."""
    if len(recalls) < 2:
        # With one class, predicting it always would look perfect.
        return dict.fromkeys(_OVER_CLASSES, ONE_CLASS if len(recalls) else NO_ROWS)
    support, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    present = support > 0
    f1 = 2 * matrix.diagonal()[present] / (support + predicted)[present]
    return {
        "balanced_accuracy": float(recalls.mean()),
        "macro_f1": float(f1.mean()),
        "worst_recall": float(recalls.min()),
        "g_mean": float(np.exp(np.log(recalls).mean())) if recalls.min() > 0 else 0.0,
        "mcc": _mcc(matrix),
    }


def _mcc(matrix: Counts) -> float:
    """Matthews correlation of C classes, R_K of Gorodkin (2004); 0 if all decisions are one class.

    Python integers keep the products exact: they grow with the fourth power of the rows.
    """
    support, predicted = matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()
    rows = sum(support)
    together = int(matrix.trace()) * rows - sum(t * p for t, p in zip(support, predicted, strict=True))
    spread = (rows**2 - sum(t * t for t in support)) * (rows**2 - sum(p * p for p in predicted))
    return together / math.sqrt(spread) if spread else 0.0


def _recall(recall: NDArray[np.float64], c: int) -> Outcome:
    return f"no rows of class {c} in the test" if np.isnan(recall[c]) else float(recall[c])


def _positive_class(matrix: Counts) -> dict[str, Outcome]:
    """Precision, recall, F1 and specificity of class 1. Deciding no positive at all has precision 0."""
    (tn, fp), (fn, tp) = matrix.tolist()
    outcomes: dict[str, Outcome] = dict.fromkeys(("precision", "recall", "f1"), "no positives in the test")
    if tp + fn:
        outcomes = {"precision": tp / max(tp + fp, 1), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    return outcomes | {"specificity": tn / (tn + fp) if tn + fp else "no negatives in the test"}


def _groups(recall: NDArray[np.float64], training_counts: NDArray[np.int64]) -> dict[str, Outcome]:
    """Mean recall over the classes of each group that occur in the test."""
    outcomes: dict[str, Outcome] = {}
    for name, (low, high) in GROUPS.items():
        members = (training_counts >= low) & (training_counts <= high)
        scored = recall[members & ~np.isnan(recall)]
        bounds = f"{low} … {high} training rows" if high < math.inf else f"{low} or more training rows"
        missing = f"no class with {bounds}" + (" occurs in the test" if members.any() else "")
        outcomes[name] = float(scored.mean()) if len(scored) else missing
    return outcomes
