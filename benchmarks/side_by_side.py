"""Contestants in turns, A B A B …, in one process: medians, ratio and spread, for pytest-benchmark."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from imbench.training.measure import Turns

Clock = Callable[[], float]


def side_by_side(
    benchmark: Any, calls: Mapping[str, Callable[[], object]], *, repeats: int = 5, clock: Clock = time.process_time
) -> Turns:
    """Time calls in turns; the last one is what pytest-benchmark shows (wall time), the others run before each round.

    Args:
        benchmark: the fixture.
        calls: contestant → what to time.
        repeats: turns that count; one before them does not.
        clock: seconds, as `imbench.training.measure.in_turns` takes them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    *before, last = calls

    def timed(name: str) -> None:
        start = clock()
        calls[name]()
        seconds[name].append(clock() - start)

    def others() -> None:
        for name in before:
            timed(name)

    benchmark.pedantic(timed, setup=lambda: (others(), ((last,), {}))[1], rounds=repeats, warmup_rounds=1)
    return Turns({name: tuple(values[1:]) for name, values in seconds.items()})


def record(benchmark: Any, **figures: float | str | list[float]) -> None:
    """Keep figures with the benchmark and print them."""
    rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in figures.items()}
    benchmark.extra_info.update(rounded, load=round(os.getloadavg()[0], 2), torch=torch.__version__)
    benchmark.extra_info["python"] = platform.python_version()
    print("\n  " + ", ".join(f"{name} {_short(value)}" for name, value in rounded.items()))


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ratio_of(benchmark: Any, turns: Turns, slow: str, fast: str, *, scale: float = 1.0, **more: Any) -> float:
    """Record ``scale * slow / fast`` with its spread over the turns; returns the median."""
    low, high = turns.spread(slow, fast)
    found = scale * turns.ratio(slow, fast)
    record(benchmark, ratio=found, spread=[round(scale * low, 3), round(scale * high, 3)], **more)
    return found


def processor_seconds() -> float:
    """Processor seconds so far of this process and of all that have ended and that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
