"""The cost lane, as a worker runs it: one strategy alone, timed in turns with plain training on the same data."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info

from imbench.data.block import Floats, TrainingData
from imbench.matrix.cell import Budget
from imbench.plugin.registry import Registry
from imbench.strategy.compose import Composed, build
from imbench.strategy.recipe import Predictor
from imbench.training.energy import Counter, counters, joules_between
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.meters import contention, peak_memory, pinned, use
from imbench.training.pack import fit_alone
from imbench.training.places import backbone_for, device_of
from imbench.training.rehead import rehead
from imbench.training.request import BASELINE, CostRequest, Report, Request, Work
from imbench.training.trained import Trained

__all__ = ["run"]

#: Steps of a timed training; its seconds are scaled to the whole budget. Enough to drown the start-up.
TIMED_STEPS = 100
#: Steps of the warm-up, which is never timed.
WARM_STEPS = 16
#: Rows of a timed predict call, and calls per repeat: one call takes milliseconds, so their median is taken.
PREDICT_ROWS = 4096
PREDICT_CALLS = 5
#: Predict calls with one row, per repeat: so many, or until they took so many seconds, but at least the last number.
SINGLE_CALLS, SINGLE_SECONDS, SINGLE_LEAST = 25, 0.01, 5


def run(request: Request, items: Sequence[Work], report: Report) -> None:
    """Time each item against the baseline in the order A B A B …; answer figures per repeat and what else was seen."""
    registry = request.registry()
    for item in items:
        cell: CostRequest = item.payload
        report.working(item.id, f"timing {cell.strategy}")
        try:
            data = request.blocks[cell.block]
            baseline = _Timed(request, registry, build(registry.strategies, BASELINE), data)
            strategy = _Timed(request, registry, build(registry.strategies, cell.strategy), data)
            report.outcome(item.id, _measure(baseline, strategy, cell.repeats), {})
        except Exception as error:  # foreign code
            report.error(item.id, error)


def _measure(baseline: _Timed, strategy: _Timed, repeats: int) -> dict[str, Any]:
    device, threads = device_of(strategy.request.device), torch.get_num_threads()
    if device.type == "cuda":
        torch.zeros(1, device=device)  # what its driver takes for itself is nobody's peak
    with pinned(threads, device) as cores:
        # in the warm-up, while the process has trained nothing: later runs reuse what the allocator holds and seem to
        # need nothing. A few steps allocate what many do.
        with peak_memory(device) as peak:
            strategy.once(_Watch(device), warm=True)
            peak_bytes, peak_device_bytes = peak()
        baseline.once(_Watch(device), warm=True)
        found = counters(device)
        a_runs, b_runs = [], []
        before = use()
        for _ in range(repeats):
            a_runs.append(baseline.once(_Watch(device)))
            b_runs.append(strategy.once(_Watch(device, found)))
        seen = contention(before, use(), threads)
    return {
        **_figures(a_runs, b_runs),
        "rows": PREDICT_ROWS,
        "repeats": repeats,
        "peak_bytes": peak_bytes,
        "peak_device_bytes": peak_device_bytes,
        "joules": _joules(b_runs) if found else None,
        "contended": seen.contended,
        "machine": {
            "threads": threads,
            "pools": {pool["prefix"]: pool["num_threads"] for pool in threadpool_info()},
            "pinned_to": cores,
            "energy": [counter.name for counter in found],
            **({"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}),
            **{name: value for name, value in asdict(seen).items() if name != "contended"},
        },
    }


def _figures(a_runs: Sequence[_Run], b_runs: Sequence[_Run]) -> dict[str, Any]:
    """Medians and spreads of the parts, one-row latencies, and the paired ratios of strategy to baseline."""
    singles = [second for run in b_runs for second in run.singles]
    pairs = list(zip(a_runs, b_runs, strict=True))
    return {
        "seconds": _medians(b_runs),
        "baseline": _medians(a_runs),
        "spread": {part: _spread([run.seconds[part] for run in b_runs]) for part in b_runs[0].seconds},
        "ratios": {
            part: [run[part] / base[part] for base, run in pairs] for part in ("train", "predict", "predict_one")
        },
        "latency_p95": float(np.quantile(singles, 0.95)),
        "latency_calls": len(singles),
    }


def _medians(runs: Sequence[_Run]) -> dict[str, float]:
    return {part: statistics.median(run.seconds[part] for run in runs) for part in runs[0].seconds}


def _spread(values: Sequence[float]) -> float:
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle > 0 else 0.0


def _joules(runs: Sequence[_Run]) -> dict[str, float] | None:
    """Means over the repeats, since counters move in steps; None if a counter stood still for all of a part."""
    means = {part: statistics.fmean(run.joules[part] for run in runs) for part in ("fit", "predict")}
    return means if all(value > 0 for value in means.values()) else None


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One timed run.

    Attributes:
        seconds: part → seconds: ``resample``, ``fit``, ``predict`` (PREDICT_ROWS rows), ``predict_one`` (one row).
        joules: part → joules, of ``fit`` and ``predict``, both for what ``seconds`` counts; 0 without counters.
        singles: seconds of each predict call with one row.
    """

    seconds: Mapping[str, float]
    joules: Mapping[str, float]
    singles: Sequence[float]

    def __getitem__(self, part: str) -> float:
        """Seconds of a part, or of ``train``, which is resampling and fit."""
        return self.seconds["resample"] + self.seconds["fit"] if part == "train" else self.seconds[part]


@dataclass(eq=False)
class _Watch:
    """A stop watch that also reads energy counters, outside of what it times."""

    device: torch.device
    counters: Sequence[Counter] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    joules: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        before = [counter.read() for counter in self.counters]
        start = _now(self.device)
        yield
        self.seconds[name] = _now(self.device) - start
        self.joules[name] = joules_between(self.counters, before, [counter.read() for counter in self.counters])


@dataclass(eq=False)
class _Timed:
    """One strategy on one block, ready to be timed again and again."""

    request: Request
    registry: Registry
    composed: Composed
    data: TrainingData

    def once(self, watch: _Watch, *, warm: bool = False) -> _Run:
        """Time resampling, fitting (steps scaled to the whole budget), and predicting PREDICT_ROWS rows and one row."""
        with watch.part("resample"):
            rows = resample(self.data, self.composed.recipe)
        member = Member(recipe=self.composed.recipe.training(), data=self.data, rows=rows)
        predict: Predictor
        scale = 1.0
        with watch.part("fit"):
            if self.composed.fit is not None:
                predict, _ = fit_alone(self.request, self.registry, self.data, self.composed, rows)
            else:
                budget = self.request.budget
                steps = min(WARM_STEPS if warm else TIMED_STEPS, budget.steps)
                backbone = backbone_for(self.registry, self.request.backbone, self.data)
                (trained,) = train_pack([member], backbone, _shortened(budget, steps), watch.device)
                if isinstance(trained, Exception):
                    raise trained
                predict, scale = trained, budget.steps / steps
        with watch.part("transform"):
            if isinstance(predict, Trained) and (transform := self.composed.recipe.transform_head) is not None:
                predict = rehead(predict, member, transform)
        many = partial(predict, _tiled(self.data.x_test))
        calls = 1 if warm else PREDICT_CALLS
        with watch.part("predict"):
            predicts = [_seconds(many, watch.device) for _ in range(calls)]
        one = partial(predict, self.data.x_test[:1].copy())
        singles = [_seconds(one, watch.device)] if warm else _singles(one, watch.device)
        return _Run(
            seconds={
                "resample": watch.seconds["resample"],
                "fit": watch.seconds["fit"] * scale + watch.seconds["transform"],
                "predict": statistics.median(predicts),
                "predict_one": statistics.median(singles),
            },
            joules={
                "fit": watch.joules["fit"] * scale + watch.joules["transform"],
                "predict": watch.joules["predict"] / calls,
            },
            singles=singles,
        )


def _singles(call: Callable[[], object], device: torch.device) -> list[float]:
    """Seconds of each of many short calls; the first is not counted, it meets cold caches."""
    call()
    singles: list[float] = []
    while len(singles) < SINGLE_LEAST or (len(singles) < SINGLE_CALLS and sum(singles) < SINGLE_SECONDS):
        singles.append(_seconds(call, device))
    return singles


def _shortened(budget: Budget, steps: int) -> Budget:
    """The budget with fewer steps and the same share of looks at validation."""
    return replace(budget, steps=steps, evaluations=round(budget.evaluations * steps / budget.steps))


def _tiled(x: Floats) -> Floats:
    repeats = -(-PREDICT_ROWS // max(len(x), 1))
    return np.tile(x, (repeats, 1))[:PREDICT_ROWS]


def _seconds(call: Callable[[], object], device: torch.device) -> float:
    start = _now(device)
    call()
    return _now(device) - start


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
