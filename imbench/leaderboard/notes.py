"""Notes: what a leaderboard must say so that nothing is missing silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from imbench.leaderboard.board import Row
from imbench.leaderboard.grid import Block, Grid, metric_of
from imbench.results.result import STATUSES, Result

__all__ = ["ENOUGH_DATASETS", "grid_notes", "missing_notes"]

#: Below this many datasets no test has a chance: with 5, Wilcoxon's smallest two-sided p is 0.0625.
ENOUGH_DATASETS = 6

#: Characters of a reason or name that a note quotes.
_QUOTED = 120


def grid_notes(grid: Grid) -> list[str]:
    """Notes on what counts: datasets, flagged blocks, mixed tasks, duplicates."""
    clusters = {block[0] for block in grid.blocks}
    notes = []
    if len(clusters) < ENOUGH_DATASETS:
        few = f"{len(clusters)} datasets are" if len(clusters) != 1 else "1 dataset is"
        notes.append(f"effects only: {few} too few for a test")
    if grid.flagged:
        why = ", ".join(sorted({flag for flags in grid.flagged.values() for flag in flags}))
        left_out = sum(grid.flagged_cells.values())
        notes.append(f"{left_out} cells of {len(grid.flagged)} flagged blocks are left out ({_short(why)})")
    tasks = {result.task for row in grid.cells.values() for result in row.values() if result.task}
    if len(tasks) > 1:
        notes.append(f"{' and '.join(sorted(tasks))} datasets are averaged together: rank them apart to compare levels")
    if grid.duplicates:
        notes.append(f"{grid.duplicates} results are replaced by another of the same strategy, dataset, ratio and seed")
    return notes


def missing_notes(grid: Grid, rows: Iterable[Row], primary: str, policy: str) -> list[str]:
    """A note for each strategy with cells that are missing, failed, changed nothing, or have no primary metric."""
    notes = []
    for row in rows:
        cells = grid.cells.get(row.strategy, {})
        if row.done < row.expected:
            absent = row.expected - len(cells)
            parts = _failures(cells) + ([f"{absent} without a result"] if absent > 0 else [])
            notes.append(f"{_short(row.strategy)}: {row.done}/{row.expected} cells; {', '.join(parts)}")
        idle = sum(result.status == "noop" for result in cells.values())
        if idle:
            notes.append(f"{_short(row.strategy)}: changed nothing in {idle} of {row.done} cells (noop)")
        undefined = [r for r in cells.values() if r.done and metric_of(r, primary, policy) is None]
        if undefined:
            why = _most_common(result.undefined.get(primary, "not computed") for result in undefined)
            notes.append(f"{_short(row.strategy)}: {primary} is undefined in {len(undefined)} cells ({why})")
    return notes


def _failures(cells: Mapping[Block, Result]) -> list[str]:
    """``2 failed (ValueError: …)`` for each status without scores, with its most common reason."""
    parts = []
    for status in STATUSES:
        reasons = [r.reason for r in cells.values() if r.status == status and not r.done]
        if reasons:
            parts.append(f"{len(reasons)} {status} ({_most_common(reasons)})")
    return parts


def _most_common(reasons: Iterable[str]) -> str:
    """The most common reason; the first by name among equals, so that order does not matter."""
    counts = Counter(reason or "no reason given" for reason in reasons)
    return _short(min(counts, key=lambda reason: (-counts[reason], reason)))


def _short(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"
