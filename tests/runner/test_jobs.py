"""Jobs: recipes share a worker, every Fit has its own, and a GPU's pack reaches across blocks."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imbench.data.block import Block, Realised
from imbench.matrix.cell import Cell, Configuration
from imbench.runner.jobs import FEW_CELLS, JOB_CELLS, PACK_CELLS, Built, Pending, job_size, jobs_of
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


def plan(numbered, device, *, fits=("forest",), shares=None, size=None):
    strategies = sorted({each.cell.strategy for _, each in numbered})
    origins = dict.fromkeys((*strategies, "mlp"), ())
    alone = {name: (number, number) for number, name in enumerate(strategies)}
    built = {name: Built(packs=name not in fits, shares=(alone | (shares or {}))[name]) for name in strategies}
    return list(jobs_of(numbered, built=built, origins=origins, device=device, size=size or PACK_CELLS[device]))


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


def test_a_gpu_pack_reaches_across_blocks_and_is_cut_into_equal_parts():
    assert len(plan(pending(2, [f"s{number}" for number in range(100)]), "cuda")[0].shared.blocks) == 2
    assert [len(job.items) for job in plan(pending(2, [f"s{n}" for n in range(150)]), "cuda")] == [150, 150]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 12))
def test_packs_keep_trainings_whole_and_are_about_equal(trainings, size):
    names = [f"s{number}" for number in range(len(trainings))]
    shares = {name: (training // 2, training) for name, training in zip(names, trainings, strict=True)}
    numbered = pending(1, names)
    jobs = plan(numbered, "cpu", shares=shares, size=size)
    packs = [
        [item.payload.strategy for item in items]
        for job in jobs for _, items in groupby(job.items, key=lambda item: item.payload.pack)
    ]  # fmt: skip
    assert sorted(name for pack in packs for name in pack) == sorted(names)
    for training in range(5):
        assert sum(any(shares[name][1] == training for name in pack) for pack in packs) <= 1
    largest = max(trainings.count(training) for training in range(5))
    assert max(map(len, packs)) <= max(min(size, PACK_CELLS["cpu"]) + largest / 2, largest)


def test_a_job_holds_several_packs_of_several_blocks():
    jobs = plan(pending(6, [f"s{number}" for number in range(14)]), "cpu", size=JOB_CELLS["cpu"])
    assert [len(job.items) for job in jobs] == [84]
    sizes = [len(list(items)) for _, items in groupby(jobs[0].items, key=lambda item: item.payload.pack)]
    assert sizes == [21, 21, 21, 21]
    assert len(jobs[0].shared.blocks) == 6


def test_jobs_begin_and_end_small():
    left, sizes = 459, []
    while left > 0:
        sizes.append(min(job_size("cpu", left=left, given=459 - left, workers=2), left))
        left -= sizes[-1]
    assert sizes[0] == PACK_CELLS["cpu"]
    assert max(sizes) == JOB_CELLS["cpu"]
    assert sizes[-1] <= FEW_CELLS["cpu"]
    top = sizes.index(max(sizes))
    assert sizes[:top] == sorted(sizes[:top])
    assert sizes[top:] == sorted(sizes[top:], reverse=True)
    assert job_size("cuda", left=1, given=0, workers=1) == PACK_CELLS["cuda"]


def test_test_labels_are_in_no_job():
    for job in plan(pending(1, ["erm", "forest"]), "cpu"):
        for block in job.shared.blocks:
            assert not hasattr(block, "y_test")


def test_cells_of_other_learning_rates_share_a_pack_and_say_theirs():
    """Cells that share a training are kept together by rate, so that a training shared by many stays cuttable."""
    block = pending(1, ["erm"])[0][1].block
    made = []
    for rate, name in ((rate, name) for rate in (None, 0.1, 0.2, 0.3) for name in ("erm", "erm+threshold", "forest")):
        tuned = None if rate is None else Configuration(of=name, number=int(rate * 10), learning_rate=rate)
        made.append(
            Pending(cell=Cell(at=block.data.at, strategy=name, configuration=tuned), key=f"{rate}{name}", block=block)
        )
    numbered = list(enumerate(made))
    shares = {"erm": (0, 0), "erm+threshold": (0, 0)}
    rates = {number: each.cell.configuration and each.cell.configuration.learning_rate for number, each in numbered}
    (packed,) = (job for job in plan(numbered, "cpu", shares=shares) if len(job.items) > 1)
    assert len({item.payload.pack for item in packed.items}) == 1
    jobs = plan(numbered, "cpu", shares=shares, size=4)
    assert {item.id: item.payload.learning_rate for job in jobs for item in job.items} == rates
    for job in jobs:
        packs = [list(items) for _, items in groupby(job.items, key=lambda item: item.payload.pack)]
        assert all(len(pack) <= 4 for pack in packs)
        assert all(len(pack) % 2 == 0 for pack in packs if len(pack) > 1), "two cells of one rate are never parted"
