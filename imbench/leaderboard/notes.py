"""Notes: what a leaderboard must say so that nothing is missing silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from imbench.leaderboard.board import Row
from imbench.leaderboard.grid import Block, Grid, metric_of
from imbench.results.result import STATUSES, Result

__all__ = ["ENOUGH_DATASETS", "grid_notes", "missing_notes", "skipped_notes", "tie_notes"]

#: Below this many datasets no test has a chance: with 5, Wilcoxon's smallest two-sided p is 0.0625.
ENOUGH_DATASETS = 6

#: Characters of a reason or name that a note quotes.
_QUOTED = 120
#: The same where the end of the reason says what to do: the largest ratio that can be reached.
_QUOTED_OF_A_BLOCK = 300


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
    if grid.included:
        why = ", ".join(sorted({flag for flags in grid.included.values() for flag in flags}))
        notes.append(
            f"{len(grid.included)} of {len(grid.blocks)} blocks are flagged and count all the same, "
            f"as was asked ({_short(why)}): their metrics are noise"
        )
    tasks = {result.task for row in grid.cells.values() for result in row.values() if result.task}
    if len(tasks) > 1:
        notes.append(f"{' and '.join(sorted(tasks))} datasets are averaged together: rank them apart to compare levels")
    if grid.duplicates:
        notes.append(f"{grid.duplicates} results are replaced by another of the same strategy, dataset, ratio and seed")
    return notes


def tie_notes(grid: Grid, rows: Iterable[Row]) -> list[str]:
    """Why all rows share one tie letter, where the data are too few for anything else."""
    letters = [row.tie for row in rows if row.rank is not None]
    scored = {block for row in grid.cells.values() for block, result in row.items() if result.done}
    clusters = len({block[0] for block in scored})
    if len(letters) < 2 or len(set(letters)) > 1 or clusters >= ENOUGH_DATASETS:
        return []
    if len({(block[1], block[3]) for block in scored}) == 1:
        return ["all rows share tie a: one seed of one dataset gives no interval, which does not make them equal"]
    seeds = len({block[3] for block in scored})
    found = f"{_count(clusters, 'dataset')} and {_count(seeds, 'seed')}"
    return [f"all rows share tie a: {found} are too few to tell any two apart, which does not make them equal"]


def skipped_notes(grid: Grid) -> list[str]:
    """One note for each dataset and ratio that the data rule out for every strategy: how many cells, and why."""
    groups: dict[tuple[str, int], list[str]] = {}
    for block, reasons in _ruled_out(grid).items():
        groups.setdefault((block[1], block[2]), []).extend(reasons)
    return [
        f"{_short(dataset)}: {_count(len(reasons), 'cell')} skipped: {_most_common(reasons, _QUOTED_OF_A_BLOCK)}"
        for (dataset, _), reasons in sorted(groups.items())
    ]


def _ruled_out(grid: Grid) -> dict[Block, list[str]]:
    """Blocks in which every strategy was skipped for one reason, which is then one of the data → the reasons."""
    found: dict[Block, list[Result]] = {}
    for row in grid.cells.values():
        for block, result in row.items():
            found.setdefault(block, []).append(result)
    return {
        block: [result.reason for result in results]
        for block, results in found.items()
        if len({result.reason for result in results}) == 1 and all(r.status == "skipped" for r in results)
    }


def missing_notes(grid: Grid, rows: Iterable[Row], primary: str, policy: str) -> list[str]:
    """A note for each strategy with cells that are missing, failed, changed nothing, or have no primary metric.

    Cells that `skipped_notes` speaks of are not told again for each strategy.
    """
    notes = []
    ruled_out = _ruled_out(grid)
    for row in rows:
        cells = grid.cells.get(row.strategy, {})
        absent = row.expected - len(cells)
        parts = _failures({block: result for block, result in cells.items() if block not in ruled_out})
        parts += [f"{absent} without a result"] if absent > 0 else []
        if row.done < row.expected and parts:
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


def _most_common(reasons: Iterable[str], length: int = _QUOTED) -> str:
    """The most common reason; the first by name among equals, so that order does not matter."""
    counts = Counter(reason or "no reason given" for reason in reasons)
    return _short(min(counts, key=lambda reason: (-counts[reason], reason)), length)


def _short(text: str, length: int = _QUOTED) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
