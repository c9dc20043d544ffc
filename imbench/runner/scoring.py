"""Outcome of a worker + test labels of the parent → Result."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from imbench.execution.job import Outcome
from imbench.results.result import Result
from imbench.runner.jobs import Pending
from imbench.scoring.assess import assess, check_decided, check_scores
from imbench.scoring.probability import score_metrics

__all__ = ["result_of", "skipped"]

Extra = Mapping[str, Callable[[Any, Any], float]]


def result_of(
    pending: Pending, outcome: Outcome, *, policies: Sequence[str], extra: Extra, common: Mapping[str, Any]
) -> Result:
    """Judge one outcome. Whatever a worker sent, this returns a Result.

    Args:
        pending: the cell and its block with the test labels.
        outcome: what the worker sent, or why it sent nothing.
        policies: decision policies to report.
        extra: metrics of plugins.
        common: fields that the run knows (plugins, device, data, origin, task).
    """
    fields: dict[str, Any] = {
        "key": pending.key,
        "cell": pending.cell,
        "realised": asdict(pending.block.realised),
        "seconds": round(outcome.seconds, 4),
        **common,
    }
    if outcome.status != "ok":
        return Result(status=outcome.status, reason=outcome.reason, log=outcome.log, **fields)
    reason = _fault(pending, outcome)
    if reason:
        return Result(status="failed", reason=reason, log=outcome.log, notes=_notes(outcome), **fields)
    data, arrays = pending.block.data, outcome.arrays
    counts = data.counts
    assessed = assess(
        scores=arrays["test"].astype(np.float32),
        labels=pending.block.y_test,
        validation_scores=arrays["validation"].astype(np.float32),
        validation_labels=data.y_validation,
        prior=np.asarray(outcome.header["prior"], dtype=np.float64),
        training_counts=counts,
        decided=arrays["decided"].astype(np.int64) if "decided" in arrays else None,
        policies=policies,
        extra=extra,
    )
    last: dict[str, float | None] = {}
    if "last" in arrays:
        measured = score_metrics(arrays["last"].astype(np.float32), pending.block.y_test, training_counts=counts)
        last = {name: None if np.isnan(value) else value for name, value in measured.values.items()}
    noop = str(outcome.header.get("noop", ""))
    return Result(
        status="noop" if noop else "ok",
        reason=noop,
        metrics=assessed.metrics,
        decisions=assessed.decisions,
        last=last,
        undefined=assessed.undefined,
        notes={**_notes(outcome), "policies": assessed.policies},
        **fields,
    )


def skipped(pending_key: str, cell: Any, reason: str, common: Mapping[str, Any]) -> Result:
    """A cell that the data or the task rule out."""
    return Result(key=pending_key, cell=cell, status="skipped", reason=reason, **common)


def _fault(pending: Pending, outcome: Outcome) -> str:
    """Why an outcome cannot be scored, or an empty string."""
    data, arrays = pending.block.data, outcome.arrays
    for name, rows in (("test", len(data.x_test)), ("validation", len(data.x_validation)), ("last", len(data.x_test))):
        if name not in arrays:
            if name != "last":
                return f"the worker sent no {name} scores"
            continue
        if reason := check_scores(arrays[name], rows, data.n_classes):
            return f"{name} scores: {reason}"
    if "decided" in arrays and (reason := check_decided(arrays["decided"], len(data.x_test), data.n_classes)):
        return f"decisions: {reason}"
    prior = outcome.header.get("prior")
    if not isinstance(prior, list) or len(prior) != data.n_classes or not all(isinstance(p, float) for p in prior):
        return "the worker sent no prior"
    values = np.asarray(prior)
    if not np.isfinite(values).all() or (values < 0).any() or abs(values.sum() - 1) > 1e-6:
        return "the worker sent a prior that does not sum to one"
    return ""


def _notes(outcome: Outcome) -> dict[str, Any]:
    notes = outcome.header.get("notes")
    return {str(name): _plain(value) for name, value in notes.items()} if isinstance(notes, dict) else {}


def _plain(value: Any) -> Any:
    """A note as strict JSON holds it: a strategy that notes NaN costs nobody their run."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
