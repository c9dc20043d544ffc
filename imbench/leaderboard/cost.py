"""Cost columns: what the cost lane measured, relative to ``erm`` on the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from imbench.results.result import CostRecord

__all__ = ["Cost", "cost_by_strategy", "cost_notes"]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Cost of a strategy over all datasets it was timed on; None where there is no figure.

    Attributes:
        train_speed: geometric mean over datasets of ``erm``'s seconds (resampling + fit) / the strategy's.
        predict_speed: the same for prediction.
        rows_per_second: geometric mean over datasets of rows predicted per second.
        peak_mib: largest peak over datasets, in MiB.
    """

    train_speed: float | None = None
    predict_speed: float | None = None
    rows_per_second: float | None = None
    peak_mib: float | None = None


def cost_by_strategy(costs: Sequence[CostRecord], device: str) -> dict[str, Cost]:
    """Strategy → its cost on a device class. Records without figures are left out; order does not matter."""
    records: dict[str, dict[str, list[CostRecord]]] = {}
    for record in costs:
        if record.device == device and not record.reason:
            records.setdefault(record.strategy, {}).setdefault(record.dataset, []).append(record)
    return {
        strategy: Cost(
            train_speed=_mean(sets, lambda r: _ratio(_train(r.baseline), _train(r.seconds))),
            predict_speed=_mean(sets, lambda r: _ratio(r.baseline.get("predict"), r.seconds.get("predict"))),
            rows_per_second=_mean(sets, lambda r: _ratio(r.rows, r.seconds.get("predict"))),
            peak_mib=max(record.peak_bytes for group in sets.values() for record in group) / 2**20,
        )
        for strategy, sets in records.items()
    }


def cost_notes(costs: Sequence[CostRecord], device: str) -> list[str]:
    """What a reader must know of the cost columns."""
    here = [record for record in costs if record.device == device]
    contended = sum(record.contended for record in here)
    notes = []
    if contended:
        notes.append(f"cost: {contended} of {len(here)} measurements were taken while something else was running")
    missing = sorted({(r.strategy, r.dataset, r.reason) for r in here if r.reason})
    notes += [f"cost of {strategy} on {dataset}: none ({reason})" for strategy, dataset, reason in missing]
    return notes


def _train(seconds: Mapping[str, float]) -> float | None:
    return seconds["fit"] + seconds.get("resample", 0.0) if "fit" in seconds else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below and above > 0 and below > 0 else None


def _mean(sets: Mapping[str, Iterable[CostRecord]], figure: Callable[[CostRecord], float | None]) -> float | None:
    """Geometric mean within a dataset, then over datasets; None without a figure."""
    means = []
    for _, records in sorted(sets.items()):
        found = sorted(value for value in map(figure, records) if value is not None)
        if found:
            means.append(geometric_mean(found))
    return geometric_mean(means) if means else None
