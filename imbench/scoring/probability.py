"""Metrics that read scores: how well rows are ranked, and how true the probabilities are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Labels
from imbench.scoring.checks import check_decided, check_scores, require, smallest_class
from imbench.scoring.measured import NO_ROWS, ONE_CLASS, Measured, Outcome
from imbench.scoring.ranking import Ranking, rank

__all__ = ["ECE_BINS", "RANKING_METRICS", "score_metrics"]

#: Bins of the calibration error (Guo et al. 2017 use 15; here they have equal mass).
ECE_BINS = 15

#: Metrics that compare rows of a class with rows of the others.
RANKING_METRICS = ("ap", "ap_lift", "roc_auc", "ks", "precision_at_k", "recall_at_k")

Scores = NDArray[np.floating]


def score_metrics(scores: Scores, labels: Labels, *, training_counts: NDArray[np.int64]) -> Measured:
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
    outcomes = _ranking_metrics(scores, labels)
    if not len(labels):
        return Measured.of(outcomes | dict.fromkeys(("log_loss", "brier", "brier_skill", "minority_ece"), NO_ROWS))
    smallest = smallest_class(training_counts)
    outcomes["minority_ece"] = rank(scores[:, smallest], labels == smallest).calibration_error(ECE_BINS)
    return Measured.of(outcomes | _probability_metrics(scores, labels))


def _ranking_metrics(scores: Scores, labels: Labels) -> dict[str, Outcome]:
    """Means over the classes that have both positives and negatives; class 1 alone if there are two."""
    rows, n_classes = scores.shape
    support = np.bincount(labels, minlength=n_classes)
    ranked = [c for c in (range(n_classes) if n_classes > 2 else (1,)) if 0 < support[c] < rows]
    outcomes: dict[str, Outcome] = dict.fromkeys(RANKING_METRICS, _why_unranked(support))
    if ranked:
        # One class after the other, so that its arrays stay in the processor's cache.
        table = np.array([_one_class(rank(scores[:, c], labels == c)) for c in ranked])
        outcomes = dict(zip(RANKING_METRICS, table.mean(axis=0).tolist(), strict=True))
    return outcomes | ({"classes_scored": float(len(ranked))} if n_classes > 2 else {})


def _one_class(ranking: Ranking) -> tuple[float, ...]:
    """Values of `RANKING_METRICS`, in that order."""
    positives = ranking.positives
    prevalence = positives / (positives + ranking.negatives)
    ap = ranking.average_precision()
    # k is the number of positives, where precision@k and recall@k meet (R-precision).
    share = ranking.expected_hits(positives) / positives
    return ap, (ap - prevalence) / (1 - prevalence), ranking.roc_auc(), ranking.ks(), share, share


def _why_unranked(support: NDArray[np.int64]) -> str:
    if not support.any():
        return NO_ROWS
    if len(support) > 2:
        return ONE_CLASS
    return "no negatives in the test" if support[1] else "no positives in the test"


def _probability_metrics(scores: Scores, labels: Labels) -> dict[str, Outcome]:
    """Log loss, Brier score, and its skill against predicting the prevalence of the test for every row."""
    rows, n_classes = scores.shape
    eps = np.finfo(scores.dtype).eps
    of_label = scores[np.arange(rows), labels].clip(eps, 1 - eps).astype(np.float64)
    # Summed over all classes, or over class 1 alone if there are two: the usual binary Brier score, half the sum.
    summed = range(n_classes) if n_classes > 2 else (1,)
    shares = np.bincount(labels, minlength=n_classes)[list(summed)] / rows
    brier = sum(_squares(scores[:, c], labels == c) for c in summed) / rows
    reference = float(shares @ (1 - shares))
    return {
        "log_loss": -float(np.log(of_label).mean()),
        "brier": brier,
        "brier_skill": 1 - brier / reference if reference > 0 else ONE_CLASS,
    }


def _squares(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    gaps = scores.astype(np.float64) - positive
    return float(gaps @ gaps)
