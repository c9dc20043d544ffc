"""rank: results → leaderboard, a pure function."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from imbench.errors import NothingSelected, UsageError, did_you_mean
from imbench.leaderboard.board import LOWER_IS_BETTER, By, Leaderboard, Row
from imbench.leaderboard.cost import Cost, cost_by_strategy, cost_notes
from imbench.leaderboard.grid import Grid, lay_out, metric_values
from imbench.leaderboard.notes import grid_notes, missing_notes, skipped_notes, tie_notes
from imbench.leaderboard.standing import Standing, fair_means, standing_notes, standing_of
from imbench.leaderboard.statistics import Bootstrap
from imbench.leaderboard.tuning import Tuned, Tuning, check_tuned, tuned_notes, tuning_of
from imbench.results.result import CostRecord, Result

__all__ = ["Leaderboard", "boards", "rank"]

#: Metrics shown beside the primary one, by task.
_SECONDARY = {
    "binary": ("roc_auc", "balanced_accuracy", "worst_recall", "brier"),
    "multiclass": ("balanced_accuracy", "macro_f1", "worst_recall", "roc_auc", "brier"),
}


def rank(
    results: Sequence[Result],
    costs: Sequence[CostRecord] = (),
    *,
    primary: str = "ap",
    policy: str = "tuned",
    baseline: str = "erm+threshold",
    expected: Mapping[str, int] | None = None,
    include_flagged: bool = False,
    bootstrap: int = 2000,
    seed: int = 0,
    lower: Collection[str] = (),
    by: By = "default",
) -> Leaderboard:
    """Rank the strategies of one device class. The order of the results does not matter.

    The unit is the dataset: seeds are averaged first, then ratios, then datasets; datasets of one origin count once.

    Means are comparable although cells are missing. The *reference* is the baseline (or, if it has less than half of
    the blocks, the strategy that has most). A strategy's mean is the reference's mean over all of its blocks plus the
    mean paired difference to the reference over the blocks that both have. For a strategy that has all blocks of the
    reference that is exactly its own mean; for another it is an estimate that easy or hard missing blocks do not
    shift, and is marked incomplete. One strategy that failed never changes the blocks that others are compared on.

    Differences to the baseline, intervals and tie groups are paired over the blocks (dataset, ratio, seed) that both
    have; the interval is the 95 % percentile interval of a hierarchical bootstrap (datasets, then seeds within).
    Walking down from the best row, a row joins a tie group while the interval of its difference to the group's first
    row contains 0.

    Args:
        results: one result per cell; of several, one with scores wins.
        costs: measurements of the cost lane; those of other device classes are ignored.
        primary: metric that ranks.
        policy: decision policy of label metrics; ``own`` takes a strategy's own decisions, else ``argmax``.
        baseline: strategy that differences are to.
        expected: strategy → number of its cells in the matrix; without it, all blocks that any strategy has.
        include_flagged: keep blocks that the guard flagged (too few positives).
        bootstrap: replicates; 0 gives no intervals and one tie group.
        seed: of the bootstrap.
        lower: metrics of plugins of which less is better.
        by: what gives ranks, tie groups and order; configurations beside the default enter the tuned columns alone.

    Raises:
        NothingSelected: there is no result.
        UsageError: results of several device classes, a metric or policy that no result has, or ``by`` tuned where
            nothing is.
    """
    if not results:
        raise NothingSelected("leaderboard: no results to rank; `imbench run` makes some")
    devices = sorted({result.device for result in results})
    if len(devices) > 1:
        raise UsageError(
            f"expected results of one device class, got {', '.join(devices)}: rank each apart with `boards`"
        )
    labelled = _check_metric(results, primary, policy)
    less_is_better = primary in LOWER_IS_BETTER or primary in lower
    grid = lay_out(results, include_flagged=include_flagged)
    if by == "tuned":
        check_tuned(grid)
    values = metric_values(grid, primary, policy)
    draws = Bootstrap.draw(grid.levels, bootstrap, seed)
    standing = standing_of(grid, values, baseline, less_is_better, draws)
    tuning = None
    if grid.tuned:
        tuning = tuning_of(
            grid, values, primary=primary, policy=policy, baseline=baseline, lower=less_is_better, bootstrap=draws
        )
    secondary = {name: metric_values(grid, name, policy) for name in _secondary(results, primary)}
    secondary = {name: table for name, table in secondary.items() if np.isfinite(table).any()}
    means = {name: fair_means(table, standing.reference, grid) for name, table in secondary.items()}
    rows = _rows(grid, standing, tuning, by, means, cost_by_strategy(costs, devices[0]), expected)
    labels = {name for name in secondary if not any(name in result.metrics for result in results)}
    return Leaderboard(
        primary=primary,
        lower_is_better=less_is_better,
        policy=policy,
        labelled=frozenset(labels | ({primary} if labelled else set())),
        baseline=baseline,
        device=devices[0],
        secondary=tuple(secondary),
        datasets=len({block[0] for block in grid.blocks}),
        blocks=len(grid.blocks),
        rows=rows,
        notes=(
            *grid_notes(grid),
            *standing_notes(grid, standing, baseline),
            *tie_notes(grid, rows),
            *skipped_notes(grid),
            *missing_notes(grid, rows, primary, policy),
            *(tuned_notes(grid, tuning) if tuning else ()),
            *cost_notes(costs, devices[0]),
        ),
        left_out=len(grid.flagged),
        by=by,
        configurations=tuning.most if tuning else 0,
    )


def boards(results: Sequence[Result], costs: Sequence[CostRecord] = (), **options: Any) -> list[Leaderboard]:
    """One leaderboard for each device class, because their results are never mixed. Options as in `rank`."""
    devices = sorted({result.device for result in results})
    return [rank([result for result in results if result.device == device], costs, **options) for device in devices]


def _rows(
    grid: Grid,
    standing: Standing,
    tuning: Tuning | None,
    by: By,
    means: Mapping[str, Sequence[float | None]],
    costs: Mapping[str, Cost],
    expected: Mapping[str, int] | None,
) -> tuple[Row, ...]:
    rows = []
    ranking = tuning.standing if tuning and by == "tuned" else standing
    for index, strategy in enumerate(grid.strategies):
        cost = costs.get(strategy, Cost())
        interval = standing.intervals[index] or (None, None)
        wanted = len(grid.blocks) if expected is None else expected.get(strategy, 0) - grid.flagged_cells[strategy]
        rows.append(
            Row(
                rank=ranking.places.get(index),
                tie=ranking.ties.get(index, ""),
                strategy=strategy,
                mean=standing.means[index],
                incomplete=standing.incomplete[index] and standing.means[index] is not None,
                difference=standing.differences[index],
                low=interval[0],
                high=interval[1],
                secondary={name: column[index] for name, column in means.items()},
                done=sum(result.done for result in grid.cells[strategy].values()),
                expected=max(wanted, len(grid.cells[strategy])),
                flagged=sum(r.done for block, r in grid.cells[strategy].items() if block in grid.included),
                **asdict(tuning.rows[index] if tuning else Tuned()),
                **asdict(cost),
            )
        )
    rows += [
        _absent(strategy, wanted) for strategy, wanted in (expected or {}).items() if strategy not in grid.strategies
    ]
    return tuple(sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, row.strategy)))


def _absent(strategy: str, wanted: int) -> Row:
    """The row of a strategy that was expected and has no result at all."""
    return Row(
        rank=None, tie="", strategy=strategy, mean=None, incomplete=False, difference=None, low=None, high=None,
        done=0, expected=wanted,
    )  # fmt: skip


def _secondary(results: Sequence[Result], primary: str) -> tuple[str, ...]:
    tasks = {result.task for result in results}
    names = _SECONDARY["multiclass" if "multiclass" in tasks else "binary"]
    return tuple(name for name in names if name != primary)


def _check_metric(results: Sequence[Result], primary: str, policy: str) -> bool:
    """Whether the primary metric depends on the policy. Raises UsageError for a metric or policy that no result has."""
    done = [result for result in results if result.done]
    scores = {name for result in done for name in result.metrics}
    policies = {name for result in done for name in result.decisions}
    labels = {name for result in done for metrics in result.decisions.values() for name in metrics}
    if policies and policy not in policies | {"own"}:
        raise UsageError(f"unknown decision policy {policy!r}{did_you_mean(policy, policies)}")
    if done and primary not in scores | labels:
        raise UsageError(f"no result has the metric {primary!r}{did_you_mean(primary, scores | labels)}")
    return primary in labels - scores
