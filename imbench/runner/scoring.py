"""Outcome of a worker, or what is stored of it, + test labels of the parent → Result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench.data.block import Block
from imbench.errors import one_line
from imbench.execution.job import Outcome
from imbench.matrix.seeds import digest
from imbench.plugin.registry import Registry
from imbench.plugin.specs import MetricSpec, resolve
from imbench.results.result import Result
from imbench.runner.jobs import Pending
from imbench.runner.provenance import provenance
from imbench.scoring.assess import ExtraMetric, assess_pack, check_decided, check_scores
from imbench.scoring.columns import columns_of
from imbench.scoring.probability import pack_score_metrics

__all__ = ["SCORING_VERSION", "Returned", "Scoring", "judge", "kept", "results_of", "scoring_of", "skipped"]

#: Raise it whenever `judge` makes other figures of the same scores and labels: stored results are then scored again.
SCORING_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What scores are judged by.

    Attributes:
        policies: decision policies to report.
        extra: metrics of plugins.
        sources: metric of a plugin → distribution, version and source digest.
        validation: whether the validation rows are measured too, so that configurations can be chosen by them.
    """

    policies: Sequence[str]
    extra: Mapping[str, ExtraMetric] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    validation: bool = False

    @cached_property
    def digest(self) -> str:
        """Equal for two results: the same scores gave the same figures."""
        policies = sorted(set(self.policies))
        more = {"validation": True} if self.validation else {}
        return digest({"version": SCORING_VERSION, "policies": policies, "metrics": dict(self.sources), **more})

    @cached_property
    def enough(self) -> frozenset[str]:
        """Digests of results that need not be scored again: this one, and the one that measures validation besides."""
        return frozenset({self.digest, replace(self, validation=True).digest})


def scoring_of(policies: Sequence[str], registry: Registry, *, validation: bool = False) -> Scoring:
    """Scoring by these policies and the metrics of all plugins. A metric that cannot be loaded is undefined."""
    extra: dict[str, ExtraMetric] = {}
    sources: dict[str, str] = {}
    for offer in registry.metrics:
        name, dist = offer.spec.name, offer.origin.dist
        extra[name], fault = _loaded(offer.spec)
        # the fault too: once it is repaired the metric has a value
        sources[name] = " ".join(filter(None, (dist, provenance([offer.origin])[dist], fault)))
    return Scoring(policies=policies, extra=extra, sources=sources, validation=validation)


def _loaded(spec: MetricSpec) -> tuple[ExtraMetric, str]:
    """A metric and why it cannot be loaded; it then raises that whenever it is called."""
    try:
        return resolve(spec.compute), ""
    except Exception as error:  # foreign code; `assess` reports what it raises as the reason of every cell
        fault = error

    def absent(*_: NDArray[Any]) -> float:
        raise fault.with_traceback(None)

    return absent, one_line(fault)


@dataclass(frozen=True, kw_only=True, eq=False)
class Returned:
    """What came back for a cell.

    Attributes:
        pending: the cell and its block with the test labels.
        outcome: what the worker sent, or why it sent nothing.
        common: fields that the run knows (plugins, device, data, origin, task).
    """

    pending: Pending
    outcome: Outcome
    common: Mapping[str, Any]


def results_of(returned: Sequence[Returned], scoring: Scoring) -> list[Result]:
    """Judge outcomes, those of one block together. Whatever a worker sent, this returns a Result for each."""
    results = [_received(each) for each in returned]
    blocks: dict[int, list[int]] = {}
    for number, result in enumerate(results):
        if result.done:
            blocks.setdefault(id(returned[number].pending.block), []).append(number)
    for numbers in blocks.values():
        block = returned[numbers[0]].pending.block
        arrays = [kept(returned[number].outcome) for number in numbers]
        judged = judge([results[number] for number in numbers], block, arrays, scoring)
        for number, result in zip(numbers, judged, strict=True):
            results[number] = result
    return results


def _received(returned: Returned) -> Result:
    """An outcome before its scores are judged; whether it is ``done`` is settled."""
    pending, outcome = returned.pending, returned.outcome
    fields: dict[str, Any] = {
        "key": pending.key,
        "cell": pending.cell,
        "realised": asdict(pending.block.realised),
        "seconds": round(outcome.seconds, 4),
        **returned.common,
    }
    if outcome.status != "ok":
        return Result(status=outcome.status, reason=outcome.reason, log=outcome.log, **fields)
    notes = _notes(outcome)
    if reason := _fault(pending, outcome):
        return Result(status="failed", reason=reason, log=outcome.log, notes=notes, **fields)
    noop = str(outcome.header.get("noop", ""))
    prior = tuple(outcome.header["prior"])
    return Result(status="noop" if noop else "ok", reason=noop, notes=notes, prior=prior, **fields)


def kept(outcome: Outcome) -> dict[str, NDArray[np.float32]]:
    """The arrays of an outcome that are stored: with the test labels all that `judge` needs."""
    known = (name for name in ("test", "validation", "last", "decided") if name in outcome.arrays)
    return {name: outcome.arrays[name].astype(np.float32, copy=False) for name in known}


def judge(
    results: Sequence[Result], block: Block, arrays: Sequence[Mapping[str, NDArray[np.float32]]], scoring: Scoring
) -> list[Result]:
    """Results of one block with the figures of their scores, whatever figures they had.

    Args:
        results: with their priors and notes.
        block: their block, with the test labels.
        arrays: of each, as `kept` returns them, from a worker or from the store.
        scoring: what to judge by.
    """
    data = block.data
    assessed = assess_pack(
        scores=[each["test"] for each in arrays],
        labels=block.y_test,
        validation_scores=[each["validation"] for each in arrays],
        validation_labels=data.y_validation,
        priors=[np.asarray(result.prior, dtype=np.float64) for result in results],
        training_counts=data.counts,
        decided=[each["decided"].astype(np.int64) if "decided" in each else None for each in arrays],
        policies=scoring.policies,
        extra=scoring.extra,
        with_validation=scoring.validation,
    )
    return [
        replace(
            result,
            metrics=found.metrics,
            decisions=found.decisions,
            last=last,
            validation=found.validation,
            validation_decisions=found.validation_decisions,
            undefined=found.undefined,
            notes={**result.notes, "policies": found.policies},
            scored_with=scoring.digest,
        )
        for result, found, last in zip(results, assessed, _last_steps(block, arrays), strict=True)
    ]


def _last_steps(block: Block, arrays: Sequence[Mapping[str, NDArray[np.float32]]]) -> list[Mapping[str, float | None]]:
    """Score metrics of the last step, for cells whose validation selected another one; else nothing."""
    having = [number for number, each in enumerate(arrays) if "last" in each]
    found: list[Mapping[str, float | None]] = [{} for _ in arrays]
    if having:
        stacked = columns_of(np.stack([arrays[number]["last"] for number in having]))
        measured = pack_score_metrics(stacked, block.y_test, training_counts=block.data.counts)
        for number, values in zip(having, measured.cells(), strict=True):
            found[number] = values
    return found


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
