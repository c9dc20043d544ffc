"""Packs against what a user would write, and against what the machine can do. All on one thread of the CPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest
import torch

from benchmarks import ours, user_code
from benchmarks.side_by_side import ratio_of, side_by_side
from imbench.matrix.cell import Budget
from imbench.training.measure import (
    Shape,
    one_thread,
    pack_of,
    plain_loop,
    product_flops,
    sample_data,
    sgemm,
    step_flops,
)

DATA = sample_data()
GEMMS = 4


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def against_the_loop(benchmark, cells: int, shape: Shape, loop_steps: int) -> None:
    """The loop takes as long for each step, however many there are; a pack looks at its samplers 50 times or more."""
    short = replace(shape, steps=loop_steps)
    turns = side_by_side(
        benchmark,
        {
            "loop": lambda: plain_loop(short, DATA),
            "sgemm": sgemm(times=GEMMS),
            "pack": pack_of(cells, shape, DATA),
        },
        repeats=3,
    )
    flops = cells * shape.steps * step_flops(shape.mlp(DATA), shape.batch)
    of_the_loop = loop_steps * step_flops(shape.mlp(DATA), shape.batch)
    gemm = GEMMS * product_flops()
    ratio_of(
        benchmark, turns, "loop", "pack", scale=cells * shape.steps / loop_steps,
        us_per_step_and_cell=turns.median("pack") / shape.steps / cells * 1e6,
        us_per_step_of_the_loop=turns.median("loop") / loop_steps * 1e6,
        sgemm_gflops=gemm / turns.median("sgemm") / 1e9,
        roofline=turns.ratio("sgemm", "pack") * flops / gemm,
        roofline_of_the_loop=turns.ratio("sgemm", "loop") * of_the_loop / gemm,
    )  # fmt: skip


@pytest.mark.parametrize("cells", [1, 4, 8, 16])
@pytest.mark.parametrize("batch", [64, 128, 256])
def test_pack_against_the_dataloader_loop(benchmark, cells: int, batch: int) -> None:
    against_the_loop(benchmark, cells, Shape(batch=batch, steps=1000), loop_steps=200)


@pytest.mark.parametrize("cells", [1, 8])
@pytest.mark.parametrize("batch", [128, 256])
def test_pack_against_the_dataloader_loop_at_512_units(benchmark, cells: int, batch: int) -> None:
    against_the_loop(benchmark, cells, Shape(hidden=512, batch=batch, steps=200), loop_steps=50)


@pytest.mark.parametrize(
    "jobs",
    [["erm", "smote", "weighted_ce", "random_over", "balanced"], ["erm", "smote", "weighted_ce", "focal"]],
    ids=["cross_entropy", "with_focal"],
)
def test_cells_against_skorch_in_a_pipeline(benchmark, tmp_path, jobs: list[str]) -> None:
    x, y = ours.table()
    steps = 500
    ours_call = ours.engine(ours.block_of(ours.write_table(tmp_path)), jobs, Budget(steps=steps, evaluations=0))
    turns = side_by_side(
        benchmark, {"skorch": lambda: user_code.study(tuple(jobs), x, y, seeds=1, steps=steps), "imbench": ours_call},
        repeats=3,
    )  # fmt: skip
    taken = {name: user_code.steps_per_epoch(name, y, 128) for name in jobs}
    ratio_of(
        benchmark, turns, "skorch", "imbench",
        steps_of_the_user=sum(taken[name] * user_code.epochs(name, y, steps=steps, batch=128) for name in jobs),
        steps_of_imbench=steps * len(jobs),
    )  # fmt: skip


def _loops(shape: Shape, cells: int) -> float:
    torch.set_num_threads(1)
    start = time.process_time()
    for _ in range(cells):
        plain_loop(shape, DATA)
    return time.process_time() - start


def _pack(shape: Shape, cells: int) -> float:
    torch.set_num_threads(1)
    start = time.process_time()
    pack_of(cells, shape, DATA)()
    return time.process_time() - start


def test_two_processes_of_packs_against_two_of_loops(benchmark) -> None:
    """Wall time, and processor time summed over the processes: the second is the one to believe on a busy machine."""
    shape, cells = Shape(batch=128, steps=500), 8
    processor: dict[str, list[float]] = {"loops": [], "packs": []}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def both(work, name: str) -> None:
            processor[name].append(sum(pool.map(work, [shape] * 2, [cells // 2] * 2)))

        turns = side_by_side(
            benchmark, {"loops": lambda: both(_loops, "loops"), "packs": lambda: both(_pack, "packs")},
            repeats=3, clock=time.perf_counter,
        )  # fmt: skip
    slow, fast = (sorted(processor[name][1:]) for name in ("loops", "packs"))
    ratio_of(benchmark, turns, "loops", "packs", ratio_of_processor_time=slow[len(slow) // 2] / fast[len(fast) // 2])
