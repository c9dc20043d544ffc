"""Jobs: recipes share a worker, every Fit has its own, and a GPU's pack reaches across blocks."""

from __future__ import annotations

import numpy as np

from imbench.data.block import Block, Realised
from imbench.matrix.cell import Cell
from imbench.runner.jobs import PACK_CELLS, Pending, jobs_of
from tests.training.problems import problem


def pending(seeds: int, strategies: list[str]) -> list[tuple[int, Pending]]:
    made = []
    for seed in range(seeds):
        data = problem(seed)
        realised = Realised(train=(1, 1), validation=(1, 1), test=(1, 1), ratio=1.0)
        block = Block(data=data, y_test=np.zeros(len(data.x_test), np.int64), realised=realised)
        made += [
            Pending(cell=Cell(at=data.at, strategy=name), key=f"{seed}/{name}", block=block) for name in strategies
        ]
    return list(enumerate(made, 100))


def plan(numbered, device, fits=("forest",)):
    strategies = {each.cell.strategy for _, each in numbered}
    origins = dict.fromkeys((*strategies, "mlp"), ())
    packs = {name: name not in fits for name in strategies}
    return list(jobs_of(numbered, packs=packs, origins=origins, device=device))


def test_every_item_is_in_exactly_one_job_on_its_own_block():
    numbered = pending(3, ["erm", "focal", "forest"])
    for device in ("cpu", "cuda"):
        jobs = plan(numbered, device)
        seen = {}
        for job in jobs:
            for item in job.items:
                seen[item.id] = job.shared.blocks[item.payload.block].at, item.payload.strategy
        assert seen == {number: (each.cell.at, each.cell.strategy) for number, each in numbered}
        alone = [job for job in jobs if any(item.payload.strategy == "forest" for item in job.items)]
        assert [len(job.items) for job in alone] == [1, 1, 1]


def test_a_gpu_pack_reaches_across_blocks_and_is_cut_to_size():
    numbered = pending(2, [f"s{number}" for number in range(150)])
    sizes = [len(job.items) for job in plan(numbered, "cuda")]
    assert sizes == [PACK_CELLS["cuda"], 300 - PACK_CELLS["cuda"]]
    assert len(plan(numbered, "cuda")[0].shared.blocks) == 2


def test_test_labels_are_in_no_job():
    for job in plan(pending(1, ["erm", "forest"]), "cpu"):
        for block in job.shared.blocks:
            assert not hasattr(block, "y_test")
