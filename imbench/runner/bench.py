"""The short form of the benchmarks, for the machine that it runs on."""

from __future__ import annotations

import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from imbench.matrix.cell import Budget
from imbench.runner.devices import default_workers
from imbench.runner.jobs import PACK_CELLS
from imbench.runner.measure import dispatch, sample, scoring, start_up, storing
from imbench.runner.provenance import machine
from imbench.training.measure import (
    Shape,
    in_turns,
    one_thread,
    pack_of,
    plain_loop,
    product_flops,
    sample_data,
    sgemm,
    step_flops,
)

__all__ = ["CELLS", "bench"]

#: Cells of the pack that is measured, and of the matrix that is estimated.
PACK, CELLS = 8, 10_000
#: Steps of the ordinary loop, whose steps all cost the same.
LOOP_STEPS = 128
_GEMMS = 4


def bench(*, quick: bool = False) -> dict[str, Any]:
    """Measure this machine: engine, harness, start-up, and what a large matrix would take.

    Args:
        quick: fewer steps and turns: seconds instead of half a minute, and a wider spread.

    Returns:
        ``machine``, ``engine``, ``harness`` (milliseconds), ``start_up`` (milliseconds) and ``estimate``, JSON-ready.
    """
    load_before = os.getloadavg()[0]
    cores = default_workers("cpu")
    engine = _engine(steps=200 if quick else 500, repeats=2 if quick else 3)
    harness = _harness(times=5 if quick else 20)
    found = {
        "machine": {
            **machine(),
            "torch": torch.__version__,
            "usable_cores": cores,
            "load": [round(load_before, 2), round(os.getloadavg()[0], 2)],
        },
        "engine": engine,
        "harness": harness,
        "start_up": _start_up(3 if quick else 7),
    }
    return {**found, "estimate": _estimate(engine, harness, cores)}


def _engine(steps: int, repeats: int) -> dict[str, Any]:
    """One thread: a pack, a cell alone, the ordinary loop and the machine's matrix products, in turns."""
    data, shape, budget = sample_data(), Shape(steps=steps), Budget()
    short = replace(shape, steps=LOOP_STEPS)
    longer = steps / LOOP_STEPS
    looks = round(budget.evaluations * steps / budget.steps) or 1
    with one_thread():
        turns = in_turns(
            {
                "loop": lambda: plain_loop(short, data),
                "sgemm": sgemm(times=_GEMMS),
                "alone": pack_of(1, shape, data),
                "pack": pack_of(PACK, shape, data),
                "selecting": pack_of(PACK, shape, data, evaluations=looks),
            },
            repeats,
        )
    flops = PACK * steps * step_flops(shape.mlp(data), shape.batch)
    products = _GEMMS * product_flops()
    return {
        "hidden": shape.hidden,
        "batch": shape.batch,
        "cells": PACK,
        "sgemm_gflops": products / turns.median("sgemm") / 1e9,
        "roofline": turns.ratio("sgemm", "pack") * flops / products,
        "ratio_to_loop": PACK * longer * turns.ratio("loop", "pack"),
        "ratio_to_loop_spread": [PACK * longer * each for each in turns.spread("loop", "pack")],
        "ratio_to_alone": PACK * turns.ratio("alone", "pack"),
        "ratio_to_alone_spread": [PACK * each for each in turns.spread("alone", "pack")],
        "us_per_step_and_cell": turns.median("pack") / steps / PACK * 1e6,
        "us_per_step_and_cell_selecting": turns.median("selecting") / steps / PACK * 1e6,
        "us_per_step_of_the_loop": turns.median("loop") / LOOP_STEPS * 1e6,
    }


def _harness(times: int) -> dict[str, float]:
    """Milliseconds per cell."""
    cell, cells = sample(), PACK_CELLS["cpu"]
    scoring(cell, 2)
    with tempfile.TemporaryDirectory() as folder:
        stored = storing(Path(folder) / "store", cell, times)
    return {
        "scoring": statistics.median(scoring(cell, times)) * 1e3,
        "store": statistics.median(stored) * 1e3,
        "job": statistics.median(dispatch(times, cells)) * 1e3,
        "cells_of_a_job": cells,
    }


def _start_up(times: int) -> dict[str, float]:
    """Median wall milliseconds."""
    return {
        name: statistics.median(start_up(words, times)[0]) * 1e3
        for name, words in (("help", ("-m", "imbench", "--help")), ("import", ("-c", "import imbench")))
    }


def _estimate(engine: dict[str, Any], harness: dict[str, float], cores: int) -> dict[str, float]:
    """Hours of a matrix at the default budget: workers train while the parent scores and stores."""
    budget = Budget()
    training = budget.steps * engine["us_per_step_and_cell_selecting"] / 1e6
    worker = (training + harness["job"] / harness["cells_of_a_job"] / 1e3) / cores
    parent = (harness["scoring"] + harness["store"]) / 1e3
    return {
        "cells": CELLS,
        "workers": cores,
        "steps": budget.steps,
        "ms_of_training": training * 1e3,
        "ms_per_cell": max(worker, parent) * 1e3,
        "hours": CELLS * max(worker, parent) / 3600,
    }
