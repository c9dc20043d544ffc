"""Standing: means that can be compared, ranks, tie groups and differences to the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np

from imbench.leaderboard.grid import Grid, Numbers
from imbench.leaderboard.statistics import Bootstrap, Interval, nested_mean

__all__ = ["Standing", "fair_means", "letters", "paired_mean", "standing_notes", "standing_of"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Who stands where; indices are rows of the grid.

    Attributes:
        reference: the strategy whose blocks the means are over, None if no strategy has a value.
        means: mean of each strategy, None where it cannot be placed.
        incomplete: whether blocks of the reference are missing.
        places: index → rank.
        ties: index → letter.
        differences: mean paired difference to the baseline.
        intervals: of the differences.
    """

    reference: int | None
    means: list[float | None]
    incomplete: list[bool]
    places: dict[int, int]
    ties: dict[int, str]
    differences: list[float | None]
    intervals: list[Interval]


def standing_of(grid: Grid, values: Numbers, baseline: str, lower: bool, bootstrap: Bootstrap) -> Standing:
    """Means, ranks, tie groups and differences of the (strategies, blocks) values of the primary metric."""
    known = np.isfinite(values)
    reference = _reference(grid, known.sum(axis=1), baseline)
    means = fair_means(values, reference, grid)
    complete = known[reference] if reference is not None else np.zeros(len(grid.blocks), dtype=bool)
    base = grid.strategies.index(baseline) if baseline in grid.strategies else None
    differences = [paired_mean(row, values[base], grid) if base is not None else None for row in values]
    intervals: list[Interval] = [
        bootstrap.interval(row - values[base]) if base is not None and index != base else None
        for index, row in enumerate(values)
    ]
    sign = 1 if lower else -1
    placed = sorted((sign * mean, grid.strategies[i], i) for i, mean in enumerate(means) if mean is not None)
    scores = [score for score, _, _ in placed]
    order = [index for _, _, index in placed]
    return Standing(
        reference=reference,
        means=means,
        incomplete=[bool((complete & ~row).any()) for row in known],
        places={index: scores.index(score) + 1 for score, _, index in placed},
        ties=_tie_groups(order, values, bootstrap),
        differences=differences,
        intervals=intervals,
    )


def _reference(grid: Grid, counts: Numbers, baseline: str) -> int | None:
    """The baseline if it has at least half of the blocks, else the strategy with most (the first by name)."""
    if not counts.any():
        return None
    if baseline in grid.strategies:
        index = grid.strategies.index(baseline)
        if 2 * counts[index] >= len(grid.blocks):
            return index
    return int(np.argmax(counts))


def fair_means(values: Numbers, reference: int | None, grid: Grid) -> list[float | None]:
    """Comparable mean of each strategy: the reference's mean plus the paired difference to it."""
    if reference is None:
        return [None] * len(values)
    level = nested_mean(values[reference], np.isfinite(values[reference]), grid.levels)
    shifts = [paired_mean(row, values[reference], grid) for row in values]
    return [None if level is None or shift is None else level + shift for shift in shifts]


def paired_mean(left: Numbers, right: Numbers, grid: Grid) -> float | None:
    """Mean of the differences over the blocks that both have; None if there are none."""
    difference = left - right
    return nested_mean(difference, np.isfinite(difference), grid.levels)


def _tie_groups(order: Sequence[int], values: Numbers, bootstrap: Bootstrap) -> dict[int, str]:
    """Index → letter, walking down from the best. What no interval can tell apart stays together."""
    ties: dict[int, str] = {}
    leader, group = order[0] if order else -1, 0
    for index in order:
        interval = bootstrap.interval(values[index] - values[leader]) if index != leader else None
        if interval is not None and not interval[0] <= 0 <= interval[1]:
            leader, group = index, group + 1
        ties[index] = letters(group)
    return ties


def letters(number: int) -> str:
    """Name of the group: a, b, …, z, aa, ab and so on."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = ascii_lowercase[rest] + text
    return text


def standing_notes(grid: Grid, standing: Standing, baseline: str) -> list[str]:
    """Notes on the baseline and on rows whose mean is an estimate."""
    notes = []
    if baseline not in grid.strategies:
        notes.append(f"no differences: the baseline {baseline} is not among the results")
    if standing.reference is not None and any(standing.incomplete):
        reference = grid.strategies[standing.reference]
        notes.append(f"* cells are missing: mean of {reference} plus the paired difference to it on the shared cells")
    return notes
