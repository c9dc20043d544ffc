"""Assess a cell: every metric of its scores, and of its decisions under every policy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.errors import one_line
from imbench.scoring.checks import check_decided, check_scores, require
from imbench.scoring.decision import decision_metrics
from imbench.scoring.measured import Measured, Outcome
from imbench.scoring.policies import OWN, POLICIES, describe, fit_policy
from imbench.scoring.probability import score_metrics

__all__ = ["Assessment", "ExtraMetric", "assess", "check_decided", "check_scores"]

#: Scores (n, C) float32 and labels (n,) int64, both read-only → a number, NaN where undefined.
ExtraMetric = Callable[[Floats, Labels], float]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a cell is worth, ready for JSON.

    Attributes:
        metrics: score metric → value, None where undefined.
        decisions: policy → label metric → value, None where undefined.
        undefined: metric → why it is None. Label metrics are undefined under all policies or under none.
        policies: policy → what it did here (thresholds, fallbacks).
    """

    metrics: dict[str, float | None]
    decisions: dict[str, dict[str, float | None]]
    undefined: dict[str, str]
    policies: dict[str, str]


def assess(
    *,
    scores: NDArray[np.floating],
    labels: Labels,
    validation_scores: NDArray[np.floating],
    validation_labels: Labels,
    prior: NDArray[np.floating],
    training_counts: NDArray[np.int64],
    decided: Labels | None = None,
    policies: Sequence[str] = POLICIES,
    extra: Mapping[str, ExtraMetric] | None = None,
) -> Assessment:
    """Score one cell. Scores are rounded to float32 first, as they are stored, so that a stored cell scores the same.

    Args:
        scores: (n, C) scores of the test rows, see `check_scores`.
        labels: (n,) test labels.
        validation_scores: (m, C) scores of the validation rows; policies fit on them.
        validation_labels: (m,).
        prior: (C,) the prior that the scores stand for.
        training_counts: (C,) training rows per class.
        decided: (n,) labels that the strategy decided itself, reported as policy ``own``.
        policies: names of the policies to report.
        extra: metrics of plugins by name. One that raises, or returns no finite number, is undefined with a reason and
            stops nothing. A name that imbench uses itself is reported as ``extra:name``, undefined.

    Raises:
        ValueError: malformed scores, decisions, labels or prior; `check_scores` and `check_decided` tell beforehand.
        UsageError: unknown policy.
    """
    scores, validation_scores = np.asarray(scores, np.float32), np.asarray(validation_scores, np.float32)
    measured = score_metrics(scores, labels, training_counts=training_counts)
    plugged = _extra_metrics(extra or {}, scores, labels, taken=measured.values)
    decisions: dict[str, dict[str, float | None]] = {}
    fitted: dict[str, str] = {}
    undefined = {**measured.undefined, **plugged.undefined}

    def report(policy: str, predicted: Labels, rule: str) -> None:
        found = decision_metrics(predicted, labels, training_counts=training_counts)
        decisions[policy], fitted[policy] = _jsonable(found), rule
        undefined.update(found.undefined)

    for name in policies:
        policy = fit_policy(name, validation_scores=validation_scores, validation_labels=validation_labels, prior=prior)
        report(name, policy(scores), describe(policy))
    if decided is not None:
        require("own decisions", check_decided(decided, len(labels), len(training_counts)))
        report(OWN, decided, describe(OWN))
    return Assessment(
        metrics=_jsonable(measured) | _jsonable(plugged), decisions=decisions, undefined=undefined, policies=fitted
    )


def _jsonable(measured: Measured) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in measured.values.items()}


def _extra_metrics(
    extra: Mapping[str, ExtraMetric], scores: Floats, labels: Labels, taken: Mapping[str, float]
) -> Measured:
    """Metrics of plugins on read-only views: one metric cannot change what the next one sees."""
    scores, labels = scores.view(), labels.view()
    scores.flags.writeable = labels.flags.writeable = False
    outcomes: dict[str, Outcome] = {}
    for name, compute in extra.items():
        if name in taken:
            outcomes[f"extra:{name}"] = "imbench has a metric of that name"
        else:
            outcomes[name] = _extra_metric(compute, scores, labels)
    return Measured.of(outcomes)


def _extra_metric(compute: ExtraMetric, scores: Floats, labels: Labels) -> Outcome:
    try:
        value = float(compute(scores, labels))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code: whatever it raises, sys.exit() too, is its outcome; the cell goes on
        return one_line(error)
    return value if math.isfinite(value) else f"the metric returned {value}"
