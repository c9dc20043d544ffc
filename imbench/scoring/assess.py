"""Assess cells: every metric of their scores, and of their decisions under every policy, a pack at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Labels
from imbench.scoring.checks import check_decided, check_scores, require
from imbench.scoring.pack import Assessment, Cells, Shared, assess_together
from imbench.scoring.plugged import ExtraMetric
from imbench.scoring.policies import POLICIES, describe

__all__ = ["Assessment", "ExtraMetric", "assess", "assess_pack", "check_decided", "check_scores"]

#: Scores worked on at once: more of them leave the processor's cache. A cell's assessment does not depend on it.
SCORES_AT_ONCE = 2**18


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
    """Score one cell: `assess_pack` of one, with the same values to the last bit.

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
    (assessed,) = assess_pack(
        scores=[scores],
        labels=labels,
        validation_scores=[validation_scores],
        validation_labels=validation_labels,
        priors=[prior],
        training_counts=training_counts,
        decided=[decided],
        policies=policies,
        extra=extra,
    )
    return assessed


def assess_pack(
    *,
    scores: Sequence[NDArray[np.floating]] | NDArray[np.floating],
    labels: Labels,
    validation_scores: Sequence[NDArray[np.floating]] | NDArray[np.floating],
    validation_labels: Labels,
    priors: Sequence[NDArray[np.floating]] | NDArray[np.floating],
    training_counts: NDArray[np.int64],
    decided: Sequence[Labels | None] | None = None,
    policies: Sequence[str] = POLICIES,
    extra: Mapping[str, ExtraMetric] | None = None,
    with_validation: bool = False,
) -> list[Assessment]:
    """Score K cells of one block together: they share labels and training counts.

    The assessment of a cell is the same to the last bit whatever its neighbours. Scores are rounded to float32 first,
    as they are stored, so that a stored cell scores the same.

    Args:
        scores: K times (n, C) scores of the test rows, or one array (K, n, C).
        labels: (n,) test labels.
        validation_scores: K times (m, C), or one array (K, m, C).
        validation_labels: (m,).
        priors: K times (C,), or one array (K, C).
        training_counts: (C,) training rows per class.
        decided: K times the strategy's own decisions (n,), or None where it decided nothing; None if no cell did.
        policies: as for `assess`.
        extra: as for `assess`; called cell by cell.
        with_validation: whether to measure the validation rows as well.

    Returns:
        One assessment a cell, in the order of `scores`.

    Raises:
        ValueError: not as many of each as there are scores; malformed scores, decisions, labels or prior, with the
            number of the cell if there are several.
        UsageError: unknown policy.
    """
    decided = [None] * len(scores) if decided is None else decided
    numbers = [len(scores), len(validation_scores), len(priors), len(decided)]
    if len(set(numbers)) > 1:
        raise ValueError(f"expected scores, validation scores, priors and decisions of as many cells, got {numbers}")
    for name in policies:
        describe(name)
    n_classes = len(training_counts)
    require("labels", check_decided(labels, len(labels), n_classes))
    require("validation labels", check_decided(validation_labels, len(validation_labels), n_classes))
    shared = Shared(
        labels, validation_labels, np.asarray(training_counts), tuple(policies), extra or {}, with_validation
    )
    names = [f"cell {k}: " if len(scores) > 1 else "" for k in range(len(scores))]
    step = max(1, SCORES_AT_ONCE // max(1, n_classes * max(len(labels), len(validation_labels))))
    assessed: list[Assessment] = []
    for first in range(0, len(scores), step):
        part = slice(first, first + step)
        cells = Cells.of(shared, names[part], scores[part], validation_scores[part], priors[part], decided[part])
        assessed += assess_together(shared, cells)
    return assessed
