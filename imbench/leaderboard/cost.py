"""Cost columns: what the cost lane measured, relative to ``erm`` on the same data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from statistics import geometric_mean, median

from imbench.leaderboard.standing import letters
from imbench.results.result import CostRecord

__all__ = ["MARGIN", "Cost", "cost_by_strategy", "cost_notes", "tie_groups"]

#: Half width of the narrowest interval, relative: what two processes that do the same differ by (docs/metrics.md).
MARGIN = 0.03

Interval = tuple[float, float]
Datasets = Mapping[str, Sequence[CostRecord]]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Cost of a strategy over all datasets it was timed on; None where there is no figure.

    Attributes:
        train_speed: geometric mean over datasets of ``erm``'s seconds (resampling + fit) / the strategy's.
        train_low, train_high: interval of it, see `docs/metrics.md`.
        train_tie: letter of the tie group, ``a`` the fastest; empty without an interval.
        predict_speed, predict_low, predict_high, predict_tie: the same for prediction of many rows.
        rows_per_second: geometric mean over datasets of rows predicted per second.
        latency_us: geometric mean over datasets of the median microseconds of a call with one row.
        latency_p95_us: the same of their 95th percentile.
        latency_speed: geometric mean over datasets of ``erm``'s median latency / the strategy's.
        peak_mib: largest peak of the process over datasets, in MiB.
        peak_device_mib: the same on the device.
        fit_joules, predict_joules: geometric means over datasets.
    """

    train_speed: float | None = None
    train_low: float | None = None
    train_high: float | None = None
    train_tie: str = ""
    predict_speed: float | None = None
    predict_low: float | None = None
    predict_high: float | None = None
    predict_tie: str = ""
    rows_per_second: float | None = None
    latency_us: float | None = None
    latency_p95_us: float | None = None
    latency_speed: float | None = None
    peak_mib: float | None = None
    peak_device_mib: float | None = None
    fit_joules: float | None = None
    predict_joules: float | None = None


def cost_by_strategy(costs: Sequence[CostRecord], device: str) -> dict[str, Cost]:
    """Strategy → its cost on a device class. Records without figures are left out; order does not matter."""
    records: dict[str, dict[str, list[CostRecord]]] = {}
    for record in costs:
        if record.device == device and not record.reason:
            records.setdefault(record.strategy, {}).setdefault(record.dataset, []).append(record)
    found = {strategy: _cost(_best(sets)) for strategy, sets in records.items()}
    train = tie_groups({name: _pair(cost.train_low, cost.train_high) for name, cost in found.items()})
    predict = tie_groups({name: _pair(cost.predict_low, cost.predict_high) for name, cost in found.items()})
    return {
        name: replace(cost, train_tie=train.get(name, ""), predict_tie=predict.get(name, ""))
        for name, cost in found.items()
    }


def tie_groups(speeds: Mapping[str, Interval | None]) -> dict[str, str]:
    """Name → letter of those that have an interval of their speed, ``a`` the fastest.

    Intervals that overlap are in one group, and so is what they are linked by: all intervals of one group are apart
    from all of another. Neither the order of the names nor a common factor changes the groups.
    """
    known = sorted(((high, low, name) for name, (low, high) in _known(speeds)), reverse=True)
    ties: dict[str, str] = {}
    group, reached = -1, float("inf")
    for high, low, name in known:
        group += not ties or high < reached
        reached = min(low, reached)
        ties[name] = letters(group)
    return ties


def cost_notes(costs: Sequence[CostRecord], device: str) -> list[str]:
    """What a reader must know of the cost columns."""
    here = [record for record in costs if record.device == device]
    contended = sum(record.contended for record in here)
    notes = []
    if contended:
        notes.append(f"cost: {contended} of {len(here)} measurements were taken while something else was running")
    blind = [str(record.machine["unknown"]) for record in here if record.machine.get("unknown")]
    if blind:
        notes.append(f"cost: whether something else was running is not known of {len(blind)} measurements ({blind[0]})")
    missing = sorted({(r.strategy, r.dataset, r.reason) for r in here if r.reason})
    notes += [f"cost of {strategy} on {dataset}: none ({reason})" for strategy, dataset, reason in missing]
    return notes


def _best(sets: Datasets) -> Datasets:
    """Where some records of a dataset hold repeats and others, of earlier versions, do not: the former."""
    return {name: [record for record in group if record.ratios] or group for name, group in sets.items()}


def _cost(sets: Datasets) -> Cost:
    train, predict = _interval(sets, "train"), _interval(sets, "predict")
    device_peaks = [r.peak_device_bytes for group in sets.values() for r in group if r.peak_device_bytes is not None]
    return Cost(
        train_speed=_mean(sets, lambda r: _speed(r, "train", _train(r.baseline), _train(r.seconds))),
        train_low=train and train[0],
        train_high=train and train[1],
        predict_speed=_mean(sets, lambda r: _speed(r, "predict", r.baseline.get("predict"), r.seconds.get("predict"))),
        predict_low=predict and predict[0],
        predict_high=predict and predict[1],
        rows_per_second=_mean(sets, lambda r: _ratio(r.rows, r.seconds.get("predict"))),
        latency_us=_mean(sets, lambda r: _times(r.seconds.get("predict_one"), 1e6)),
        latency_p95_us=_mean(sets, lambda r: _times(r.latency_p95, 1e6)),
        latency_speed=_mean(sets, lambda r: _speed(r, "predict_one", None, None)),
        peak_mib=max(record.peak_bytes for group in sets.values() for record in group) / 2**20,
        peak_device_mib=max(device_peaks) / 2**20 if device_peaks else None,
        fit_joules=_mean(sets, lambda r: _times((r.joules or {}).get("fit"), 1.0)),
        predict_joules=_mean(sets, lambda r: _times((r.joules or {}).get("predict"), 1.0)),
    )


def _speed(record: CostRecord, part: str, baseline: float | None, own: float | None) -> float | None:
    """Of the paired ratios, whose drift cancels; of the medians where a record has no ratios."""
    ratios = record.ratios.get(part)
    return _ratio(1.0, median(ratios)) if ratios else _ratio(baseline, own)


def _interval(sets: Datasets, part: str) -> Interval | None:
    """Interval of a speed: ends are geometric means over datasets of the ends. None if a dataset has no two repeats."""
    ends = []
    for _, group in sorted(sets.items()):
        each = [_ends(record.ratios.get(part, ()), max(MARGIN, _held_up(record))) for record in group]
        known = [pair for pair in each if pair is not None]
        if not known:
            return None
        ends.append([_geometric(column) for column in zip(*known, strict=True)])
    low, high = (_geometric(column) for column in zip(*ends, strict=True))
    return low, high


def _ends(ratios: Sequence[float], margin: float) -> Interval | None:
    """The range of 1/ratio over the repeats, no narrower than a relative margin on either side of the middle one."""
    if len(ratios) < 2 or not all(isfinite(ratio) and ratio > 0 for ratio in ratios):
        return None
    middle = median(ratios)
    return 1 / max(*ratios, middle * (1 + margin)), 1 / min(*ratios, middle / (1 + margin))


def _held_up(record: CostRecord) -> float:
    """Share of the timed section in which we waited for a core; what others used of ours where that is not known."""
    waited, others = record.machine.get("waited"), record.machine.get("others")
    return float(waited if waited is not None else (others or 0.0) if record.contended else 0.0)


def _pair(low: float | None, high: float | None) -> Interval | None:
    return None if low is None or high is None else (low, high)


def _known(speeds: Mapping[str, Interval | None]) -> list[tuple[str, Interval]]:
    return [(name, interval) for name, interval in speeds.items() if interval is not None]


def _train(seconds: Mapping[str, float]) -> float | None:
    return seconds["fit"] + seconds.get("resample", 0.0) if "fit" in seconds else None


def _times(value: float | None, factor: float) -> float | None:
    return value * factor if value and value > 0 else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below and above > 0 and below > 0 else None


def _mean(sets: Datasets, figure: Callable[[CostRecord], float | None]) -> float | None:
    """Geometric mean within a dataset, then over datasets; None without a figure."""
    means = []
    for _, records in sorted(sets.items()):
        found = [value for value in map(figure, records) if value is not None]
        if found:
            means.append(_geometric(found))
    return _geometric(means) if means else None


def _geometric(values: Sequence[float]) -> float:
    """Geometric mean, whatever the order of the values; of one value, itself to the last bit."""
    return values[0] if len(values) == 1 else geometric_mean(sorted(values))
