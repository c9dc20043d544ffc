"""The cost lane, as a worker runs it: one strategy alone, timed in turns with plain training on the same data."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from imbench.data.block import Floats, TrainingData
from imbench.matrix.cell import Budget
from imbench.plugin.registry import Registry
from imbench.strategy.compose import Composed, build
from imbench.strategy.recipe import Predictor
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.pack import fit_alone
from imbench.training.places import backbone_for, device_of
from imbench.training.request import BASELINE, CostRequest, Report, Request, Work

__all__ = ["run"]

#: Steps of a timed training; its seconds are scaled to the whole budget. Enough to drown the start-up.
TIMED_STEPS = 100
#: Steps of the warm-up, which is never timed.
WARM_STEPS = 16
#: Rows of a timed predict call, and calls per repeat: one call takes milliseconds, so their median is taken.
PREDICT_ROWS = 4096
PREDICT_CALLS = 7


def run(request: Request, items: Sequence[Work], report: Report) -> None:
    """Time each item against the baseline in the order A B A B …; answer medians, spreads and peak memory."""
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
    load_before = psutil.getloadavg()[0]
    # in the warm-up, while the process has trained nothing: later runs reuse what the allocator holds and seem to
    # need nothing. A few steps allocate what many do.
    with _peak_memory() as peak:
        strategy.once(warm=True)
        peak_bytes = peak()
    baseline.once(warm=True)
    a_runs, b_runs = [], []
    for _ in range(repeats):
        a_runs.append(baseline.once())
        b_runs.append(strategy.once())
    return {
        "seconds": _medians(b_runs),
        "baseline": _medians(a_runs),
        "spread": {part: _spread([run[part] for run in b_runs]) for part in b_runs[0]},
        "rows": PREDICT_ROWS,
        "repeats": repeats,
        "peak_bytes": peak_bytes,
        "machine": {
            "threads": torch.get_num_threads(),
            "load_before": round(load_before, 2),
            "load_after": round(psutil.getloadavg()[0], 2),
        },
    }


def _medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {part: statistics.median(run[part] for run in runs) for part in runs[0]}


def _spread(values: Sequence[float]) -> float:
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle > 0 else 0.0


@dataclass(eq=False)
class _Timed:
    """One strategy on one block, ready to be timed again and again."""

    request: Request
    registry: Registry
    composed: Composed
    data: TrainingData

    def once(self, *, warm: bool = False) -> dict[str, float]:
        """Seconds of resampling, fitting (scaled to the whole budget) and predicting PREDICT_ROWS rows."""
        device = device_of(self.request.device)
        budget = self.request.budget
        start = _now(device)
        rows = resample(self.data, self.composed.recipe)
        resampled = _now(device)
        predict: Predictor
        if self.composed.fit is not None:
            predict, _ = fit_alone(self.request, self.registry, self.data, self.composed, rows)
            scale = 1.0
        else:
            steps = min(WARM_STEPS if warm else TIMED_STEPS, budget.steps)
            member = Member(recipe=self.composed.recipe.training(), data=self.data, rows=rows)
            backbone = backbone_for(self.registry, self.request.backbone, self.data)
            (trained,) = train_pack([member], backbone, _shortened(budget, steps), device)
            if isinstance(trained, Exception):
                raise trained
            predict, scale = trained, budget.steps / steps
        fitted = _now(device)
        many = _tiled(self.data.x_test)
        predicts = [_seconds(partial(predict, many), device) for _ in range(1 if warm else PREDICT_CALLS)]
        return {
            "resample": resampled - start,
            "fit": (fitted - resampled) * scale,
            "predict": statistics.median(predicts),
        }


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


@contextmanager
def _peak_memory() -> Iterator[Callable[[], int]]:
    """Yields a function that tells by how many bytes memory rose above its level at the start.

    On Linux the kernel's high-water mark is reset first; elsewhere it is the process's own maximum.
    """
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    if reset.exists():
        reset.write_text("5")
    level = psutil.Process().memory_info().rss

    def rise() -> int:
        if cuda:
            return int(torch.cuda.max_memory_allocated())
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return max(int(line.split()[1]) * 1024 - level, 0)
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - level, 0)

    yield rise
