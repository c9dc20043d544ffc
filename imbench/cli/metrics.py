"""One line on each metric that imbench computes itself; docs/metrics.md has the definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from imbench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from imbench.matrix.schema import Matrix
    from imbench.plugin.registry import Registry

__all__ = ["DECISION_METRICS", "POLICIES", "SCORE_METRICS", "check_metric", "check_policy", "check_primary"]

#: Decision policies: those of the harness, and a strategy's own.
POLICIES = ("argmax", "prior", "tuned", "own")

#: Read from scores.
SCORE_METRICS = {
    "ap": "average precision, the area under the precision-recall curve",
    "ap_lift": "average precision above what chance gives, scaled to 1 at best",
    "roc_auc": "area under the ROC curve",
    "ks": "largest distance between the score distributions of the classes",
    "precision_at_k": "precision among the k highest scores, k being the number of positives",
    "recall_at_k": "recall among the k highest scores",
    "classes_scored": "classes that the one-vs-rest means are taken over",
    "log_loss": "mean negative log probability of the true class",
    "brier": "mean squared error of the probabilities",
    "brier_skill": "1 - Brier score / Brier score of predicting the test prevalence: 1 at best",
    "minority_ece": "calibration error of the smallest class",
}

#: Read from decisions, one value per decision policy.
DECISION_METRICS = {
    "balanced_accuracy": "mean recall over the classes",
    "macro_f1": "mean F1 over the classes",
    "worst_recall": "recall of the class with the lowest one",
    "g_mean": "geometric mean of the recalls",
    "mcc": "Matthews correlation coefficient",
    "precision": "precision of the positive class",
    "recall": "recall of the positive class",
    "f1": "F1 of the positive class",
    "specificity": "recall of the negative class",
    "recall_many": "mean recall of the classes with more than 100 training rows",
    "recall_medium": "mean recall of the classes with 20 to 100 training rows",
    "recall_few": "mean recall of the classes with fewer than 20 training rows",
    "recall_N": "recall of class N",
}


def check_metric(name: str, extra: Iterable[str] = ()) -> str:
    """The name, if it is a metric of imbench or one of ``extra``. Raises UsageError with the nearest name."""
    known = {*SCORE_METRICS, *DECISION_METRICS, *extra} - {"recall_N"}
    if name in known or re.fullmatch(r"recall_[0-9]{1,2}", name):
        return name
    raise UsageError(f"unknown metric {name!r}{did_you_mean(name, known)}")


def check_primary(matrix: Matrix, registry: Registry) -> None:
    """Refuse a ranking metric that nobody computes, before anything is trained. Raises UsageError."""
    from imbench.matrix.problems import FieldFault

    try:
        check_metric(matrix.primary, [offer.spec.name for offer in registry.metrics])
    except UsageError as error:
        raise FieldFault(("primary",), error) from None


def check_policy(name: str) -> str:
    """The name, if it is a decision policy. Raises UsageError with the nearest name."""
    if name in POLICIES:
        return name
    raise UsageError(f"unknown decision policy {name!r}{did_you_mean(name, POLICIES)}")
