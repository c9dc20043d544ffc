"""Grid: results laid out as strategies by blocks, with the levels that means and bootstrap go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imbench.leaderboard.statistics import Levels
from imbench.results.result import Result

__all__ = ["Block", "Grid", "lay_out", "metric_of", "metric_values", "validation_of"]

Numbers = NDArray[np.float64]

#: cluster, dataset, number of the condition (ratio, profile, backbone, budget), seed
Block = tuple[str, str, int, int]
#: number, expression and learning rate of a configuration
_Identity = tuple[int, str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Results by strategy and block.

    Attributes:
        strategies: expressions as the matrix has them, sorted.
        blocks: blocks that count, sorted, so that the blocks of a condition, dataset and cluster are neighbours.
        cells: strategy → block → the result that counts, of the default configuration.
        tried: strategy → block → results of all its configurations, by number; the default is the first.
        levels: how blocks nest.
        flagged: blocks that were left out → their flags.
        flagged_cells: strategy → cells that were left out with them.
        included: flagged blocks that count all the same → their flags.
        duplicates: results that another result of the same strategy, configuration and block replaced.
    """

    strategies: tuple[str, ...]
    blocks: tuple[Block, ...]
    cells: Mapping[str, Mapping[Block, Result]]
    tried: Mapping[str, Mapping[Block, tuple[Result, ...]]]
    levels: Levels
    flagged: Mapping[Block, tuple[str, ...]]
    flagged_cells: Mapping[str, int]
    included: Mapping[Block, tuple[str, ...]]
    duplicates: int

    @property
    def tuned(self) -> bool:
        """Whether there is any configuration beside the defaults."""
        tried = (results for row in self.tried.values() for results in row.values())
        return any(result.cell.configuration is not None for results in tried for result in results)


def lay_out(results: Sequence[Result], *, include_flagged: bool) -> Grid:
    """Lay results out. Their order does not matter."""
    blocks = _blocks(results)
    found: dict[str, dict[Block, dict[_Identity, Result]]] = {}
    flags: dict[Block, set[str]] = {}
    for result, block in zip(results, blocks, strict=True):
        tried, who = found.setdefault(result.cell.entry, {}).setdefault(block, {}), _identity(result)
        if who not in tried or (result.done, result.key) > (tried[who].done, tried[who].key):
            tried[who] = result
        if result.realised.get("flags"):
            flags.setdefault(block, set()).update(str(flag) for flag in result.realised["flags"])
    duplicates = len(results) - sum(len(tried) for row in found.values() for tried in row.values())
    # a flag is about the data of a block, so it holds for all strategies, also for one that failed before it was seen
    every = {block: tuple(sorted(flags[block])) for block in sorted(flags)}
    flagged, included = ({}, every) if include_flagged else (every, {})
    every_try = {
        s: {b: tuple(tried[who] for who in sorted(tried)) for b, tried in row.items()}
        for s, row in sorted(found.items())
    }
    cells = {
        s: {b: tried[0] for b, tried in row.items() if tried[0].cell.configuration is None}
        for s, row in every_try.items()
    }
    kept = {s: {b: r for b, r in row.items() if b not in flagged} for s, row in cells.items()}
    tried_kept = {s: {b: tried for b, tried in row.items() if b not in flagged} for s, row in every_try.items()}
    counted = tuple(sorted({block for row in tried_kept.values() for block in row}))
    return Grid(
        strategies=tuple(kept),
        blocks=counted,
        cells=kept,
        tried=tried_kept,
        levels=_levels(counted),
        flagged=flagged,
        flagged_cells={s: len(cells[s]) - len(kept[s]) for s in kept},
        included=included,
        duplicates=duplicates,
    )


def metric_of(result: Result, metric: str, policy: str) -> float | None:
    """A metric of a result, or None: from the scores, or else from the decisions under a policy.

    Policy ``own`` reads a strategy's own decisions, and ``argmax`` for a strategy that makes none.
    """
    if metric in result.metrics:
        return result.metrics[metric]
    decisions = result.decisions.get(policy)
    if decisions is None and policy == "own":
        decisions = result.decisions.get("argmax")
    return decisions.get(metric) if decisions else None


def validation_of(result: Result, metric: str, policy: str) -> float | None:
    """`metric_of` on the validation rows. A strategy's own decisions are not known for them: ``argmax`` stands in."""
    if metric in result.metrics:
        return result.validation.get(metric)
    return result.validation_decisions.get("argmax" if policy == "own" else policy, {}).get(metric)


def metric_values(grid: Grid, metric: str, policy: str) -> Numbers:
    """(strategies, blocks) values, NaN where there is none."""
    values = np.full((len(grid.strategies), len(grid.blocks)), np.nan)
    column = {block: number for number, block in enumerate(grid.blocks)}
    for row, strategy in enumerate(grid.strategies):
        for block, result in grid.cells[strategy].items():
            value = metric_of(result, metric, policy) if result.done else None
            if value is not None:
                values[row, column[block]] = value
    return values


def _identity(result: Result) -> _Identity:
    """What tells configurations of one strategy in one block apart; the default sorts first."""
    cell = result.cell
    return 0 if cell.configuration is None else cell.configuration.number, cell.strategy, cell.learning_rate


def _blocks(results: Sequence[Result]) -> list[Block]:
    """The block of each result."""
    conditions = [
        (str(r.cell.at.ratio) if isinstance(r.cell.at.ratio, str) else float(r.cell.at.ratio),
         r.cell.at.profile, r.cell.backbone, r.cell.budget)
        for r in results
    ]  # fmt: skip
    number = {condition: place for place, condition in enumerate(sorted(set(conditions), key=repr))}
    origins: dict[str, str] = {}
    for result in results:
        # the same for every result of a dataset, whichever comes first: a cell that failed early may not know it
        name = result.cell.at.dataset
        origins[name] = max(origins.get(name, ""), result.origin)
    return [
        (origins[r.cell.at.dataset] or r.cell.at.dataset, r.cell.at.dataset, number[condition], r.cell.at.seed)
        for r, condition in zip(results, conditions, strict=True)
    ]


def _levels(blocks: Sequence[Block]) -> Levels:
    """How sorted blocks nest: seeds in conditions in datasets in clusters."""
    prefixes = [[block[:depth] for block in blocks] for depth in (1, 2, 3)]
    clusters, datasets, conditions = (_codes(prefix) for prefix in prefixes)
    seeds = {pair: number for number, pair in enumerate(sorted({(block[1], block[3]) for block in blocks}))}
    return Levels(
        cluster=clusters,
        dataset=datasets,
        condition=conditions,
        seed=np.array([seeds[block[1], block[3]] for block in blocks], dtype=np.intp),
    )


def _codes(values: Sequence[object]) -> NDArray[np.intp]:
    """0, 0, 1, 1, 1, 2, … for runs of equal neighbours."""
    steps = [0, *(int(left != right) for left, right in pairwise(values))] if values else []
    return np.cumsum(steps, dtype=np.intp)
