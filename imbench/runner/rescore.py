"""What a store already holds of a run: which cells run, which are only scored again, and which results stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from imbench.data.block import Block
from imbench.matrix.cell import Cell
from imbench.results.result import Result
from imbench.results.scores import LostScores
from imbench.results.store import Attempt, Store
from imbench.runner.planning import still_to_do
from imbench.runner.scoring import Scoring, judge

__all__ = ["Due", "due", "rescored"]

#: Why a cell runs again although it has a result.
_WHY = {
    "missing": "score file missing",
    "damaged": "score file damaged",
    "old": "stored by an older imbench, without what scoring it again needs",
}
#: Score files that are checked at a time: unpacking and hashing let other threads run.
_READERS = 4
#: Results that are scored and stored together.
TOGETHER = 24


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is to be done about the cells of a dataset.

    Attributes:
        run: keys of cells that run.
        rescore: key → result that was scored with something else; its scores are there.
        lost: why a result cannot be relied on → its cells, which run (unless nothing may run again).
    """

    run: frozenset[str]
    rescore: Mapping[str, Result] = field(default_factory=dict)
    lost: Mapping[str, Sequence[Cell]] = field(default_factory=dict)


def due(
    keyed: Sequence[tuple[Cell, str]], store: Store, held: Mapping[str, Result], *, retry: str, enough: Collection[str]
) -> Due:
    """Sort cells by what the store holds of them. Reads the score file of every result that may stand.

    Args:
        keyed: cells with their keys.
        store: the store.
        held: key → result that counts.
        retry: which stored results run again: ``failed``, ``none``, ``all``.
        enough: digests of the `Scoring` that is wanted and of those that hold all of it.

    Raises:
        EnvironmentFault: a score file is of a newer imbench, or cannot be read although it is there.
    """
    run = {key for _, key in keyed if still_to_do(held, key, retry)}
    scored = {key: cell for cell, key in keyed if key not in run and held[key].done}
    fates = _fates(store, {held[key].scores for key in scored if held[key].scores})
    rescore: dict[str, Result] = {}
    lost: dict[str, list[Cell]] = {}
    for key, cell in scored.items():
        result = held[key]
        fate = fates.get(result.scores, "") if result.scores else "missing"
        if fate := fate or ("" if result.scored_with else "old"):
            lost.setdefault(_WHY[fate], []).append(cell)
            if retry != "none":
                run.add(key)
        elif result.scored_with not in enough:
            rescore[key] = result
    return Due(run=frozenset(run), rescore=rescore, lost=lost)


def _fates(store: Store, names: Iterable[str]) -> dict[str, str]:
    """Score files that cannot be read any more → ``missing`` or ``damaged``. Every one is read and hashed."""

    def fate(name: str) -> tuple[str, str]:
        try:
            store.read_scores(name)
        except LostScores as lost:
            return name, lost.fate
        return name, ""

    with ThreadPoolExecutor(_READERS) as pool:
        return {name: found for name, found in pool.map(fate, names) if found}


def rescored(results: Sequence[Result], block: Block, store: Store, scoring: Scoring) -> Iterator[list[Attempt]]:
    """Score stored results of a block again.

    Yields:
        New attempts of their cells, which name the same score files; several at a time, to be stored together.

    Raises:
        LostScores: a score file vanished since `due` read it.
    """
    for first in range(0, len(results), TOGETHER):
        some = results[first : first + TOGETHER]
        arrays = [store.read_scores(result.scores) for result in some]
        yield [Attempt(result) for result in judge(some, block, arrays, scoring)]
