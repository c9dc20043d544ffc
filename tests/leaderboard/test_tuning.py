"""The tuned columns: chosen by validation alone, compared as the defaults are, with the curve that luck would give."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbench.errors import UsageError
from imbench.leaderboard.board import Leaderboard, Row
from imbench.leaderboard.rank import rank
from imbench.leaderboard.render import render
from imbench.leaderboard.tuning import expected_best, preferred
from imbench.matrix.cell import Configuration
from imbench.results.result import Result

Make = Callable[..., Result]

#: configuration number → (validation, test) of one strategy in one block; None is a failed cell
Tries = dict[int, tuple[float, float] | None]
#: (strategy, dataset, seed) → its tries
Table = dict[tuple[str, str, int], Tries]

quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.integers(0, 20).map(lambda value: value / 20)
tries = st.dictionaries(st.integers(0, 4), st.none() | st.tuples(values, values), min_size=1)
tables = st.dictionaries(
    st.tuples(st.sampled_from(["erm+threshold", "x", "y"]), st.sampled_from("ab"), st.integers(0, 1)), tries, min_size=1
)
numbers = st.lists(st.tuples(values, values), min_size=1, max_size=5)


def results_of(make: Make, table: Table) -> list[Result]:
    found = []
    for (strategy, dataset, seed), of_block in table.items():
        for number, pair in of_block.items():
            tuned = Configuration(of=strategy, number=number, learning_rate=number / 10) if number else None
            more = {"status": "failed", "reason": "why"} if pair is None else {"validation": {"ap": pair[0]}}
            ap = None if pair is None else pair[1]
            found.append(make(strategy, dataset, seed, ap, configuration=tuned, **more))
    return found


def winner(of_block: Tries) -> float | None:
    """In plain Python: best validation, of equals the lowest number."""
    done = [(-pair[0], number, pair[1]) for number, pair in of_block.items() if pair is not None]
    return min(done)[2] if done else None


def is_tuned(table: Table) -> bool:
    return any(number for of_block in table.values() for number in of_block)


@quick
@given(table=tables)
def test_tuning_is_ranking_the_winners(table: Table, make: Make) -> None:
    """The tuned columns are the default columns of a study that ran nothing but the winners."""
    board = rank(results_of(make, table), bootstrap=50, by="tuned" if is_tuned(table) else "default")
    winners = [
        make(strategy, dataset, seed, value, **({} if value is not None else {"status": "failed"}))
        for (strategy, dataset, seed), of_block in table.items()
        for value in [winner(of_block)]
    ]
    expected = {row.strategy: row for row in rank(winners, bootstrap=50).rows}
    assert (board.configurations > 0) == is_tuned(table)
    for row in board.rows if is_tuned(table) else ():
        other = expected[row.strategy]
        assert row.tuned == other.mean
        assert (row.tuned_difference, row.tuned_low, row.tuned_high) == (other.difference, other.low, other.high)
        assert (row.rank, row.tie) == (other.rank, other.tie)
    if is_tuned(table):
        assert [row.strategy for row in board.rows] == [row.strategy for row in rank(winners, bootstrap=50).rows]


@quick
@given(table=tables)
def test_configurations_never_enter_the_default_columns(table: Table, make: Make) -> None:
    defaults = {key: {0: of_block[0]} for key, of_block in table.items() if 0 in of_block}
    # the same blocks, so that as many cells are expected
    blocks = {key[1:] for key in table}
    if not defaults or {key[1:] for key in defaults} != blocks:
        return
    alone = {row.strategy: row for row in rank(results_of(make, defaults), bootstrap=50).rows}
    for row in rank(results_of(make, table), bootstrap=50).rows:
        if row.strategy in alone:
            other = alone[row.strategy]
            names = ("rank", "tie", "mean", "difference", "low", "high", "secondary", "done", "expected", "incomplete")
            assert [getattr(row, name) for name in names] == [getattr(other, name) for name in names]
        else:
            assert (row.mean, row.rank, row.done) == (None, None, 0)


@quick
@given(table=tables, random=st.randoms())
def test_the_choice_never_looks_at_test(table: Table, random, make: Make) -> None:
    """Other test values for the configurations that are not chosen change nothing of what is chosen."""
    changed: Table = {}
    for key, of_block in table.items():
        best = winner(of_block)
        chosen = min(((-p[0], n) for n, p in of_block.items() if p is not None), default=(0, None))[1]
        changed[key] = {
            number: pair if pair is None or number == chosen else (pair[0], random.choice([0.0, 1.0]))
            for number, pair in of_block.items()
        }
        assert winner(changed[key]) == best
    before, after = (
        {row.strategy: row.tuned for row in rank(results_of(make, each), bootstrap=0).rows} for each in (table, changed)
    )
    assert before == after


@given(numbers, st.integers(1, 4), st.booleans())
def test_the_curve_is_the_mean_over_all_draws(pairs, most, lower) -> None:
    validation, outcome = (np.array(each) for each in zip(*pairs, strict=True))
    found = expected_best(validation, outcome, most, lower=lower)
    sign = 1 if lower else -1
    for k in range(1, most + 1):
        chosen = [
            outcome[min(draw, key=lambda number: (sign * validation[number], number))]
            for draw in itertools.product(range(len(pairs)), repeat=k)
        ]
        assert found[k - 1] == pytest.approx(np.mean(chosen), abs=1e-12)
    assert found[0] == pytest.approx(outcome.mean(), abs=1e-12)


@given(numbers)
def test_on_validation_itself_more_is_never_worse(pairs) -> None:
    validation = np.array([pair[0] for pair in pairs])
    curve = expected_best(validation, validation, 8, lower=False)
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] <= validation.max() + 1e-12


def test_on_test_more_may_be_worse() -> None:
    """What validation prefers may be what test punishes: the curve says so."""
    curve = expected_best(np.array([0.1, 0.9]), np.array([0.9, 0.1]), 3, lower=False)
    assert curve.tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_what_is_preferred() -> None:
    assert preferred(np.array([0.5, 0.7, 0.7, np.nan]), lower=False).tolist() == [3, 0, 2, 1]
    assert preferred(np.array([0.5, 0.7, 0.5, np.nan]), lower=True).tolist() == [3, 1, 2, 0]
    assert preferred(np.array([np.nan, np.nan]), lower=False)[-1] == 0, "nothing is known: the default"


def study(make: Make) -> list[Result]:
    """Three strategies on two datasets with two seeds; `b` has one configuration less, one of `a` failed once."""
    table: Table = {}
    for (d, dataset), seed in itertools.product(enumerate("pq"), (0, 1)):
        level = 0.4 + 0.2 * d + 0.05 * seed
        table["erm+threshold", dataset, seed] = {0: (level, level), 1: (level + 0.1, level + 0.02), 2: (0.0, 0.9)}
        table["a", dataset, seed] = {0: (level, level - 0.1), 1: (level + 0.2, level + 0.1), 2: (level, 0.9)}
        table["b", dataset, seed] = {0: (level, level + 0.05), 1: (level - 0.1, 0.0)}
    table["a", "q", 1][2] = None
    return results_of(make, table)


GITHUB = """\
datasets: 2, blocks (dataset, ratio, seed): 4, device: cpu, decisions: tuned

| &#35; | tie | strategy | ap | vs erm+threshold &#91;95 %&#93; | tuned | gain &#91;95 %&#93; | cells | configs |
| ---: | :--- | :--- | ---: | :--- | ---: | :--- | ---: | ---: |
| 1 | a | b | 0.575 | +0.050 &#91;+0.050, +0.050&#93; | 0.575 | +0.000 &#91;+0.000, +0.000&#93; | 4/4 | 8/12 |
| 2 | b | erm+threshold | 0.525 | +0.000 | 0.545 | +0.020 &#91;+0.020, +0.020&#93; | 4/4 | 12/12 |
| 3 | c | a | 0.425 | -0.100 &#91;-0.100, -0.100&#93; | 0.625&#42; | +0.200 &#91;+0.200, +0.200&#93; | 4/4 | 11/12 |

- effects only: 2 datasets are too few for a test
- b: 2 of 3 configurations, there is no more to vary
- a: of 8 cells with other configurations, 1 failed; they are never chosen"""

SIMPLE = """\
datasets: 2, blocks (dataset, ratio, seed): 4, device: cpu, decisions: tuned
  #  strategy          ap  vs erm+threshold [95 %]      tuned
---  -------------  -----  -------------------------  -------
  1  a              0.425  +0.080 [+0.080, +0.080]     0.625*
  2  b              0.575  +0.030 [+0.030, +0.030]      0.575
  3  erm+threshold  0.525  +0.000                       0.545"""


def shown(make: Make) -> Leaderboard:
    return rank(study(make))


def test_golden_table(make: Make) -> None:
    board = shown(make)
    plain = replace(board, rows=tuple(replace(row, secondary={}) for row in board.rows), secondary=())
    assert render(plain, "github") == GITHUB


def test_golden_table_by_tuned(make: Make) -> None:
    board = rank(study(make), by="tuned")
    text = render(board, "simple", columns=["rank", "strategy", "ap", "difference", "tuned"])
    assert text[: len(SIMPLE)] == SIMPLE
    assert "paired difference to the baseline, both tuned, with" in text
    assert board.by == "tuned"


def test_csv_and_json_hold_the_curve(make: Make) -> None:
    board = shown(make)
    rows = {row["strategy"]: row for row in csv.DictReader(render(board, "csv").splitlines())}
    # each configuration of `a` has a third: level - 0.1, level + 0.1 and 0.9, which failed in the last block
    a = rows["a"]
    levels = [0.4, 0.45, 0.6, 0.65]
    blocks = [(2 * level + 0.9) / 3 for level in levels[:3]] + [levels[3]]
    assert float(a["best_of_1"]) == pytest.approx(np.mean(blocks))
    assert [float(a[name]) for name in ("tuned", "gain", "tuned_done", "configurations")] == pytest.approx(
        [0.625, 0.2, 11, 3]
    )
    assert a["tuned_incomplete"] == "1"
    assert len([name for name in a if name.startswith("best_of_")]) == 3
    read = json.loads(render(board, "json"))
    assert (read["by"], read["configurations"]) == ("default", 3)
    assert [Row(**(row | {"best_of": tuple(row["best_of"])})) for row in read["rows"]] == list(board.rows)


def test_label_metrics_are_chosen_by_decisions_on_validation(make: Make) -> None:
    """Under the policy that ranks; a strategy's own decisions are not known on validation, argmax stands in."""

    def of(number: int, tuned: float, argmax: float) -> Result:
        configuration = Configuration(of="x", number=number, learning_rate=0.1) if number else None
        on_test = {"tuned": {"balanced_accuracy": number / 10}, "argmax": {"balanced_accuracy": number / 10}}
        on_validation = {"tuned": {"balanced_accuracy": tuned}, "argmax": {"balanced_accuracy": argmax}}
        result = make("x", "p", configuration=configuration, decisions=on_test)
        return replace(result, validation={"ap": 1 - number}, validation_decisions=on_validation)

    results = [of(0, 0.5, 0.5), of(1, 0.9, 0.4), of(2, 0.6, 0.8)]
    chosen = {
        policy: rank(results, primary="balanced_accuracy", policy=policy).rows[0].tuned
        for policy in ("tuned", "argmax", "own")
    }
    assert chosen == pytest.approx({"tuned": 0.1, "argmax": 0.2, "own": 0.2})


def test_less_is_better_where_it_is(make: Make) -> None:
    results = [
        replace(make("x", "p", 0, ap, configuration=tuned), validation={"ap": ap, "brier": 1 - ap})
        for ap, tuned in ((0.5, None), (0.9, Configuration(of="x", number=1)), (0.2, Configuration(of="x", number=2)))
    ]
    assert rank(results, primary="brier").rows[0].tuned == pytest.approx(0.1)


def test_results_without_figures_of_validation_are_said(make: Make) -> None:
    results = [
        make("x", "p"),
        replace(make("x", "p", 0, 0.1, configuration=Configuration(of="x", number=1)), validation={"ap": 0.3}),
    ]
    board = rank(results)
    assert board.rows[0].tuned == pytest.approx(0.1)
    assert "tuned: no figures of validation in 1 cells, which lose to others: imbench run adds them" in board.notes


def test_nothing_tuned_shows_nothing_of_it(make: Make) -> None:
    board = rank([make("x", "p"), make("erm+threshold", "p")])
    assert not {"tuned", "gain [95 %]", "configs"} & set(render(board, "csv").splitlines()[0].split(","))
    assert board.configurations == 0
    with pytest.raises(UsageError, match=r"no result is of another configuration .* \[tuning\] configurations"):
        rank([make("x", "p")], by="tuned")
