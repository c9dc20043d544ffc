"""Cells of one block assessed together: no loop over cells until their numbers are laid out for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Floats, Labels
from imbench.scoring.checks import check_decided, check_scores, require
from imbench.scoring.columns import Columns, columns_of, require_columns
from imbench.scoring.deciding import Codes
from imbench.scoring.decision import pack_decision_metrics
from imbench.scoring.plugged import ExtraMetric, extra_metrics
from imbench.scoring.policies import OWN, PackPolicy, describe, fit_pack, require_priors
from imbench.scoring.probability import pack_score_metrics

__all__ = ["Assessment", "Cells", "Shared", "assess_together"]

Arrays = Sequence[NDArray[np.floating]] | NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a cell is worth, ready for JSON.

    Attributes:
        metrics: score metric → value, None where undefined.
        decisions: policy → label metric → value, None where undefined.
        undefined: metric → why it is None. Label metrics are undefined under all policies or under none.
        policies: policy → what it did here (thresholds, fallbacks).
        validation: as ``metrics``, of the validation rows; empty if it was not asked for.
        validation_decisions: as ``decisions``, of the validation rows, which is where the policies were fitted; none
            of the strategy's own.
    """

    metrics: dict[str, float | None]
    decisions: dict[str, dict[str, float | None]]
    undefined: dict[str, str]
    policies: dict[str, str]
    validation: dict[str, float | None] = field(default_factory=dict)
    validation_decisions: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shared:
    """What all cells of a block share, checked: labels, training counts, and what is to be reported."""

    labels: Labels
    validation_labels: Labels
    training_counts: NDArray[np.int64]
    policies: tuple[str, ...]
    extra: Mapping[str, ExtraMetric]
    with_validation: bool


@dataclass(frozen=True, eq=False)
class Cells:
    """K cells as they are worked on, checked.

    Attributes:
        columns: (C, K, n) float32.
        validation: (C, K, m) float32.
        priors: (K, C).
        own: cell → labels (n,) that its strategy decided itself.
    """

    columns: Columns
    validation: Columns
    priors: NDArray[np.floating]
    own: Mapping[int, Labels]

    @classmethod
    def of(
        cls,
        shared: Shared,
        names: Sequence[str],
        scores: Arrays,
        validation_scores: Arrays,
        priors: Arrays,
        decided: Sequence[Labels | None],
    ) -> Cells:
        """Check and lay out; `names` start the errors of each cell.

        Raises:
            ValueError: malformed scores, prior or decisions.
        """
        rows, n_classes = len(shared.labels), len(shared.training_counts)
        test = _stacked([f"{name}scores" for name in names], scores, rows, n_classes)
        columns = columns_of(test)
        require_columns([f"{name}scores" for name in names], columns)
        what = [f"{name}validation scores" for name in names]
        validation = columns_of(_stacked(what, validation_scores, len(shared.validation_labels), n_classes))
        require_columns(what, validation)
        for name, prior in zip(names, priors, strict=True):
            if np.shape(prior) != (n_classes,):
                raise ValueError(f"{name}prior: expected {n_classes} numbers, got shape {np.shape(prior)}")
        stacked = np.asarray(priors)
        require_priors([f"{name}prior" for name in names], stacked)
        own = {k: labels for k, labels in enumerate(decided) if labels is not None}
        for k, labels in own.items():
            require(f"{names[k]}own decisions", check_decided(labels, rows, n_classes))
        return cls(columns, validation, stacked, own)


def _stacked(what: Sequence[str], arrays: Arrays, rows: int, n_classes: int) -> Floats:
    """(K, rows, n_classes) float32."""
    for name, array in zip(what, arrays, strict=True):
        if np.shape(array) != (rows, n_classes):
            require(name, check_scores(array, rows, n_classes))
    return np.asarray(arrays, dtype=np.float32)


def assess_together(shared: Shared, cells: Cells) -> list[Assessment]:
    """One assessment a cell, in order."""
    fitted = {
        name: fit_pack(name, cells.validation, shared.validation_labels, cells.priors) for name in shared.policies
    }
    rules = {name: policy.described() for name, policy in fitted.items()}
    test = _measured(shared, fitted, cells.columns, shared.labels, cells.own)
    validation = (
        _measured(shared, fitted, cells.validation, shared.validation_labels, {}) if shared.with_validation else None
    )
    return [
        Assessment(
            metrics=test.metrics[k],
            decisions={name: found[k] for name, found in test.decisions.items() if k in found},
            undefined=test.undefined[k],
            policies={name: lines[k] for name, lines in rules.items()}
            | ({OWN: describe(OWN)} if k in cells.own else {}),
            validation=validation.metrics[k] if validation else {},
            validation_decisions={n: found[k] for n, found in validation.decisions.items()} if validation else {},
        )
        for k in range(len(cells.priors))
    ]


@dataclass(frozen=True, eq=False)
class _Figures:
    """Metrics of K cells on one part of the data: by cell; by policy and cell; and why some are None, by cell."""

    metrics: list[dict[str, float | None]]
    decisions: dict[str, dict[int, dict[str, float | None]]]
    undefined: list[dict[str, str]]


def _measured(
    shared: Shared, fitted: Mapping[str, PackPolicy], columns: Columns, labels: Labels, own: Mapping[int, Labels]
) -> _Figures:
    """All metrics of columns (C, K, n) and labels (n,)."""
    measured = pack_score_metrics(columns, labels, training_counts=shared.training_counts)
    decisions = {name: policy.decide(columns) for name, policy in fitted.items()}
    by_policy, undefined = _decided(shared, decisions, columns.shape[1], labels, own)
    taken = {
        *measured.names,
        *undefined,
        *(name for found in by_policy.values() for each in found.values() for name in each),
    }
    plugged = [
        extra_metrics(shared.extra, columns[:, k].T.copy(), labels, taken=taken) for k in range(columns.shape[1])
    ]
    return _Figures(
        [metrics | more.jsonable() for metrics, more in zip(measured.cells(), plugged, strict=True)],
        by_policy,
        [{**measured.undefined, **more.undefined, **undefined} for more in plugged],
    )


def _decided(
    shared: Shared, decisions: Mapping[str, Codes], cells: int, labels: Labels, own: Mapping[int, Labels]
) -> tuple[dict[str, dict[int, dict[str, float | None]]], Mapping[str, str]]:
    """Policy → cell → label metrics, and why some are undefined. All policies are counted in one go."""
    sources = [(name, k) for name in decisions for k in range(cells)] + [(OWN, k) for k in own]
    if not sources:
        return {}, {}
    predicted = np.concatenate([*decisions.values(), *(decided.astype(np.int64)[None] for decided in own.values())])
    found = pack_decision_metrics(predicted, labels, training_counts=shared.training_counts)
    by_policy: dict[str, dict[int, dict[str, float | None]]] = {}
    for (name, k), metrics in zip(sources, found.cells(), strict=True):
        by_policy.setdefault(name, {})[k] = metrics
    return by_policy, found.undefined
