"""Tuned: in every block the configuration that validation prefers, and what fewer configurations would have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imbench.errors import UsageError
from imbench.leaderboard.grid import Grid, metric_of, validation_of
from imbench.leaderboard.standing import Standing, fair_means, paired_mean, standing_of
from imbench.leaderboard.statistics import Bootstrap
from imbench.results.result import Result

__all__ = ["Tuned", "Tuning", "check_tuned", "expected_best", "preferred", "tuned_notes", "tuning_of"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What tuning gave a strategy; the defaults say that nothing was tuned.

    Attributes:
        tuned: primary metric on test of the configuration that validation prefers in each block; a mean over blocks
            that is made as the default's is.
        tuned_incomplete: whether blocks or configurations are missing.
        tuned_difference, tuned_low, tuned_high: paired difference to the baseline, tuned as well, and its interval.
        gain, gain_low, gain_high: tuned minus default over the blocks that have both, and its interval.
        best_of: expected value of the best of 1, 2, … configurations, see `expected_best`.
        configurations: distinct ones, the default included.
        tuned_done: cells with scores, over all configurations.
        tuned_expected: cells that would have them if the strategy had as many configurations as any.
    """

    tuned: float | None = None
    tuned_incomplete: bool = False
    tuned_difference: float | None = None
    tuned_low: float | None = None
    tuned_high: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    best_of: tuple[float | None, ...] = ()
    configurations: int = 0
    tuned_done: int = 0
    tuned_expected: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """What tuning gave all strategies; indices are rows of the grid.

    Attributes:
        standing: of the tuned values.
        rows: of each strategy.
        most: configurations of the strategy that has most.
    """

    standing: Standing
    rows: tuple[Tuned, ...]
    most: int


def preferred(validation: Numbers, *, lower: bool) -> NDArray[np.intp]:
    """Positions of configurations from the least to the most preferred by validation.

    Args:
        validation: (m,) values in the order of the configurations' numbers; NaN is preferred least.
        lower: whether less is better.

    Returns:
        (m,) positions; of equal values the lower number is preferred.
    """
    worth = np.where(np.isnan(validation), -np.inf, -validation if lower else validation)
    return np.lexsort((-np.arange(len(worth)), worth))


def expected_best(validation: Numbers, outcome: Numbers, most: int, *, lower: bool) -> Numbers:
    """Expected outcome of the configuration that validation prefers among k drawn with replacement, k = 1 … most.

    The i-th of m configurations, counted from the least preferred, is the most preferred of k draws if all k are among
    the first i and not all among the first i-1: with probability (i/m)^k - ((i-1)/m)^k (Dodge et al. 2019, eq. 7; here
    with the test value of the chosen one instead of its validation value).

    Args:
        validation: (m,) values in the order of the configurations' numbers, see `preferred`.
        outcome: (m,) values on test; they do not enter the choice.
        most: largest k.
        lower: whether less is better.
    """
    below = np.arange(len(validation) + 1) / len(validation)
    chances = np.diff(below ** np.arange(1, most + 1)[:, None], axis=1)
    found: Numbers = chances @ outcome[preferred(validation, lower=lower)]
    return found


def tuning_of(
    grid: Grid, values: Numbers, *, primary: str, policy: str, baseline: str, lower: bool, bootstrap: Bootstrap
) -> Tuning:
    """Choose in every block, and compare as the defaults are compared: with the tuned baseline.

    Args:
        grid: results.
        values: (strategies, blocks) primary metric of the defaults.
        primary: metric that ranks, and that configurations are chosen by.
        policy: decision policy of label metrics.
        baseline: strategy that differences are to.
        lower: whether less of the metric is better.
        bootstrap: the replicates that the defaults are seen through.
    """
    distinct = [len({_identity(r) for tried in grid.tried[s].values() for r in tried}) for s in grid.strategies]
    most = max(distinct)
    chosen = _choose(grid, primary, policy, most, lower=lower)
    standing = standing_of(grid, chosen.values, baseline, lower, bootstrap)
    curves = [fair_means(curve, standing.reference, grid) for curve in chosen.curves]
    rows = []
    for row, mine in enumerate(chosen.values):
        mean, done = standing.means[row], chosen.done[row]
        low, high = standing.intervals[row] or (None, None)
        gain_low, gain_high = bootstrap.interval(mine - values[row]) or (None, None)
        partial = bool(((done > 0) & (done < distinct[row])).any())
        rows.append(
            Tuned(
                tuned=mean,
                tuned_incomplete=(standing.incomplete[row] or partial) and mean is not None,
                tuned_difference=standing.differences[row],
                tuned_low=low,
                tuned_high=high,
                gain=paired_mean(mine, values[row], grid),
                gain_low=gain_low,
                gain_high=gain_high,
                best_of=tuple(curve[row] for curve in curves),
                configurations=distinct[row],
                tuned_done=int(done.sum()),
                tuned_expected=most * len(grid.blocks),
            )
        )
    return Tuning(standing=standing, rows=tuple(rows), most=most)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chosen:
    """What was chosen in each block.

    Attributes:
        values: (strategies, blocks) test values of the chosen configurations.
        curves: (most, strategies, blocks) of `expected_best`.
        done: (strategies, blocks) configurations with scores.
    """

    values: Numbers
    curves: Numbers
    done: NDArray[np.intp]


def _choose(grid: Grid, primary: str, policy: str, most: int, *, lower: bool) -> _Chosen:
    shape = len(grid.strategies), len(grid.blocks)
    values, curves = np.full(shape, np.nan), np.full((most, *shape), np.nan)
    done = np.zeros(shape, dtype=np.intp)
    column = {block: number for number, block in enumerate(grid.blocks)}
    for row, strategy in enumerate(grid.strategies):
        for block, tried in grid.tried[strategy].items():
            scored = [result for result in tried if result.done]
            if not scored:
                continue
            validation = _numbers([validation_of(result, primary, policy) for result in scored])
            outcome = _numbers([metric_of(result, primary, policy) for result in scored])
            place = row, column[block]
            done[place] = len(scored)
            values[place] = outcome[preferred(validation, lower=lower)[-1]]
            curves[:, place[0], place[1]] = expected_best(validation, outcome, most, lower=lower)
    return _Chosen(values=values, curves=curves, done=done)


def tuned_notes(grid: Grid, tuning: Tuning) -> list[str]:
    """Who had fewer configurations than others, whose failed, and what could not be chosen for want of figures."""
    fewer: dict[int, list[str]] = {}
    notes, blind = [], 0
    for strategy, row in zip(grid.strategies, tuning.rows, strict=True):
        if row.configurations < tuning.most:
            fewer.setdefault(row.configurations, []).append(strategy)
        tuned = [r for tried in grid.tried[strategy].values() for r in tried if r.cell.configuration is not None]
        lost = Counter(result.status for result in tuned if not result.done and result.status != "skipped")
        if lost:
            what = ", ".join(f"{number} {status}" for status, number in sorted(lost.items()))
            notes.append(f"{strategy}: of {len(tuned)} cells with other configurations, {what}; they are never chosen")
        blind += sum(r.done and not r.validation for tried in grid.tried[strategy].values() for r in tried)
    few = [
        f"{', '.join(names)}: {number} of {tuning.most} configurations, there is no more to vary"
        for number, names in sorted(fewer.items())
    ]
    if blind:
        few.append(f"tuned: no figures of validation in {blind} cells, which lose to others: imbench run adds them")
    return few + notes


def check_tuned(grid: Grid) -> None:
    """Raise UsageError if there is nothing to rank by."""
    if not grid.tuned:
        raise UsageError("no result is of another configuration than the default: see [tuning] configurations")


def _identity(result: Result) -> tuple[str, float]:
    return result.cell.strategy, result.cell.learning_rate


def _numbers(values: Sequence[float | None]) -> Numbers:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
