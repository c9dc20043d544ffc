"""Blocks → jobs: which cells share a worker, and what the parent keeps back while they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from imbench.data.block import Block
from imbench.execution.job import Item, Job
from imbench.matrix.cell import Cell
from imbench.plugin.registry import Origin
from imbench.training.request import CellRequest, Request

__all__ = ["PACK_BLOCKS", "PACK_CELLS", "PROBE", "RUN", "Pending", "jobs_of", "probe_job"]

RUN = "imbench.training.pack:run"
PROBE = "imbench.training.probe:run"

#: Most cells of one job by device class. On a CPU larger packs gain nothing more and leave workers idle
#: (docs/architecture.md, packs); on a GPU a step is bound by launches, so that a pack should be large.
PACK_CELLS = {"cpu": 24, "cuda": 256}
#: Blocks that may share a job.
PACK_BLOCKS = {"cpu": 1, "cuda": 32}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pending:
    """A cell on its way: what the parent needs to score it. The test labels in its block stay here."""

    cell: Cell
    key: str
    block: Block


def jobs_of(
    numbered: Sequence[tuple[int, Pending]], *, packs: Mapping[str, bool], origins: Mapping[str, tuple[Origin, ...]],
    device: str,
) -> Iterator[Job]:  # fmt: skip
    """Jobs for cells of one dataset: recipes in packs, across blocks where the device holds many, every Fit by itself.

    Args:
        numbered: (item id, cell) pairs, all with one backbone and budget.
        packs: strategy → whether it is a recipe.
        origins: strategy or backbone → plugins to load.
        device: device class.
    """
    together = [pair for pair in numbered if packs.get(pair[1].cell.strategy, True)]
    size = PACK_CELLS[device]
    groups = [together[start : start + size] for start in range(0, len(together), size)]
    groups += [[pair] for pair in numbered if not packs.get(pair[1].cell.strategy, True)]
    for group in groups:
        blocks = list({id(each.block): each.block for _, each in group}.values())
        place = {id(block): index for index, block in enumerate(blocks)}
        cell = group[0][1].cell
        names = {each.cell.strategy for _, each in group} | {cell.backbone}
        request = Request(
            blocks=tuple(block.data for block in blocks),
            backbone=cell.backbone,
            budget=cell.budget,
            device=device,
            origins=tuple(sorted({origin for name in names for origin in origins[name]})),
        )
        yield Job(RUN, request, tuple(_item(number, each, place[id(each.block)]) for number, each in group))


def _item(number: int, pending: Pending, block: int) -> Item:
    return Item(number, str(pending.cell), CellRequest(strategy=pending.cell.strategy, block=block))


def probe_job(strategies: Sequence[str], origins: dict[str, tuple[Origin, ...]], request: Request) -> Job:
    """One job that builds every strategy once."""
    loaded = tuple(sorted({origin for name in strategies for origin in origins[name]}))
    shared = Request(blocks=(), backbone=request.backbone, budget=request.budget, device=request.device, origins=loaded)
    items = tuple(Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(strategies))
    return Job(PROBE, shared, items)
