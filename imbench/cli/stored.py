"""What a store holds, and what of a matrix is still missing in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbench.matrix.cell import Cell
    from imbench.matrix.schema import Matrix
    from imbench.results.result import CostRecord, Result

__all__ = ["Stored", "read_store"]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Results of a store.

    Attributes:
        matrix: the matrix they belong to, if one was named or the store remembers its last one.
        results: the results that count: of the matrix if there is one, else all.
        costs: measurements of the cost lane.
        left: cells of the matrix without a result.
        others: results in the store that belong to something else.
        lower: metrics of plugins of which less is better.
    """

    matrix: Matrix | None
    results: tuple[Result, ...]
    costs: tuple[CostRecord, ...]
    left: tuple[Cell, ...] = ()
    others: int = 0
    lower: tuple[str, ...] = ()


def read_store(folder: Path, matrix: str | None) -> Stored:
    """Read a store without changing it.

    Args:
        folder: the store.
        matrix: file or built-in name; without it, the matrix that the store was last used for.

    Raises:
        EnvironmentFault: no store there, or a damaged or newer one.
        UsageError: the matrix is wrong.
    """
    from imbench.cli.places import placing
    from imbench.matrix.loading import load_matrix
    from imbench.results.store import Store

    given = None if matrix is None else load_matrix(matrix)
    with Store.open(folder, create=False, readonly=True) as store:
        question = given or _remembered(store.note("matrix"))
        results = _newest(store.latest().values())
        costs = tuple(store.costs().values())
        lower = tuple(str(name) for name in store.note("lower_is_better") or ())
    if question is None:
        return Stored(matrix=None, results=results, costs=costs, lower=lower)
    with placing(matrix):
        cells = _cells(question)
    wanted = frozenset(cells)
    mine = tuple(result for result in results if result.cell in wanted)
    have = {result.cell for result in mine}
    left = tuple(cell for cell in cells if cell not in have)
    costs = tuple(cost for cost in costs if cost.dataset in {cell.at.dataset for cell in cells})
    others = len(results) - len(mine)
    return Stored(matrix=question, results=mine, costs=costs, left=left, others=others, lower=lower)


def _newest(results: Iterable[Result]) -> tuple[Result, ...]:
    """One result per cell and device: of several versions of a plugin or of the data, the one that ran last."""
    return tuple({(result.cell, result.device): result for result in results}.values())


def _remembered(note: object) -> Matrix | None:
    """The matrix that a run left in the store, if this version can read it."""
    import json

    from pydantic import ValidationError

    from imbench.matrix.schema import Matrix

    if note is None:
        return None
    try:
        return Matrix.model_validate_json(json.dumps(note))
    except ValidationError:  # of another version of imbench; the results are readable all the same
        return None


def _cells(matrix: Matrix) -> tuple[Cell, ...]:
    from imbench.plugin.loading import load
    from imbench.runner.planning import plan_run

    return plan_run(matrix, load()).cells
