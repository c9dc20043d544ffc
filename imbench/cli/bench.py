"""``imbench bench``: what imbench is worth on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from imbench.cli.options import Json
from imbench.cli.text import out, out_json, out_table, say

__all__ = ["bench"]


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats: seconds, and rougher figures.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how fast imbench is on this machine.

    Packs against an ordinary loop, the harness, and what 10,000 cells would take.

    Processor time of one thread, contestants in turns (A B A B), medians; under a minute. Nothing is kept.
    """
    from imbench.runner.bench import bench as measure

    if not as_json:
        say("imbench: measuring, this takes " + ("some seconds" if quick else "half a minute"))
    found = measure(quick=quick)
    if as_json:
        out_json(found)
        return
    machine, estimate = found["machine"], found["estimate"]
    out(f"{machine['cpu']}, {machine['usable_cores']} cores, torch {machine['torch']}")
    out_table(["what", "measured", "how"], _rows(found))
    out(
        f"{estimate['cells']:,} cells of {estimate['steps']} steps would take {_span(estimate['hours'])} "
        f"with {estimate['workers']} workers: {estimate['ms_per_cell']:.0f} ms a cell, "
        "resampling and the cost lane not counted"
    )
    if max(machine["load"]) > machine["usable_cores"]:
        say("imbench: other work was running: wall times (store, job, start-up) are too high, ratios are rough")


def _rows(found: dict[str, Any]) -> list[list[str]]:
    engine, harness, start = found["engine"], found["harness"], found["start_up"]
    pack = f"{engine['cells']} cells, hidden {engine['hidden']}, batch {engine['batch']}"
    return [
        ["float32 matrix product", f"{engine['sgemm_gflops']:.0f} GFLOP/s", "1024³, one thread"],
        ["pack against a DataLoader loop", _times(engine, "ratio_to_loop"), pack],
        ["pack against cells alone", _times(engine, "ratio_to_alone"), pack],
        ["share of the matrix product's rate", f"{engine['roofline']:.0%}", pack],
        ["training a step of a cell", f"{engine['us_per_step_and_cell']:.0f} µs", pack],
        ["the same, ordinary loop", f"{engine['us_per_step_of_the_loop']:.0f} µs", "DataLoader, Sequential, Adam"],
        ["scoring a cell", f"{harness['scoring']:.1f} ms", "2,048 test and validation rows"],
        ["storing a cell", f"{harness['store']:.1f} ms", "synced to the disk"],
        ["sending a job", f"{harness['job']:.0f} ms", f"{harness['cells_of_a_job']} cells, a worker of its own"],
        ["imbench --help", f"{start['help']:.0f} ms", "wall time"],
        ["import imbench", f"{start['import']:.0f} ms", "wall time"],
    ]


def _times(engine: dict[str, Any], name: str) -> str:
    low, high = engine[f"{name}_spread"]
    return f"{engine[name]:.1f} times ({low:.1f} … {high:.1f})"


def _span(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
