"""What a cell costs beyond resampling, training and scoring, and how the parts grow."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ours
from benchmarks.side_by_side import processor_seconds, record
from imbench.leaderboard.rank import boards
from imbench.matrix.cell import Cell, Coordinates
from imbench.matrix.loading import parse_matrix
from imbench.matrix.schema import POLICIES
from imbench.plugin.loading import load
from imbench.runner import run
from imbench.runner.measure import NOTHING, Sample, dispatch, sample, scoring, start_up, storing
from imbench.runner.planning import plan_run
from imbench.runner.scoring import Returned, Scoring, results_of

MILLI = 1e3


def milliseconds(values: list[float]) -> dict[str, float]:
    return {"ms": statistics.median(values) * MILLI, "ms_least": min(values) * MILLI, "ms_most": max(values) * MILLI}


def test_store_add(benchmark, tmp_path) -> None:
    """Wall time: most of it waits for the disk, which is the point of it."""
    cell, found, number = sample(), [], itertools.count()
    benchmark.pedantic(lambda: found.extend(storing(tmp_path / str(next(number)), cell, 50)), rounds=3)
    few, many = (_processor_of_storing(tmp_path / f"{cells}", cells) for cells in (10, 110))
    record(benchmark, **milliseconds(found), ms_of_processor=(many - few) / 100 * MILLI)


def _processor_of_storing(folder: Path, cells: int) -> float:
    start = time.process_time()
    storing(folder, sample(), cells)
    return time.process_time() - start


@pytest.mark.parametrize("items", [1, 24])
def test_dispatch_of_a_trivial_job(benchmark, items: int) -> None:
    found: list[float] = []
    benchmark.pedantic(lambda: found.extend(dispatch(10, items)), rounds=1)
    record(benchmark, target=NOTHING, **milliseconds(found), ms_per_cell=statistics.median(found) / items * MILLI)


def test_scoring_a_cell(benchmark) -> None:
    """All metrics under all policies, 2,048 test and 2,048 validation rows."""
    cell = sample()
    scoring(cell, 3)
    benchmark.pedantic(cell.result, rounds=30)
    record(benchmark, **milliseconds(scoring(cell, 30)))


def test_planning_10_000_cells(benchmark) -> None:
    matrix = parse_matrix(
        'seeds = 100\nratios = ["natural", 20, 50, 100, 200]\ndatasets = ["caravan"]\n'
        'strategies = ["smote", "focal", "weighted_ce", "balanced", "random_over", "random_under", "smote+focal",'
        ' "mixup", "tomek", "logit_adjustment", "ldam", "enn", "drw", "vs", "remix", "adasyn"]\n'
    )
    registry = load()
    planned = benchmark.pedantic(plan_run, args=(matrix, registry), rounds=3, warmup_rounds=1)
    start = time.process_time()
    plan_run(matrix, registry)
    taken = time.process_time() - start
    record(benchmark, cells=float(len(planned.cells)), seconds=taken, us_per_cell=taken / len(planned.cells) * 1e6)
    assert len(planned.cells) == 10_000


def test_ranking_50_000_results(benchmark) -> None:
    """25 datasets, 4 ratios, 25 seeds, 20 strategies; bootstrap included."""
    one, rng = sample(600).result(), np.random.default_rng(0)
    points = itertools.product(range(25), (10.0, 50.0, 100.0, 200.0), range(25), range(20))
    results = []
    for dataset, ratio, seed, strategy in points:
        name = "erm+threshold" if strategy == 0 else f"remedy{strategy}"
        cell = Cell(at=Coordinates(dataset=f"set{dataset}", ratio=ratio, seed=seed), strategy=name)
        metrics = {**one.metrics, "ap": float(rng.random())}
        results.append(replace(one, key=f"{cell}", cell=cell, metrics=metrics, origin=f"set{dataset}"))
    assert len(results) == 50_000
    seconds: list[float] = []

    def ranked() -> None:
        start = time.process_time()
        (board,) = boards(results, [], primary="ap", policy="tuned")
        seconds.append(time.process_time() - start)
        assert len(board.rows) == 20

    benchmark.pedantic(ranked, rounds=2)
    record(benchmark, seconds=statistics.median(seconds))


@pytest.mark.parametrize(
    ("name", "words"),
    [("help", ["-m", "imbench", "--help"]), ("import", ["-c", "import imbench"]), ("python alone", ["-c", "pass"])],
)
def test_start_up(benchmark, name: str, words: list[str]) -> None:
    wall, processor = [], []

    def start() -> None:
        taken = start_up(words, 1)
        wall.extend(taken[0])
        processor.extend(taken[1])

    benchmark.pedantic(start, rounds=9, warmup_rounds=1)
    record(benchmark, what=name, **milliseconds(wall[1:]), ms_of_processor=statistics.median(processor[1:]) * MILLI)


@pytest.mark.parametrize(
    ("strategies", "select", "more"),
    [(["prior"], "prior", ""), (["erm"], "logit_adjustment", "")],
    ids=["a trivial fit, a worker each", "packs of 24 with one training of one step"],
)
def test_harness_per_cell_beyond_training(benchmark, tmp_path, strategies, select: str, more: str) -> None:
    """Wall time of `run` over many cells that train nothing; start-up cancels, for two sizes are subtracted.

    What is left holds preparing the blocks, dispatch, scoring, storing and ranking. Scoring is measured apart and
    taken off.
    """
    file = ours.write_table(tmp_path, 3000)
    if select != "prior":
        taus = ", ".join(f"{0.1 * step:.1f}" for step in range(1, 24))
        strategies = []
        more = f'[[strategies]]\nuse = "logit_adjustment"\ngrid = {{ tau = [{taus}] }}\n'
    seconds: dict[int, list[float]] = {}
    processor: dict[int, list[float]] = {}
    sizes = (4, 104) if select == "prior" else (1, 31)

    def once(seeds: int, folder: str) -> tuple[int, float]:
        matrix = _trivial(file, strategies, seeds, more)
        start, spent = time.perf_counter(), processor_seconds()
        study = run(matrix, store=tmp_path / folder, device="cpu", workers=1, select=select, cost=False)
        assert not study.failed
        processor.setdefault(len(study.results), []).append(processor_seconds() - spent)
        return len(study.results), time.perf_counter() - start

    def both() -> None:
        for seeds in sizes:
            cells, taken = once(seeds, f"store{seeds}-{len(seconds.get(seeds, []))}-{time.monotonic_ns()}")
            seconds.setdefault(cells, []).append(taken)

    benchmark.pedantic(both, rounds=3)
    few, many = sorted(seconds)
    per_cell = [(b - a) / (many - few) for a, b in zip(seconds[few], seconds[many], strict=True)]
    spent = [(b - a) / (many - few) for a, b in zip(processor[few], processor[many], strict=True)]
    scored = _scoring_in_a_pack(sample(1800), 1 if select == "prior" else 23)
    record(
        benchmark, cells=float(many), **milliseconds(per_cell),
        ms_of_processor=statistics.median(spent) * MILLI, ms_of_scoring=scored * MILLI,
        ms_beyond_scoring=(statistics.median(per_cell) - scored) * MILLI,
    )  # fmt: skip


def _scoring_in_a_pack(cell: Sample, cells: int) -> float:
    """Processor seconds a cell of scoring so many cells of a block together, as a run does."""
    returned = [Returned(pending=cell.pending, outcome=cell.outcome, common={})] * cells
    found = []
    for _ in range(20):
        start = time.process_time()
        results_of(returned, Scoring(policies=POLICIES))
        found.append((time.process_time() - start) / cells)
    return statistics.median(found)


def _trivial(file, strategies: list[str], seeds: int, more: str):
    names = ", ".join(f'"{name}"' for name in strategies)
    head = f"strategies = [{names}]\n" if names else ""
    return parse_matrix(
        f'seeds = {seeds}\nratios = ["natural"]\n{head}{more}'
        f'[[datasets]]\nname = "clouds"\nfile = "{file}"\ntarget = "y"\n'
        "[budget]\nsteps = 1\nevaluations = 0\n[cost]\nenabled = false\n",
        folder=file.parent,
    )
