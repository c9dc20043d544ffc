"""Strategies built once, in a worker, before anything is trained: what breaks a rule, and what is a recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imbench.execution.local import LocalExecutor
from imbench.runner.jobs import Built, probe_job
from imbench.runner.planning import Planned
from imbench.training.request import Request

__all__ = ["Probe", "probes"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What building a strategy showed.

    Attributes:
        strategy: its canonical expression.
        built: how its cells are run; one that cannot be built fails cell by cell, each alone, with its reason.
        broken_rule: the rule of composition that it breaks, or an empty string.
        failure: why it cannot be built, or an empty string.
        device: device class of the worker, empty if it did not say.
    """

    strategy: str
    built: Built
    broken_rule: str = ""
    failure: str = ""
    device: str = ""


def probes(planned: Planned, executor: LocalExecutor, device: str) -> Iterator[Probe]:
    """Build every strategy of the cells in one worker of an executor that has been entered.

    A rule that only configurations break ends no run: their cells fail with it.
    """
    as_written = {cell.entry for cell in planned.cells}
    strategies = sorted({cell.strategy for cell in planned.cells})
    first = planned.cells[0]
    request = Request(blocks=(), backbone=first.backbone, budget=first.budget, device=device, origins=())
    for outcome in executor.run([probe_job(strategies, dict(planned.origins), request)]):
        name, header = strategies[outcome.item_id], outcome.header
        if "usage" in header:
            rule, written = str(header["usage"]), name in as_written
            yield Probe(
                strategy=name,
                built=Built(packs=False),
                broken_rule=rule if written else "",
                failure="" if written else rule,
            )
        elif outcome.status != "ok":
            yield Probe(strategy=name, built=Built(packs=False), failure=outcome.reason)
        else:
            resampling, training = header["shares"]
            built = Built(packs=bool(header["packs"]), shares=(resampling, training))
            yield Probe(strategy=name, built=built, device=str(header.get("device", "")))
