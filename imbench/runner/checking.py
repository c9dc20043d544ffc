"""A matrix against everything that can be known of it before training: data files, tasks, compositions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imbench.errors import ImbenchError, PluginError, UsageError
from imbench.execution.local import LocalExecutor
from imbench.matrix.plan import BASELINES
from imbench.matrix.schema import Matrix
from imbench.plugin.registry import Registry
from imbench.runner.planning import Planned, load_source, plan_run, strategy_fault, unsupported
from imbench.runner.probing import probes

__all__ = ["Checked", "check"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A matrix that was looked at.

    Attributes:
        planned: its cells.
        problems: what a run would end with, or fail in every cell with.
        notes: what a run would skip or do otherwise than the reader may think.
    """

    planned: Planned
    problems: tuple[ImbenchError, ...]
    notes: tuple[str, ...]


def check(matrix: Matrix, registry: Registry) -> Checked:
    """Read the user's own files and build every strategy, as a run does before it trains.

    Raises:
        UsageError, PluginError: the matrix cannot be planned, so that there is nothing more to look at.
    """
    with LocalExecutor(workers=1, timeout=matrix.limits.timeout, memory=matrix.limits.memory) as executor:
        planned = plan_run(matrix, registry)
        problems: list[ImbenchError] = []
        notes: list[str] = []
        tasks = _tasks(planned, registry, problems, notes)
        problems += _unsupported(planned, registry, tasks, notes)
        for probe in probes(planned, executor, "cpu"):
            if probe.broken_rule:
                problems.append(strategy_fault(planned.matrix, registry, probe.strategy, probe.broken_rule))
            elif probe.failure:
                problems.append(PluginError(f"strategy {probe.strategy!r} cannot be built: {probe.failure}"))
    return Checked(planned=planned, problems=tuple(problems), notes=tuple(notes))


def _tasks(planned: Planned, registry: Registry, problems: list[ImbenchError], notes: list[str]) -> dict[str, str]:
    """Dataset → its task: of a plugin's by its card, of the user's own by reading it."""
    tasks = {}
    for name, source in planned.sources.items():
        if not source.entry.file:
            classes = registry.datasets.find(source.entry.name).spec.card.classes
            tasks[name] = "binary" if classes == 2 else "multiclass"
            continue
        try:
            dataset = load_source(source, registry)
        except UsageError as error:
            problems.append(error)
        else:
            tasks[name] = dataset.task
            notes += [f"{name}: {note}" for note in dataset.notes]
    return tasks


def _unsupported(
    planned: Planned, registry: Registry, tasks: Mapping[str, str], notes: list[str]
) -> Iterator[UsageError]:
    """A fault for each strategy that would be skipped on every dataset, and a note for one that is on some."""
    for strategy in dict.fromkeys(cell.entry for cell in planned.cells):
        reasons = {
            name: unsupported(strategy, registry, task, planned.sources[name].modality) for name, task in tasks.items()
        }
        refused = {name: reason for name, reason in reasons.items() if reason}
        if strategy in BASELINES or not refused:
            continue
        if len(refused) == len(planned.sources):
            yield strategy_fault(planned.matrix, registry, strategy, next(iter(refused.values())))
        else:
            where = ", ".join(refused)
            notes.append(f"strategy {strategy!r} will be skipped on {where}: {next(iter(refused.values()))}")
