"""``imbench validate``: is this matrix right? Trains nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from imbench.cli.options import Json
from imbench.cli.text import clean, out, out_json, say
from imbench.errors import Exit

__all__ = ["validate"]


def validate(
    matrix: Annotated[str, typer.Argument(metavar="FILE", help="Matrix file, or a built-in name.")],
    as_json: Json = False,
) -> int:
    """Check a matrix; trains nothing.

    Keys, types, every name and parameter, required plugins and your own data files are looked at, and every strategy is
    built once, so that a composition that breaks a rule is found.
    """
    from imbench.cli.guard import complain
    from imbench.cli.metrics import check_primary
    from imbench.cli.places import placed, placing
    from imbench.matrix.loading import load_matrix
    from imbench.plugin.loading import load
    from imbench.runner.checking import check

    question = load_matrix(matrix)
    registry = load()
    with placing(matrix):
        check_primary(question, registry)
        found = check(question, registry)
    for note in found.notes:
        say(f"imbench: note: {clean(note)}")
    for problem in found.problems:
        complain(placed(problem, matrix))
    if found.problems:
        return max(found.problems, key=lambda problem: problem.exit_code == Exit.USAGE).exit_code
    cells = found.planned.cells
    counts = {
        "datasets": len(question.datasets),
        "ratios": len({cell.at.ratio for cell in cells}),
        "seeds": len({cell.at.seed for cell in cells}),
        "strategies": len({cell.entry for cell in cells}),
    }
    if question.tuning.configurations > 1:
        counts["configurations"] = question.tuning.configurations
    if as_json:
        out_json({"matrix": question.name, "cells": len(cells), **counts})
    else:
        sizes = ", ".join(f"{name} {number}" for name, number in counts.items())
        out(f"{clean(question.name)}: ok, {len(cells)} cells ({sizes} with the baselines)")
    return Exit.OK
