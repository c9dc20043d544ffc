"""``imbench status``: how far a store is, and what failed why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imbench.cli.options import DEFAULT_STORE, Json, StoreFolder
from imbench.cli.text import fields, out, out_json, out_table

if TYPE_CHECKING:
    from imbench.cli.stored import Stored

__all__ = ["status"]


def status(
    store: StoreFolder = DEFAULT_STORE,
    matrix: Annotated[
        str | None, typer.Option("--matrix", "-m", metavar="FILE", help="Count what is left of this matrix.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Count what is done, failed and left in a store.

    Failures come with their reasons, and the results with a digest: equal digests mean equal results.
    """
    from imbench.cli.stored import read_store

    report = _report(read_store(store, matrix))
    if as_json:
        out_json(report)
        return
    counts = report["cells"]
    failures = report.pop("failures")
    fields({**report, "cells": ", ".join(f"{number} {name}" for name, number in counts.items())})
    if failures:
        out("")
        out_table(("status", "cells", "example", "reason"), _grouped(failures))


def _report(stored: Stored) -> dict[str, Any]:
    from imbench.results.result import STATUSES, results_digest

    counts = Counter(result.status for result in stored.results)
    failures = [result for result in stored.results if not result.done]
    report: dict[str, Any] = {"matrix": stored.matrix.name if stored.matrix else ""}
    report["cells"] = {name: counts[name] for name in STATUSES if counts[name]}
    if stored.matrix:
        report["cells"]["left"] = len(stored.left)
        report["others"] = stored.others
    report["costs"] = len(stored.costs)
    report["digest"] = results_digest(list(stored.results))
    report["failures"] = [
        {"cell": str(result.cell), "key": result.key, "status": result.status, "reason": result.reason}
        for result in failures
    ]
    return report


def _grouped(failures: list[dict[str, str]]) -> list[tuple[str, int, str, str]]:
    """One line per status and reason, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        groups.setdefault((failure["status"], failure["reason"]), []).append(failure["cell"])
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [(name, len(cells), cells[0], reason) for (name, reason), cells in ordered]
