"""Blocks → jobs: which cells share a worker, and what the parent keeps back while they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imbench.data.block import Block
from imbench.execution.job import Item, Job
from imbench.matrix.cell import Cell
from imbench.plugin.registry import Origin
from imbench.training.request import CellRequest, Request

__all__ = ["PACK_CELLS", "PROBE", "RUN", "Pending", "jobs_of_block", "probe_job"]

RUN = "imbench.training.pack:run"
PROBE = "imbench.training.probe:run"

#: Most cells of one job. Larger packs gain nothing more and leave workers idle (docs/architecture.md, packs).
PACK_CELLS = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Pending:
    """A cell on its way: what the parent needs to score it. The test labels in its block stay here."""

    cell: Cell
    key: str
    block: Block


def jobs_of_block(
    pending: Sequence[Pending], *, first_id: int, packs: dict[str, bool], origins: dict[str, tuple[Origin, ...]],
    device: str,
) -> Iterator[Job]:  # fmt: skip
    """Jobs for the cells of one block: recipes in packs, every Fit in a process of its own.

    Args:
        pending: cells of one block, all with one backbone and budget; item ``first_id + i`` is ``pending[i]``.
        first_id: id of the first item.
        packs: strategy → whether it is a recipe.
        origins: strategy or backbone → plugins to load.
        device: torch device.
    """
    numbered = list(enumerate(pending, first_id))
    together = [pair for pair in numbered if packs.get(pair[1].cell.strategy, True)]
    groups = [together[start : start + PACK_CELLS] for start in range(0, len(together), PACK_CELLS)]
    groups += [[pair] for pair in numbered if not packs.get(pair[1].cell.strategy, True)]
    for group in groups:
        cell = group[0][1].cell
        names = {each.cell.strategy for _, each in group} | {cell.backbone}
        request = Request(
            blocks=(group[0][1].block.data,),
            backbone=cell.backbone,
            budget=cell.budget,
            device=device,
            origins=tuple(sorted({origin for name in names for origin in origins[name]})),
        )
        items = tuple(Item(number, str(each.cell), CellRequest(strategy=each.cell.strategy)) for number, each in group)
        yield Job(RUN, request, items)


def probe_job(strategies: Sequence[str], origins: dict[str, tuple[Origin, ...]], request: Request) -> Job:
    """One job that builds every strategy once."""
    loaded = tuple(sorted({origin for name in strategies for origin in origins[name]}))
    shared = Request(blocks=(), backbone=request.backbone, budget=request.budget, device=request.device, origins=loaded)
    items = tuple(Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(strategies))
    return Job(PROBE, shared, items)
