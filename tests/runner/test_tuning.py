"""Tuning through the front door: what runs, with which rate, what is scored again, and what the leaderboard says."""

from __future__ import annotations

from pathlib import Path

import pytest

from imbench.results.result import Result
from tests.dists import Bench, lay

#: A recipe with a grid, a Fit that the budget does not reach, and one that cannot be built in one configuration.
PLUGIN = """
import numpy as np
from imbench import Parameter, Recipe, StrategySpec, hookimpl

def weighted(power):
    return Recipe(weight=lambda counts, effective, progress: effective**-power)

def brittle(size):
    if size == 2:
        raise RuntimeError("not of this size")
    return Recipe()

class Column:
    def __init__(self, number):
        self.number = number

    def fit(self, trial):
        def scores(x):
            positive = 1 / (1 + np.exp(-x[:, self.number]))
            return np.stack([1 - positive, positive], axis=1)
        return scores

class Alone:
    def fit(self, trial):
        return trial.train()

def spec(make, family="weighting", **more):
    return StrategySpec(name=make.__name__.lower(), summary="x", family=family, make=make, **more)

@hookimpl
def imbench_strategies():
    yield spec(weighted, params={"power": Parameter(default=0.5, grid=(0.25, 0.5, 1.0))})
    yield spec(brittle, params={"size": Parameter(default=1, grid=(1, 2))})
    yield spec(Column, "ensemble", params={"number": Parameter(default=0, grid=(0, 3))}, alone="a Fit", budgeted=False)
    yield spec(Alone, "ensemble", alone="a Fit")
"""
STRATEGIES = 'datasets = ["breast_cancer"]\nseeds = 1\nstrategies = ["weighted", "column", "alone"]\n'
TABLE = "[tuning]\nconfigurations = {}\n"
HEAD = STRATEGIES + "budget = {steps = 40, batch_size = 32}\n"
TUNED = HEAD + TABLE.format(4)
AGAIN = "imbench: results scored with other policies or metrics are scored again, without training"
#: How many configurations each strategy has when it may have four.
NUMBERS = {"prior": 1, "erm": 4, "erm+threshold": 4, "gbdt": 1, "weighted": 4, "column": 2, "alone": 4}


def entries(bench: Bench, store: str = "store") -> dict[str, list[Result]]:
    """Strategy as the matrix has it → results of its configurations by number."""
    found: dict[str, list[Result]] = {}
    for result in bench.results(store).values():
        found.setdefault(result.cell.entry, []).append(result)
    return {
        name: sorted(results, key=lambda each: each.cell.configuration.number if each.cell.configuration else 0)
        for name, results in found.items()
    }


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("tuning")
    bench = Bench(folder, lay(folder / "site", "handmade", PLUGIN))
    bench.matrix(HEAD, "plain.toml")
    bench.matrix(TUNED, "tuned.toml")
    bench.matrix(HEAD + TABLE.format(6), "more.toml")
    return bench


@pytest.fixture(scope="module")
def ran(bench: Bench) -> dict[str, list[Result]]:
    """A plain run, then a tuned one in the same store."""
    assert bench.run("plain.toml").code == 0
    assert not any(result.validation for results in entries(bench).values() for result in results)
    answer = bench.run("tuned.toml")
    assert answer.code == 0, answer.err
    assert AGAIN in answer.err, "the defaults get their figures of validation without training"
    return entries(bench)


def test_every_strategy_has_as_many_as_it_can(ran: dict[str, list[Result]]) -> None:
    # gbdt has a grid or not, as its plugin likes; the rest is ours
    numbers = {name: len(results) for name, results in ran.items()}
    assert numbers | {"gbdt": 1} == NUMBERS
    assert len({each.cell.learning_rate for each in ran["erm"]}) == 4
    assert [r.cell.learning_rate for r in ran["weighted"]] == [r.cell.learning_rate for r in ran["erm"]]
    assert all(each.done and each.validation["ap"] is not None for results in ran.values() for each in results)
    assert {each.cell.strategy for each in ran["column"]} == {"column", "column(number=3)"}
    assert len({each.metrics["ap"] for each in ran["column"]}) == 2


def test_a_configuration_trains_with_its_rate(bench: Bench, ran: dict[str, list[Result]]) -> None:
    """It has the scores that the strategy has alone in a matrix with that rate, whatever it was packed with."""
    assert len({each.scores for each in ran["erm"]}) == 4, "other rates give other scores"
    assert len({each.scores for each in ran["alone"]}) == 4, "a Fit gets it with the budget of its trial"
    tuned = ran["weighted"][2]
    text = f'datasets = ["breast_cancer"]\nseeds = 1\nstrategies = ["{tuned.cell.strategy}"]\n'
    rate = tuned.cell.learning_rate
    bench.matrix(text + f"budget = {{steps = 40, batch_size = 32, learning_rate = {rate}}}\n", "alone.toml")
    assert bench.run("alone.toml", "alone", "-k", tuned.cell.strategy).code == 0
    alone = bench.results("alone")[f"breast_cancer/natural/0/{tuned.cell.strategy}"]
    assert (alone.scores, alone.metrics) == (tuned.scores, tuned.metrics)


@pytest.mark.slow
def test_the_same_command_runs_nothing_and_more_runs_the_rest(bench: Bench, ran: dict[str, list[Result]]) -> None:
    before = bench.attempts()
    again = bench.run("tuned.toml")
    assert again.code == 0
    assert AGAIN not in again.err
    assert bench.attempts() == before
    assert AGAIN not in bench.run("plain.toml").err, "what holds more than is asked for stands"
    assert bench.attempts() == before
    assert bench.run("more.toml").code == 0
    after = bench.attempts()
    assert {name: after[name] for name in before} == before
    assert len(entries(bench)["erm"]) == len(entries(bench)["weighted"]) == 6
    left = bench.imbench("status", "--store", "store", "--matrix", "more.toml", "--json").json()["cells"]
    assert (left["left"], left["ok"]) == (0, sum(map(len, entries(bench).values())))


def test_the_leaderboard_of_a_tuned_run(bench: Bench, ran: dict[str, list[Result]]) -> None:
    words = ("leaderboard", "--store", "store", "--matrix", "tuned.toml", "--include-flagged", "--format", "json")
    (board,) = bench.imbench(*words).json()
    (by_tuned,) = bench.imbench(*words, "--by", "tuned").json()
    plain = {row["strategy"]: row for row in board["rows"]}
    assert (board["by"], by_tuned["by"], board["configurations"]) == ("default", "tuned", 4)
    assert board["blocks"] == 1
    for name, results in ran.items():
        row = plain[name]
        values = [each.metrics["ap"] for each in results]
        # of equal values the lowest number, which max returns
        best = max(results, key=lambda each: each.validation["ap"])
        assert row["mean"] == pytest.approx(values[0])
        assert row["tuned"] == pytest.approx(best.metrics["ap"])
        assert row["gain"] == pytest.approx(best.metrics["ap"] - values[0])
        assert row["best_of"][0] == pytest.approx(sum(values) / len(values))
        assert (row["configurations"], row["tuned_done"], row["tuned_expected"]) == (len(results), len(results), 4)
        assert (row["done"], row["expected"]) == (1, 1)
    ranked = [row["tuned"] for row in by_tuned["rows"]]
    assert ranked == sorted(ranked, reverse=True)
    assert by_tuned["rows"][0]["rank"] == 1


def test_a_selection_without_configurations(bench: Bench) -> None:
    listed = bench.imbench("run", "--matrix", "tuned.toml", "--dry-run").out.splitlines()
    plain = bench.imbench("run", "--matrix", "tuned.toml", "--dry-run", "-k", "not tuned").out.splitlines()
    assert listed[: len(plain)] == plain == bench.imbench("run", "--matrix", "plain.toml", "--dry-run").out.splitlines()
    assert len(listed) == len(set(listed)) > len(plain)
    assert (
        len([name for name in listed if name.endswith(" of weighted") or "/weighted@" in name])
        == NUMBERS["weighted"] - 1
    )


@pytest.mark.slow
def test_a_configuration_that_fails_is_said_and_never_chosen(bench: Bench) -> None:
    text = HEAD.replace('"weighted", "column", "alone"', '"brittle"') + TABLE.format(3)
    bench.matrix(text, "brittle.toml")
    answer = bench.run("brittle.toml", "brittle", "-k", "brittle")
    assert answer.code == 1
    statuses = [each.status for each in entries(bench, "brittle")["brittle"]]
    assert statuses == ["ok", "failed", "ok"]
    assert "brittle: of 2 cells with other configurations, 1 failed; they are never chosen" in answer.out


@pytest.mark.slow
def test_only_defaults_are_timed(bench: Bench, tmp_path: Path) -> None:
    text = HEAD.replace('"weighted", "column", "alone"', '"weighted"')
    bench.matrix(text + "[cost]\nrepeats = 1\n" + TABLE.format(2), "timed.toml")
    answer = bench.imbench(
        "run", "--matrix", "timed.toml", "--device", "cpu", "--store", tmp_path / "s", "-k", "weighted", "--json"
    )
    assert answer.code == 0, answer.err
    assert "timing weighted" in answer.err or answer.json()["leaderboards"][0]["rows"][0]["train_speed"]
    assert "timing weighted(" not in answer.err
