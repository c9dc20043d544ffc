"""Metrics that read scores: how well rows are ranked, and how true the probabilities are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Labels
from imbench.scoring.checks import check_decided, check_scores, require, smallest_class
from imbench.scoring.columns import Columns, columns_of
from imbench.scoring.measured import NO_ROWS, ONE_CLASS, Measured, MeasuredPack, PackOutcome
from imbench.scoring.ranking import Rankings, rank

__all__ = ["ECE_BINS", "RANKING_METRICS", "pack_score_metrics", "score_metrics"]

#: Bins of the calibration error (Guo et al. 2017 use 15; here they have equal mass).
ECE_BINS = 15

#: Metrics that compare rows of a class with rows of the others.
RANKING_METRICS = ("ap", "ap_lift", "roc_auc", "ks", "precision_at_k", "recall_at_k")

_LOSSES = ("log_loss", "brier", "brier_skill", "minority_ece")


def score_metrics(scores: NDArray[np.floating], labels: Labels, *, training_counts: NDArray[np.int64]) -> Measured:
    """Ranking and probability metrics of one cell; docs/metrics.md defines each.

    In a binary task class 1 is the positive. With more classes the ranking metrics are unweighted means over the
    one-vs-rest values of the classes that occur in the test; ``classes_scored`` tells how many those are.

    Args:
        scores: (n, C) probabilities, see `check_scores`. Their dtype sets the clipping of the log loss.
        labels: (n,) class codes 0 … C-1.
        training_counts: (C,) training rows per class; says which class is the smallest.

    Raises:
        ValueError: malformed scores or labels, or no training rows at all.
    """
    n_classes = len(training_counts)
    require("scores", check_scores(scores, len(labels), n_classes))
    require("labels", check_decided(labels, len(labels), n_classes))
    return pack_score_metrics(columns_of(np.asarray(scores)[None]), labels, training_counts=training_counts).single()


def pack_score_metrics(columns: Columns, labels: Labels, *, training_counts: NDArray[np.int64]) -> MeasuredPack:
    """`score_metrics` of K cells that share labels and training counts.

    Args:
        columns: (C, K, n) float32 or float64 scores, see `columns_of`; not checked.
        labels: (n,) class codes, not checked.
        training_counts: (C,) training rows per class.

    Raises:
        ValueError: no training rows at all.
    """
    n_classes, cells, rows = columns.shape
    support = np.bincount(labels, minlength=n_classes)
    ranked = [c for c in (range(n_classes) if n_classes > 2 else (1,)) if 0 < support[c] < rows]
    outcomes: dict[str, PackOutcome] = dict.fromkeys(RANKING_METRICS, _why_unranked(support))
    smallest = smallest_class(training_counts) if rows else -1
    error: PackOutcome = NO_ROWS
    total = np.zeros((len(RANKING_METRICS), cells))
    # One class after the other, so that its arrays stay in the processor's cache.
    for c in sorted({*ranked, smallest} - {-1}):
        ranking = rank(columns[c], labels == c)
        if c in ranked:
            total += _one_class(ranking)
        if c == smallest:
            error = ranking.calibration_error(ECE_BINS)
    if ranked:
        outcomes |= zip(RANKING_METRICS, total / len(ranked), strict=True)
    if n_classes > 2:
        outcomes["classes_scored"] = float(len(ranked))
    if not rows:
        return MeasuredPack.of(cells, outcomes | dict.fromkeys(_LOSSES, NO_ROWS))
    return MeasuredPack.of(cells, outcomes | {"minority_ece": error} | _probability_metrics(columns, labels, support))


def _one_class(ranking: Rankings) -> NDArray[np.float64]:
    """(6, K) values of `RANKING_METRICS`, in that order."""
    positives = ranking.positives
    prevalence = positives / (positives + ranking.negatives)
    ap = ranking.average_precision()
    # k is the number of positives, where precision@k and recall@k meet (R-precision).
    share = ranking.expected_hits(positives) / positives
    return np.array([ap, (ap - prevalence) / (1 - prevalence), ranking.roc_auc(), ranking.ks(), share, share])


def _why_unranked(support: NDArray[np.int64]) -> str:
    if not support.any():
        return NO_ROWS
    if len(support) > 2:
        return ONE_CLASS
    return "no negatives in the test" if support[1] else "no positives in the test"


def _probability_metrics(columns: Columns, labels: Labels, support: NDArray[np.int64]) -> dict[str, PackOutcome]:
    """Log loss, Brier score, and its skill against predicting the prevalence of the test for every row."""
    n_classes, cells, rows = columns.shape
    eps = np.finfo(columns.dtype).eps
    # Summed over all classes, or over class 1 alone if there are two: the usual binary Brier score, half the sum.
    summed = list(range(n_classes)) if n_classes > 2 else [1]
    squares = np.zeros(cells)
    of_label = columns[0].copy()
    for c in summed:
        positive = labels == c
        gaps = columns[c] - positive.astype(np.float64)
        squares += np.vecdot(gaps, gaps)
        np.copyto(of_label, columns[c], where=positive)
    log_scores = np.log(of_label.clip(eps, 1 - eps).astype(np.float64))
    shares = support[summed] / rows
    brier, reference = squares / rows, float(shares @ (1 - shares))
    return {
        "log_loss": -log_scores.mean(axis=1),
        "brier": brier,
        "brier_skill": 1 - brier / reference if reference > 0 else ONE_CLASS,
    }
