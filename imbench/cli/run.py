"""``imbench run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imbench.cli.options import (
    DEFAULT_STORE,
    Device,
    Format,
    IncludeFlagged,
    Json,
    Retry,
    StoreFolder,
    memory,
    seconds,
    seeds,
)
from imbench.cli.text import clean, out, out_json, say
from imbench.errors import Exit

if TYPE_CHECKING:
    from imbench.matrix.schema import Matrix
    from imbench.plugin.registry import Registry
    from imbench.runner import Study

__all__ = ["run"]


def run(
    matrix: Annotated[str, typer.Option("--matrix", "-m", metavar="FILE", help="Matrix file, or a built-in name.")],
    select: Annotated[
        str | None, typer.Option("-k", metavar="EXPR", help="Only matching cells, e.g. 'smote and not ratio100'.")
    ] = None,
    seed_text: Annotated[
        str | None, typer.Option("--seeds", metavar="SEEDS", help="0,1,2 or a number of seeds; overrides the matrix.")
    ] = None,
    device: Annotated[Device, typer.Option("--device", help="Where networks train.")] = Device.auto,
    workers: Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Worker processes.")] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Per cell: 90, 10m, 2h; overrides the matrix.")
    ] = None,
    memory_text: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Per worker: 512MB, 8GB; overrides the matrix.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the cells and stop.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N cells.")] = None,
    retry: Annotated[Retry, typer.Option("--retry", help="Which stored results to run again.")] = Retry.failed,
    no_cost: Annotated[bool, typer.Option("--no-cost", help="Leave out the cost lane (throughput, memory).")] = False,
    include_flagged: IncludeFlagged = False,
    store: StoreFolder = DEFAULT_STORE,
    form: Annotated[Format, typer.Option("--format", help="Format of the leaderboard.")] = Format.terminal,
    as_json: Json = False,
) -> int:
    """Run a matrix and print its leaderboard. The same command again resumes, and retries what failed."""
    from imbench.cli.metrics import check_primary
    from imbench.cli.places import placing
    from imbench.matrix.loading import load_matrix
    from imbench.plugin.loading import load

    chosen_seeds, cell_seconds, worker_bytes = seeds(seed_text), seconds(timeout), memory(memory_text)
    question, registry = load_matrix(matrix), load()
    with placing(matrix):
        check_primary(question, registry)
        if dry_run:
            return _list_cells(question, registry, select, chosen_seeds, limit, as_json=as_json)
    from imbench.cli.progress import make_progress
    from imbench.cli.standings import Standings
    from imbench.runner import run as run_matrix

    lower = {offer.spec.name for offer in registry.metrics if not offer.spec.higher_is_better}
    progress = make_progress(Standings(question.primary, question.policy, lower, include_flagged), quiet=as_json)
    try:
        with placing(matrix):
            study = run_matrix(
                question,
                store=store,
                device=device.value,
                workers=workers,
                timeout=cell_seconds,
                memory=worker_bytes,
                select=select,
                seeds=chosen_seeds,
                limit=limit,
                retry=retry.value,
                cost=question.cost.enabled and not no_cost,
                progress=progress,
                include_flagged=include_flagged,
                registry=registry,
            )
    finally:
        progress.close()
    _print_study(study, form, store, as_json=as_json)
    return Exit.CELLS_FAILED if study.failed else Exit.OK


def _list_cells(
    matrix: Matrix,
    registry: Registry,
    select: str | None,
    seeds: tuple[int, ...] | None,
    limit: int | None,
    *,
    as_json: bool,
) -> int:
    from dataclasses import asdict

    from imbench.runner.planning import plan_run

    cells = plan_run(matrix, registry, select=select, seeds=seeds, limit=limit).cells
    if as_json:
        out_json([asdict(cell) for cell in cells])
    else:
        for cell in cells:
            out(clean(cell))
    say(f"imbench: {len(cells)} cells; nothing was run")
    return Exit.OK


def _print_study(study: Study, form: Format, store: Path, *, as_json: bool) -> None:
    from collections import Counter

    from imbench.cli.boards import as_records, as_text, say_if_all_flagged

    if as_json:
        out_json(
            {
                "matrix": study.matrix.name,
                "cells": dict(Counter(result.status for result in study.results)),
                "failures": [
                    {"cell": str(each.cell), "status": each.status, "reason": each.reason} for each in study.failed
                ],
                "leaderboards": as_records(study.boards),
            }
        )
    else:
        out(as_text(study.boards, form))
    say_if_all_flagged(study.boards)
    if study.failed:
        say(f"imbench: {len(study.failed)} of {len(study.results)} cells failed: imbench status --store {clean(store)}")
