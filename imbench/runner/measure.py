"""What the harness costs beyond training: storing, scoring, sending work to a worker, starting up."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imbench.data.block import Block, Realised
from imbench.execution.job import Item, Job, Outcome
from imbench.execution.local import LocalExecutor
from imbench.matrix.cell import Cell
from imbench.matrix.schema import POLICIES
from imbench.results.result import Result
from imbench.results.store import Store
from imbench.runner.jobs import Pending
from imbench.runner.scoring import Returned, Scoring, results_of
from imbench.training.measure import sample_data

__all__ = ["NOTHING", "Sample", "dispatch", "sample", "scoring", "start_up", "storing"]

#: A job that does nothing.
NOTHING = "imbench.training.measure:answer_nothing"


@dataclass(frozen=True, eq=False)
class Sample:
    """A cell with made-up scores, as it comes back from a worker."""

    pending: Pending
    outcome: Outcome

    def result(self, key: str = "sample") -> Result:
        """Judge it: every metric under every policy."""
        common = {"plugins": {"imbench": "0"}, "device": "cpu", "data": "sample", "origin": "sample", "task": "binary"}
        pending = replace(self.pending, key=key)
        returned = Returned(pending=pending, outcome=self.outcome, common=common)
        return results_of([returned], Scoring(policies=POLICIES))[0]


def sample(rows: int = 6144, seed: int = 0) -> Sample:
    """A cell on ``rows`` training rows and a third as many validation and test rows."""
    data = sample_data(rows, 8, seed=seed)
    rng = np.random.default_rng(seed)

    def scores(signal: np.ndarray) -> np.ndarray:
        positive = 1 / (1 + np.exp(-(rng.normal(size=len(signal)) + 2.0 * signal - 2.0)))
        return np.stack([1 - positive, positive], axis=1).astype(np.float32)

    y_test = data.y_validation.copy()
    tables = {"test": scores(y_test), "validation": scores(data.y_validation)}
    prior = (data.counts / data.counts.sum()).tolist()
    counts = tuple(data.counts.tolist())
    held = tuple(np.bincount(y_test).tolist())
    realised = Realised(train=counts, validation=held, test=held, ratio=max(counts) / min(counts))
    block = Block(data=data, y_test=y_test, realised=realised)
    pending = Pending(cell=Cell(at=data.at, strategy="sample"), key="sample", block=block)
    return Sample(pending, Outcome(0, "ok", header={"prior": prior, "notes": {}}, arrays=tables))


def scoring(cell: Sample, times: int) -> list[float]:
    """Processor seconds of each of so many scorings of a cell."""
    found = []
    for _ in range(times):
        start = time.process_time()
        cell.result()
        found.append(time.process_time() - start)
    return found


def storing(folder: Path, cell: Sample, cells: int) -> list[float]:
    """Wall seconds of each `Store.add` of so many cells with scores; every one is synced to the disk.

    The score files differ, as those of real cells do: equal ones would be written once.
    """
    first, tables = cell.result(), cell.outcome.arrays
    found = []
    with Store.open(folder) as store:
        for number in range(cells):
            result = replace(first, key=f"{first.key}-{number}")
            test = np.roll(tables["test"].astype(np.float32), number + 1, axis=0)
            start = time.perf_counter()
            store.add(result, test, tables["validation"].astype(np.float32))
            found.append(time.perf_counter() - start)
    return found


def dispatch(jobs: int, items: int = 1, workers: int = 1) -> list[float]:
    """Wall seconds between the answers of jobs that do nothing: a fork, a job sent, its answers, its end.

    Args:
        jobs: how many are timed, after one that waits for the fork server's imports.
        items: cells of a job.
        workers: jobs at a time.
    """
    with LocalExecutor(workers=workers, timeout=60) as executor:
        list(executor.run([_nothing(0, 1)]))
        found = []
        for number in range(jobs):
            start = time.perf_counter()
            list(executor.run([_nothing(1 + number * items, items)]))
            found.append(time.perf_counter() - start)
    return found


def _nothing(first: int, items: int) -> Job:
    return Job(NOTHING, None, tuple(Item(first + number, "nothing") for number in range(items)))


def start_up(words: Sequence[str], times: int) -> tuple[list[float], list[float]]:
    """Wall and processor seconds of so many starts of Python with these arguments; a start that fails raises."""
    wall, processor = [], []
    for _ in range(times):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True, env=dict(os.environ))
        wall.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return wall, processor
