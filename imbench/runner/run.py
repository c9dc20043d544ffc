"""`imbench run`: from a matrix to results in the store and a leaderboard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imbench.execution.local import LocalExecutor
from imbench.leaderboard.rank import Leaderboard, boards
from imbench.matrix.schema import Matrix
from imbench.plugin.loading import load
from imbench.plugin.registry import Registry
from imbench.results.result import CostRecord, Result
from imbench.results.store import Store
from imbench.runner.devices import default_workers, gpu_names, wanted_device
from imbench.runner.progress import Observer, Silent
from imbench.runner.provenance import machine, packages

__all__ = ["Study", "run", "study_of"]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a run leaves behind: a result for every selected cell, and the leaderboards over them.

    Attributes:
        failures: what failed in this very run, although the store may hold an older result that counts.
    """

    matrix: Matrix
    results: tuple[Result, ...]
    costs: tuple[CostRecord, ...] = ()
    boards: tuple[Leaderboard, ...] = ()
    failures: tuple[Result, ...] = ()

    @property
    def failed(self) -> tuple[Result, ...]:
        """Results that ended in a failure (skipped cells are none), and failures of this run with an older result."""
        found = {result.key: result for result in self.results if not result.done and result.status != "skipped"}
        return tuple({**found, **{result.key: result for result in self.failures}}.values())


def run(
    matrix: Matrix,
    *,
    store: Path,
    device: str = "auto",
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    select: str | None = None,
    seeds: tuple[int, ...] | None = None,
    limit: int | None = None,
    retry: str = "failed",
    cost: bool = True,
    progress: Observer | None = None,
    include_flagged: bool = False,
    registry: Registry | None = None,
) -> Study:
    """Run what of a matrix is not in the store yet, and rank it.

    Args:
        matrix: what to run.
        store: folder of results; made if missing. The same call again resumes.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: worker processes; by default one per core (CPU) or per GPU.
        timeout: seconds per cell; the matrix's limit if None.
        memory: bytes per worker; the matrix's limit if None, else a fair share.
        select: selection as of ``-k``.
        seeds: instead of the matrix's.
        limit: at most so many cells.
        retry: which finished cells run again: ``failed``, ``none`` or ``all``.
        cost: whether to run the cost lane.
        progress: observer.
        include_flagged: whether blocks with too few positives are ranked as well.
        registry: what is installed, if it is loaded already.

    Raises:
        UsageError, PluginError, NothingSelected, EnvironmentFault: nothing ran, see `imbench.errors`.
    """
    watch = progress or Silent()
    device = wanted_device(device)
    limits = matrix.limits
    cell_seconds = limits.timeout if timeout is None else timeout
    executor = LocalExecutor(
        workers=workers or default_workers(device),
        timeout=cell_seconds,
        memory=limits.memory if memory is None else memory,
        device=device,
        gpus=gpu_names() if device == "cuda" else (),
    )
    try:
        # workers come from a server process that starts now: before this process has seen any label, and while it
        # imports what it needs itself (pandas, scikit-learn), which is why those imports stand here
        with executor:
            from imbench.runner.planning import plan_run, size_note
            from imbench.runner.scoring import scoring_of
            from imbench.runner.session import Session

            registry = registry or load()
            planned = plan_run(matrix, registry, select=select, seeds=seeds, limit=limit)
            with Store.open(store) as opened, opened.lock():
                opened.set_note("matrix", planned.matrix.model_dump(mode="json"))
                opened.set_note("machine", {**machine(), "packages": packages()})
                tuned = planned.matrix.tuning.configurations > 1
                scoring = scoring_of(planned.matrix.policies, registry, validation=tuned)
                session = Session(planned, registry, opened, executor, watch, scoring, retry)
                session.check_files()
                watch.note(f"matrix {planned.matrix.name}, results go to {store}")
                if note := size_note(planned):
                    watch.note(note)
                session.probe(device)
                session.run_cells()
                costs = session.run_costs() if cost else []
                lower = sorted(offer.spec.name for offer in registry.metrics if not offer.spec.higher_is_better)
                opened.set_note("lower_is_better", lower)
                study = study_of(planned.matrix, session.results(), costs, lower, include_flagged=include_flagged)
                return replace(study, failures=tuple(session.failures.values()))
    finally:
        watch.close()


def study_of(
    matrix: Matrix,
    results: Sequence[Result],
    costs: Sequence[CostRecord],
    lower: Collection[str] = (),
    *,
    include_flagged: bool = False,
) -> Study:
    """Rank results by what their matrix asks for.

    Args:
        matrix: what was asked.
        results: one per cell.
        costs: measurements of the cost lane.
        lower: metrics of plugins of which less is better.
        include_flagged: whether blocks with too few positives are ranked as well.
    """
    ranked = boards(
        results,
        costs,
        primary=matrix.primary,
        policy=matrix.policy,
        lower=lower,
        include_flagged=include_flagged,
    )
    return Study(matrix=matrix, results=tuple(results), costs=tuple(costs), boards=tuple(ranked))
