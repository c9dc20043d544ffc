"""A whole small matrix, from a file to a leaderboard, against the user's code. Two cores each side."""

from __future__ import annotations

import itertools
import time

import pytest
from joblib.externals.loky import get_reusable_executor

from benchmarks import ours, user_code
from benchmarks.side_by_side import processor_seconds, ratio_of, side_by_side
from imbench.runner import run

STRATEGIES = ("erm", "smote", "focal", "weighted_ce", "smote+focal", "erm+threshold", "random_over", "balanced")
STEPS, WORKERS = 1000, 2


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seeds", [3, 10])
def test_a_whole_matrix_against_skorch_with_two_jobs(benchmark, tmp_path, seeds: int) -> None:
    """Each side starts its own two worker processes and ends them. Wall time, and processor time of all processes.

    `imbench run` splits, resamples, trains, selects on validation ten times, scores every metric under every policy and
    stores; the user's code splits, resamples, trains and scores six metrics. With three seeds a third of our time is
    the start; the ten seeds of a study are timed once.
    """
    x, y = ours.table()
    file = ours.write_table(tmp_path)
    matrix = ours.matrix_of(file, STRATEGIES, seeds=seeds, steps=STEPS)
    number = itertools.count()
    processor: dict[str, list[float]] = {"skorch": [], "imbench": []}

    def by_skorch() -> None:
        before = processor_seconds()
        user_code.study(STRATEGIES, x, y, seeds=seeds, steps=STEPS, jobs=WORKERS)
        get_reusable_executor().shutdown(wait=True)
        processor["skorch"].append(processor_seconds() - before)

    def by_imbench() -> None:
        before = processor_seconds()
        store = tmp_path / f"store{next(number)}"
        study = run(matrix, store=store, device="cpu", workers=WORKERS, select="not gbdt and not prior", cost=False)
        assert len(study.results) == seeds * len(STRATEGIES)
        assert not study.failed
        processor["imbench"].append(processor_seconds() - before)

    turns = side_by_side(
        benchmark, {"skorch": by_skorch, "imbench": by_imbench}, repeats=2 if seeds < 10 else 1, clock=time.perf_counter
    )  # fmt: skip
    ratios = sorted(a / b for a, b in zip(processor["skorch"][1:], processor["imbench"][1:], strict=True))
    steps = seeds * sum(
        user_code.steps_per_epoch(name, y, 128) * user_code.epochs(name, y, steps=STEPS, batch=128)
        for name in STRATEGIES
    )
    ratio_of(
        benchmark, turns, "skorch", "imbench",
        ratio_of_processor_time=sum(ratios) / len(ratios),
        seconds_of_the_user=turns.median("skorch"),
        seconds_of_imbench=turns.median("imbench"),
        processor_seconds_of_the_user=processor["skorch"][-1],
        processor_seconds_of_imbench=processor["imbench"][-1],
        steps_of_the_user=steps,
        steps_of_imbench_before_sharing=seeds * STEPS * len(STRATEGIES),
    )  # fmt: skip
