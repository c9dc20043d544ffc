"""One run while it goes on: what is pending, what is in flight, what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from imbench.data.block import Block
from imbench.data.dataset import Dataset
from imbench.data.prepare import prepare
from imbench.errors import UsageError
from imbench.execution.job import Job, Outcome
from imbench.execution.local import LocalExecutor
from imbench.matrix.cell import NATURAL, Cell, Coordinates
from imbench.plugin.registry import Registry
from imbench.results.result import CostRecord, Result
from imbench.results.store import Attempt, Store
from imbench.runner.cost import CostWork, measure
from imbench.runner.jobs import Built, Pending, job_size, jobs_of
from imbench.runner.planning import Planned, load_source, strategy_fault, unsupported
from imbench.runner.probing import probes
from imbench.runner.progress import Observer
from imbench.runner.rescore import due, rescored
from imbench.runner.scoring import Returned, Scoring, kept, results_of, skipped
from imbench.training.request import BASELINE

__all__ = ["Session"]


@dataclass(eq=False)
class Session:
    """One run while it goes on."""

    planned: Planned
    registry: Registry
    store: Store
    executor: LocalExecutor
    watch: Observer
    scoring: Scoring
    retry: str
    device: str = "cpu"
    built: dict[str, Built] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    in_flight: dict[int, Pending] = field(default_factory=dict)
    common: dict[str, dict[str, Any]] = field(default_factory=dict)
    stale: dict[str, Result] = field(default_factory=dict)
    failures: dict[str, Result] = field(default_factory=dict)
    left: int = 0
    given: int = 0
    _next_id: int = 0

    def check_files(self) -> None:
        """Read the user's own files before anything runs: what is wrong with one is said now and not after hours.

        Raises UsageError.
        """
        for name in dict.fromkeys(cell.at.dataset for cell in self.planned.cells):
            if self.planned.sources[name].entry.file:
                for note in load_source(self.planned.sources[name], self.registry).notes:
                    self.watch.note(f"{name}: {note}")

    def probe(self, device: str) -> None:
        """Build each strategy once in a worker. Raises UsageError if a composition breaks a rule."""
        for probe in probes(self.planned, self.executor, device):
            if probe.broken_rule:
                raise strategy_fault(self.planned.matrix, self.registry, probe.strategy, probe.broken_rule)
            self.built[probe.strategy] = probe.built
            self.device = probe.device or self.device

    def run_cells(self) -> None:
        """Run all pending cells; results that come together are stored together."""
        for outcomes in self.executor.batches(self._jobs()):
            results = results_of([self._returned(outcome) for outcome in outcomes], self.scoring)
            self._keep(
                [
                    Attempt(result, kept(outcome) if result.done else {})
                    for result, outcome in zip(results, outcomes, strict=True)
                ]
            )

    def _returned(self, outcome: Outcome) -> Returned:
        pending = self.in_flight.pop(outcome.item_id)
        common = self.common[pending.cell.at.dataset] | {"plugins": self.planned.plugins_of(pending.cell)}
        return Returned(pending=pending, outcome=outcome, common=common)

    def run_costs(self) -> list[CostRecord]:
        """Time every strategy alone on the first datasets of the matrix, unless it has been timed on this machine."""
        table = self.planned.matrix.cost
        if not table.enabled:
            return []
        works = [work for name in list(self.planned.sources)[: table.datasets] for work in self._cost_works(name)]
        known = self.store.costs([work.key for work in works])
        missing = [work for work in works if work.key not in known or known[work.key].reason]
        for record in measure(missing, self.executor, self.watch):
            self.store.add_cost(record)
        return list(self.store.costs([work.key for work in works]).values())

    def _cost_works(self, name: str) -> Iterator[CostWork]:
        """Every strategy of the run, by default, on the first block of a dataset that can be reached."""
        cells = [cell for cell in self.planned.cells if cell.at.dataset == name and cell.configuration is None]
        dataset = load_source(self.planned.sources[name], self.registry)
        block = _first_block(dataset, cells)
        if block is None:
            return
        strategies = dict.fromkeys(cell.strategy for cell in cells)
        baseline = self.planned.origins.get(BASELINE, ())
        for strategy in strategies:
            origins = {*self.planned.origins[strategy], *self.planned.origins[cells[0].backbone], *baseline}
            yield CostWork(
                dataset=name,
                data=dataset.digest,
                block=block,
                strategy=strategy,
                backbone=cells[0].backbone,
                budget=cells[0].budget,
                repeats=self.planned.matrix.cost.repeats,
                origins=tuple(sorted(origins)),
                device=self.device,
            )

    def results(self) -> list[Result]:
        """The latest result of every selected cell."""
        latest = self.store.latest(self.keys)
        return [latest[key] for key in dict.fromkeys(self.keys) if key in latest]

    def _keep(self, attempts: Sequence[Attempt]) -> None:
        for result in self.store.add_all(attempts):
            if not result.done and result.status != "skipped":
                self.failures[result.key] = result
            self.watch.finished(result)

    def _jobs(self) -> Iterator[Job]:
        """Jobs, made only when a worker is free: one dataset is in memory at a time."""
        held = self.store.latest()
        total = self.left = len(self.planned.cells)
        finished = 0
        for name, cells_of_dataset in groupby(self.planned.cells, key=lambda cell: cell.at.dataset):
            cells = list(cells_of_dataset)
            self.watch.started(f"loading {name}")
            dataset = load_source(self.planned.sources[name], self.registry)
            keyed = self._keyed(cells, dataset)
            todo = self._todo(keyed, held)
            finished += len(keyed) - len(todo)
            self.left -= len(keyed) - self._to_train(todo)
            self.watch.planned(total, finished)
            yield from self._jobs_of_dataset(dataset, todo)

    def _todo(self, keyed: Sequence[tuple[Cell, str]], held: Mapping[str, Result]) -> list[tuple[Cell, str]]:
        """Cells that run, and those of `stale`, which are only scored again."""
        self.watch.started(f"looking at what is stored of {keyed[0][0].at.dataset}")
        found = due(keyed, self.store, held, retry=self.retry, enough=self.scoring.enough)
        for why, cells in found.lost.items():
            more = f" and {len(cells) - 1} more cells" if len(cells) > 1 else ""
            then = "not run again because of --retry none" if self.retry == "none" else "run again"
            self.watch.note(f"{why}, {then}: {cells[0]}{more}")
        if found.rescore and not self.stale:
            self.watch.note("results scored with other policies or metrics are scored again, without training")
        self.stale.update(found.rescore)
        return [(cell, key) for cell, key in keyed if key in found.run or key in found.rescore]

    def _to_train(self, cells: Sequence[tuple[Cell, str]]) -> int:
        return sum(key not in self.stale for _, key in cells)

    def _keyed(self, cells: Sequence[Cell], dataset: Dataset) -> list[tuple[Cell, str]]:
        name = cells[0].at.dataset
        cluster = self.planned.sources[name].cluster
        self.common[name] = {"device": self.device, "data": dataset.digest, "origin": cluster, "task": dataset.task}
        keyed = [
            (cell, cell.key(data=dataset.digest, plugins=self.planned.plugins_of(cell), device=self.device))
            for cell in cells
        ]
        self.keys += [key for _, key in keyed]
        return keyed

    def _jobs_of_dataset(self, dataset: Dataset, pending: Sequence[tuple[Cell, str]]) -> Iterator[Job]:
        blocks = groupby(pending, key=lambda pair: pair[0].at)
        while True:
            size = job_size(self.device, left=self.left, given=self.given, workers=self.executor.workers)
            numbered: list[tuple[int, Pending]] = []
            labels: list[str] = []
            while len(numbered) < size and (block := next(blocks, None)):
                cells = list(block[1])
                self.watch.started(f"preparing {_label(block[0])}")
                if runnable := self._runnable(dataset, block[0], cells):
                    labels.append(_label(block[0]))
                numbered += enumerate(runnable, self._next_id)
                self._next_id += len(runnable)
                self.left -= self._to_train(cells)
            if not numbered:  # nor is there another block
                return
            self.given += len(numbered)
            self.in_flight.update(numbered)
            self.watch.started(f"training {labels[0]}{f' and {len(labels) - 1} more' if len(labels) > 1 else ''}")
            yield from jobs_of(numbered, built=self.built, origins=self.planned.origins, device=self.device, size=size)

    def _runnable(self, dataset: Dataset, at: Coordinates, cells: Sequence[tuple[Cell, str]]) -> list[Pending]:
        """Prepare a block and score what is stored of it again; cells that it rules out are skipped with the reason."""
        try:
            block = prepare(dataset, at)
        except UsageError as error:  # an unreachable ratio, data too coarse to split
            self._skip(cells, str(error))
            return []
        if stale := [self.stale[key] for _, key in cells if key in self.stale]:
            self.watch.started(f"scoring {_label(at)} again")
            for attempts in rescored(stale, block, self.store, self.scoring):
                self._keep(attempts)
        runnable = []
        ruled_out: dict[str, list[tuple[Cell, str]]] = {}
        for cell, key in cells:
            if key in self.stale:
                continue
            modality = self.planned.sources[at.dataset].modality
            if reason := unsupported(cell.strategy, self.registry, dataset.task, modality):
                ruled_out.setdefault(reason, []).append((cell, key))
            else:
                runnable.append(Pending(cell=cell, key=key, block=block))
        for reason, them in ruled_out.items():
            self._skip(them, reason)
        return runnable

    def _skip(self, cells: Sequence[tuple[Cell, str]], reason: str) -> None:
        common = self.common[cells[0][0].at.dataset]
        self._keep(
            [
                Attempt(skipped(key, cell, reason, common | {"plugins": self.planned.plugins_of(cell)}))
                for cell, key in cells
            ]
        )


def _label(at: Coordinates) -> str:
    ratio = at.ratio if at.ratio == NATURAL else f"{at.ratio:g}"
    return f"{at.dataset}, ratio {ratio}, seed {at.seed}"


def _first_block(dataset: Dataset, cells: Sequence[Cell]) -> Block | None:
    for cell in cells:
        try:
            return prepare(dataset, cell.at)
        except UsageError:  # its cells are skipped with the reason
            continue
    return None
