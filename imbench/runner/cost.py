"""The cost lane, as the parent runs it: after the cells, one process at a time, nothing else of ours running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from imbench.data.block import Block
from imbench.execution.job import Item, Job, Outcome
from imbench.execution.local import LocalExecutor
from imbench.matrix.cell import PROTOCOL_VERSION, Budget
from imbench.matrix.seeds import digest
from imbench.plugin.registry import Origin
from imbench.results.result import CostRecord
from imbench.runner.progress import Observer
from imbench.runner.provenance import machine, packages, provenance
from imbench.training.request import BASELINE, CostRequest, Request

__all__ = ["COST", "CostWork", "cost_jobs", "cost_record", "measure"]

COST = "imbench.training.cost:run"

#: Counts up when the lane measures more or otherwise, so that older figures in a store are taken again.
LANE = 2

#: What the lane's answer and the record call by one name.
_MEASURED = (
    "seconds",
    "baseline",
    "spread",
    "ratios",
    "latency_p95",
    "latency_calls",
    "rows",
    "repeats",
    "peak_bytes",
    "peak_device_bytes",
    "joules",
    "contended",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CostWork:
    """A strategy to time on a block.

    Attributes:
        dataset: name, for the record.
        data: digest of the dataset.
        block: what it is timed on.
        strategy, backbone, budget, repeats: what is timed.
        origins: plugins to load, those of the baseline included.
        device: torch device.
    """

    dataset: str
    data: str
    block: Block
    strategy: str
    backbone: str
    budget: Budget
    repeats: int
    origins: tuple[Origin, ...]
    device: str

    @property
    def key(self) -> str:
        """Content hash: a figure is taken again when anything that can change it did, the machine included."""
        return digest(
            {
                "at": asdict(self.block.data.at),
                "data": self.data,
                "strategy": self.strategy,
                "backbone": self.backbone,
                "budget": asdict(self.budget),
                "repeats": self.repeats,
                "plugins": provenance(self.origins),
                "packages": packages(),
                "machine": machine(),
                "device": self.device,
                "protocol": PROTOCOL_VERSION,
                "lane": LANE,
            }
        )


def cost_jobs(works: Sequence[CostWork]) -> list[Job]:
    """A job of one item per strategy: each is timed in a fresh process."""
    jobs = []
    for number, work in enumerate(works):
        request = Request(
            blocks=(work.block.data,),
            backbone=work.backbone,
            budget=work.budget,
            device=work.device,
            origins=work.origins,
        )
        payload = CostRequest(strategy=work.strategy, repeats=work.repeats)
        jobs.append(Job(COST, request, (Item(number, f"timing {work.strategy}", payload),)))
    return jobs


def cost_record(work: CostWork, outcome: Outcome) -> CostRecord:
    """What an outcome of the lane says; a failure is a record with a reason and no figure."""
    record = CostRecord(key=work.key, dataset=work.dataset, strategy=work.strategy, device=work.device)
    if outcome.status != "ok":
        return replace(record, reason=f"{outcome.status}: {outcome.reason}", machine=machine())
    header = outcome.header
    measured = {name: header[name] for name in _MEASURED}
    return replace(record, **measured, machine={**machine(), **header["machine"], "baseline": BASELINE})


def measure(works: Sequence[CostWork], executor: LocalExecutor, watch: Observer) -> Iterator[CostRecord]:
    """Time all works, one after the other."""

    def announced() -> Iterator[Job]:
        for work, job in zip(works, cost_jobs(works), strict=True):
            watch.started(f"timing {work.strategy}")
            yield job

    for outcome in executor.run(announced(), at_once=1):
        yield cost_record(works[outcome.item_id], outcome)
