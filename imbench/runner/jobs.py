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

__all__ = ["PACK_CELLS", "PROBE", "RUN", "Built", "Pending", "job_size", "jobs_of", "probe_job"]

RUN = "imbench.training.pack:run"
PROBE = "imbench.training.probe:run"

#: Most cells of a pack by device class. On a CPU larger packs gain nothing more (docs/architecture.md, packs); on a GPU
#: a step is bound by launches, so that a pack should be large and reaches across blocks.
PACK_CELLS = {"cpu": 24, "cuda": 256}
#: Cells of a pack below which a smaller one costs more than an idle worker.
FEW_CELLS = {"cpu": 4, "cuda": 256}
#: Most cells of a job. A process costs a tenth of a second, so a job may hold several packs; if it is killed their
#: work is done again.
JOB_CELLS = {"cpu": 96, "cuda": 256}


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


def job_size(device: str, *, left: int, given: int, workers: int) -> int:
    """Cells of the next job.

    A worker's share of what is left, so that none is idle at the end (guided self-scheduling, Polychronopoulos & Kuck
    1987); and no more than one pack at first, so that there is something to look at early.

    Args:
        device: device class.
        left: cells that no job has yet.
        given: cells that one has.
        workers: jobs at a time.
    """
    share = max(-(-left // workers), FEW_CELLS[device])
    return min(share, JOB_CELLS[device], max(given, PACK_CELLS[device]))


def jobs_of(
    numbered: Sequence[tuple[int, Pending]], *, built: Mapping[str, Built], origins: Mapping[str, tuple[Origin, ...]],
    device: str, size: int,
) -> Iterator[Job]:  # fmt: skip
    """Jobs for cells of one dataset: recipes in packs, several packs a job, every Fit by itself.

    Args:
        numbered: (item id, cell) pairs, all with one backbone and budget.
        built: strategy → what the probe says of it.
        origins: strategy or backbone → plugins to load.
        device: device class.
        size: most cells of a job.
    """
    packs = _packs(
        [pair for pair in numbered if built[pair[1].cell.strategy].packs], built, min(size, PACK_CELLS[device])
    )
    groups = _together(packs, size)
    groups += [[[pair]] for pair in numbered if not built[pair[1].cell.strategy].packs]
    for group in groups:
        cells = [pair for pack in group for pair in pack]
        blocks = list({id(each.block): each.block for _, each in cells}.values())
        place = {id(block): index for index, block in enumerate(blocks)}
        cell = cells[0][1].cell
        names = {each.cell.strategy for _, each in cells} | {cell.backbone}
        request = Request(
            blocks=tuple(block.data for block in blocks),
            backbone=cell.backbone,
            budget=cell.budget,
            device=device,
            origins=tuple(sorted({origin for name in names for origin in origins[name]})),
        )
        items = [
            _item(number, each, place[id(each.block)], which)
            for which, pack in enumerate(group) for number, each in pack
        ]  # fmt: skip
        yield Job(RUN, request, tuple(items))


def _packs(
    numbered: Sequence[tuple[int, Pending]], built: Mapping[str, Built], size: int
) -> list[list[tuple[int, Pending]]]:
    """Packs of about equal size. Cells that share a training are never parted, those that share a resampling seldom.

    Different learning rates are different trainings, and go into one pack.
    """

    def place(pair: tuple[int, Pending]) -> tuple[int, tuple[int, int], float]:
        cell, block = pair[1].cell, first.setdefault(id(pair[1].block), len(first))
        return block, built[cell.strategy].shares, cell.learning_rate

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


def _together(packs: list[list[tuple[int, Pending]]], size: int) -> list[list[list[tuple[int, Pending]]]]:
    """Packs in a row while all their cells are no more than ``size``, and at least one."""
    groups: list[list[list[tuple[int, Pending]]]] = []
    for pack in packs:
        if not groups or sum(map(len, groups[-1])) + len(pack) > size:
            groups.append([])
        groups[-1].append(pack)
    return groups


def _item(number: int, pending: Pending, block: int, pack: int) -> Item:
    cell = pending.cell
    rate = None if cell.configuration is None else cell.configuration.learning_rate
    return Item(number, str(cell), CellRequest(strategy=cell.strategy, block=block, pack=pack, learning_rate=rate))


def probe_job(strategies: Sequence[str], origins: dict[str, tuple[Origin, ...]], request: Request) -> Job:
    """One job that builds every strategy once."""
    loaded = tuple(sorted({origin for name in strategies for origin in origins[name]}))
    shared = Request(blocks=(), backbone=request.backbone, budget=request.budget, device=request.device, origins=loaded)
    items = tuple(Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(strategies))
    return Job(PROBE, shared, items)
