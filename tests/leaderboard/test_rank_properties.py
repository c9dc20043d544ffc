"""Promises of the ranking, whatever the results: order does not matter, better is never worse, nothing is hidden."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench.leaderboard.grid import lay_out
from imbench.leaderboard.rank import rank
from imbench.leaderboard.statistics import Bootstrap, nested_mean
from imbench.results.result import Result

Make = Callable[..., Result]
NAMES = ("erm+threshold", "erm", "x", "y")

quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
outcomes = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from("abc"), st.sampled_from([10.0, 100.0]), st.integers(0, 2)),
    st.one_of(st.integers(0, 100).map(lambda value: value / 100), st.sampled_from(["failed", "timeout", None])),
    min_size=1,
)


def results_of(make: Make, table: dict[tuple[str, str, float, int], float | str | None]) -> list[Result]:
    results = []
    for (strategy, dataset, ratio, seed), value in table.items():
        if isinstance(value, str):
            results.append(make(strategy, dataset, seed, ratio=ratio, status=value, reason="why"))
        else:
            results.append(make(strategy, dataset, seed, value, ratio=ratio))
    return results


@quick
@given(table=outcomes, data=st.data())
def test_the_order_of_results_does_not_matter(table: dict, data: st.DataObject, make: Make) -> None:
    results = results_of(make, table)
    assert rank(data.draw(st.permutations(results)), bootstrap=50) == rank(results, bootstrap=50)


@quick
@given(table=outcomes, who=st.sampled_from(NAMES), gains=st.lists(st.integers(1, 50), min_size=36, max_size=36))
def test_improving_every_block_never_lowers_a_rank(table: dict, who: str, gains: list[int], make: Make) -> None:
    better = {
        key: value + gain / 1000 if key[0] == who and isinstance(value, float) else value
        for (key, value), gain in zip(table.items(), gains * 2, strict=False)
    }
    before = {row.strategy: row.rank for row in rank(results_of(make, table), bootstrap=10).rows}
    after = {row.strategy: row.rank for row in rank(results_of(make, better), bootstrap=10).rows}
    if who in before and before[who] is not None:
        assert after[who] is not None
        assert after[who] <= before[who]


@quick
@given(table=outcomes)
def test_failures_show(table: dict, make: Make) -> None:
    board = rank(results_of(make, table), bootstrap=10)
    blocks = {key[1:] for key in table}
    assert {row.strategy for row in board.rows} == {key[0] for key in table}
    for row in board.rows:
        mine = {key[1:]: value for key, value in table.items() if key[0] == row.strategy}
        done = sum(not isinstance(value, str) for value in mine.values())
        assert (row.done, row.expected) == (done, len(blocks))
        said = any(note.startswith(f"{row.strategy}: {done}/{len(blocks)} cells; ") for note in board.notes)
        assert said == (done < len(blocks))


@quick
@given(table=outcomes, data=st.data())
def test_means_are_those_of_plain_python(table: dict, data: st.DataObject, make: Make) -> None:
    results = [r for r in results_of(make, table) if r.done and r.metrics["ap"] is not None]
    results = [r for r in results if r.cell.strategy == "x"]
    if not results:
        return
    grid = lay_out(results, include_flagged=False)
    values = np.array([grid.cells["x"][block].metrics["ap"] for block in grid.blocks], dtype=np.float64)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=values.size, max_size=values.size)))
    nested: dict[str, dict[int, list[float]]] = {}
    for block, value, kept in zip(grid.blocks, values, mask, strict=True):
        if kept:
            nested.setdefault(block[1], {}).setdefault(block[2], []).append(value)
    found = nested_mean(values, mask, grid.levels)
    if not mask.any():
        assert found is None
        return
    expected = np.mean([np.mean([np.mean(seeds) for seeds in ratios.values()]) for ratios in nested.values()])
    assert found is not None
    assert math.isclose(found, expected, abs_tol=1e-12)


def test_the_bootstrap_agrees_with_one_written_as_loops(make: Make) -> None:
    rng = np.random.default_rng(3)
    results = [make("x", d, k, float(rng.normal()), ratio=r) for d in "abcdefg" for r in (1.0, 2.0) for k in range(4)]
    grid = lay_out(results, include_flagged=False)
    values = np.array([grid.cells["x"][block].metrics["ap"] for block in grid.blocks], dtype=np.float64)
    interval = Bootstrap.draw(grid.levels, 5_000, 0).interval(values)
    assert interval is not None
    table = values.reshape(7, 2, 4)  # dataset, ratio, seed
    means = []
    for _ in range(5_000):
        drawn = rng.integers(0, 7, 7)
        seeds = rng.integers(0, 4, (7, 4))
        means.append(np.mean([table[d][:, s].mean() for d, s in zip(drawn, seeds, strict=True)]))
    wider = 2.447 / 1.96 * (7 / 6) ** 0.5
    expected = values.mean() + wider * (np.quantile(means, (0.025, 0.975)) - values.mean())
    assert np.allclose(interval, expected, atol=0.05)


def test_the_interval_covers_as_it_says(make: Make) -> None:
    """With 20 datasets the 95 % interval must hold the true difference in about 95 of 100 worlds."""
    rng = np.random.default_rng(0)
    results = [make("x", f"d{d:02}", k) for d in range(20) for k in range(3)]
    grid = lay_out(results, include_flagged=False)
    bootstrap = Bootstrap.draw(grid.levels, 1000, 0)
    hits = 0
    for _ in range(300):
        differences = 0.1 + np.repeat(rng.normal(0, 0.1, 20), 3) + rng.normal(0, 0.05, 60)
        interval = bootstrap.interval(differences)
        assert interval is not None
        hits += interval[0] <= 0.1 <= interval[1]
    assert 0.90 <= hits / 300 <= 0.99


@pytest.mark.slow
def test_a_large_board_takes_seconds(make: Make) -> None:
    """100 strategies x 30 datasets x 4 ratios x 5 seeds, with holes: processor seconds, because machines are busy."""
    rng = np.random.default_rng(0)
    template = make("x", "d")
    results = []
    for strategy in ["erm+threshold", *(f"s{number}" for number in range(99))]:
        for dataset in range(30):
            for ratio in (10.0, 30.0, 100.0, 300.0):
                for seed in range(5):
                    at = replace(template.cell.at, dataset=f"d{dataset}", ratio=ratio, seed=seed)
                    cell = replace(template.cell, at=at, strategy=strategy)
                    metrics = {"ap": None if rng.random() < 0.02 else rng.random()}
                    results.append(replace(template, key=str(len(results)), cell=cell, metrics=metrics))
    start = time.process_time()
    board = rank(results)
    assert time.process_time() - start < 15
    assert len(board.rows) == 100
