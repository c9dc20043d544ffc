"""Blocks → jobs: which cells share a worker, and what the parent keeps back while they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from imbench.data.block import Block
from imbench.execution.job import Item, Job
from imbench.matrix.cell import Cell
from imbench.plugin.registry import Origin
from imbench.training.request import CellRequest, Request

__all__ = ["PACK_BLOCKS", "PACK_CELLS", "PROBE", "RUN", "Built", "Pending", "job_size", "jobs_of", "probe_job"]

RUN = "imbench.training.pack:run"
PROBE = "imbench.training.probe:run"

#: Most cells of one job by device class. On a CPU larger packs gain nothing more and leave workers idle
#: (docs/architecture.md, packs); on a GPU a step is bound by launches, so that a pack should be large.
PACK_CELLS = {"cpu": 24, "cuda": 256}
#: Cells of a job below which a smaller pack costs more than an idle worker.
FEW_CELLS = {"cpu": 4, "cuda": 256}
#: Blocks that may share a job.
PACK_BLOCKS = {"cpu": 1, "cuda": 32}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pending:
    """A cell on its way: what the parent needs to score it. The test labels in its block stay here."""

    cell: Cell
    key: str
    block: Block


@dataclass(frozen=True, kw_only=True)
class Built:
    """What the probe found out about a strategy.

    Attributes:
        packs: whether it is a recipe.
        shares: ids, equal for strategies that share a resampling, and for those that share a whole training.
    """

    packs: bool = True
    shares: tuple[int, int] = (-1, -1)


def job_size(device: str, *, left: int, workers: int) -> int:
    """Cells of the next job, with so many cells left: a worker's share of them, so that none is idle at the end.

    This is guided self-scheduling (Polychronopoulos & Kuck 1987).
    """
    return min(max(-(-left // workers), FEW_CELLS[device]), PACK_CELLS[device])


def jobs_of(
    numbered: Sequence[tuple[int, Pending]], *, built: Mapping[str, Built], origins: Mapping[str, tuple[Origin, ...]],
    device: str, size: int,
) -> Iterator[Job]:  # fmt: skip
    """Jobs for cells of one dataset: recipes in packs, across blocks where the device holds many, every Fit by itself.

    Args:
        numbered: (item id, cell) pairs, all with one backbone and budget.
        built: strategy → what the probe says of it.
        origins: strategy or backbone → plugins to load.
        device: device class.
        size: most cells of a pack.
    """
    groups = _packs([pair for pair in numbered if built[pair[1].cell.strategy].packs], built, size)
    groups += [[pair] for pair in numbered if not built[pair[1].cell.strategy].packs]
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


def _packs(
    numbered: Sequence[tuple[int, Pending]], built: Mapping[str, Built], size: int
) -> list[list[tuple[int, Pending]]]:
    """Packs of about equal size. Cells that share a training are never parted, those that share a resampling seldom."""

    def place(pair: tuple[int, Pending]) -> tuple[int, tuple[int, int]]:
        return first.setdefault(id(pair[1].block), len(first)), built[pair[1].cell.strategy].shares

    first: dict[int, int] = {}
    trainings = [list(group) for _, group in groupby(sorted(numbered, key=place), key=place)]
    packs: list[list[tuple[int, Pending]]] = []
    left, share = len(numbered), 0.0
    for training in trainings:
        # fill the current pack up to an equal share of what is left from its beginning on
        if not packs or len(packs[-1]) + len(training) / 2 > share:
            packs.append([])
            share = left / -(-left // size)
        packs[-1] += training
        left -= len(training)
    return packs


def _item(number: int, pending: Pending, block: int) -> Item:
    return Item(number, str(pending.cell), CellRequest(strategy=pending.cell.strategy, block=block))


def probe_job(strategies: Sequence[str], origins: dict[str, tuple[Origin, ...]], request: Request) -> Job:
    """One job that builds every strategy once."""
    loaded = tuple(sorted({origin for name in strategies for origin in origins[name]}))
    shared = Request(blocks=(), backbone=request.backbone, budget=request.budget, device=request.device, origins=loaded)
    items = tuple(Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(strategies))
    return Job(PROBE, shared, items)
