"""``imbench validate``: is this matrix right? Runs no strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from imbench.cli.options import Json
from imbench.cli.text import clean, out, out_json

if TYPE_CHECKING:
    from imbench.matrix.schema import Matrix
    from imbench.plugin.registry import Registry

__all__ = ["validate"]


def validate(
    matrix: Annotated[str, typer.Argument(metavar="FILE", help="Matrix file, or a built-in name.")],
    as_json: Json = False,
) -> None:
    """Check a matrix; runs nothing.

    Keys, types, every name and parameter, required plugins, and your own data files are looked at.
    """
    from imbench.cli.metrics import check_primary
    from imbench.matrix.loading import load_matrix
    from imbench.plugin.loading import load
    from imbench.runner.planning import plan_run

    question = load_matrix(matrix)
    registry = load()
    check_primary(question, registry)
    cells = plan_run(question, registry).cells
    _read_files(question, registry)
    counts = {
        "datasets": len(question.datasets),
        "ratios": len({cell.at.ratio for cell in cells}),
        "seeds": len({cell.at.seed for cell in cells}),
        "strategies": len({cell.strategy for cell in cells}),
    }
    if as_json:
        out_json({"matrix": question.name, "cells": len(cells), **counts})
    else:
        sizes = ", ".join(f"{name} {number}" for name, number in counts.items())
        out(f"{clean(question.name)}: ok, {len(cells)} cells ({sizes} with the baselines)")


def _read_files(matrix: Matrix, registry: Registry) -> None:
    """Load the user's own files, whose columns and target may be wrong."""
    from imbench.errors import UsageError
    from imbench.runner.planning import load_source, sources_of

    sources = sources_of(matrix, registry)
    for index, entry in enumerate(matrix.datasets):
        if entry.file:
            try:
                load_source(sources[entry.label], registry)
            except UsageError as error:
                raise UsageError(f"datasets[{index}]: {error}") from None
