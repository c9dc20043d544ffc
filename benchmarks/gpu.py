"""Packs on one GPU: how much faster than the plain loop on the same GPU, whether a step waits for the host, and whether
a cell in a pack is the cell alone. Under 8 minutes; writes a JSON file that names the device.

    python benchmarks/gpu.py --out gpu.json
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imbench import __version__
from imbench.data.block import TrainingData
from imbench.errors import EnvironmentFault, ImbenchError
from imbench.training.measure import (
    Shape,
    clock_of,
    in_turns,
    one_thread,
    pack_of,
    plain_loop,
    product_flops,
    sample_data,
    sgemm,
    step_flops,
)
from imbench.training.places import device_of

PACKS = (1, 8, 32, 64, 128, 200, 256, 512)
HIDDEN, BATCH = (128, 512), (128, 512)
#: Seconds after which no further measurement is begun.
SECONDS = 420.0
#: Steps of a pack, those of the default budget, and of the loop, whose steps all cost the same.
STEPS, LOOP_STEPS = 1000, 100
#: Largest difference of a score between a cell in a pack and alone, after EQUAL_STEPS steps. The products of a GPU may
#: be summed in another order for another number of cells, so it is not 0 as on the CPU.
TOLERANCE = 1e-3
EQUAL_STEPS = 20


def describe(device: torch.device) -> dict[str, Any]:
    """The machine: device, driver, versions."""
    found = {
        "device": str(device),
        "imbench": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "tf32": torch.get_float32_matmul_precision(),
    }
    if device.type != "cuda":
        return {**found, "name": platform.processor() or platform.machine()}
    properties = torch.cuda.get_device_properties(device)
    return {
        **found,
        "name": torch.cuda.get_device_name(device),
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "cuda": torch.version.cuda,
        "driver": _driver(),
    }


def _driver() -> str:
    """Version of the driver as nvidia-smi tells it, or why it does not."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown ({type(error).__name__})"
    return done.stdout.splitlines()[0].strip()


def speed(cells: int, shape: Shape, data: TrainingData, *, repeats: int = 2) -> dict[str, Any]:
    """A pack against the plain loop and against the device's float32 product, in turns.

    Args:
        cells: cells of the pack; the loop trains one of them.
        shape: network, batch, steps and device.
        data: the block.
        repeats: turns that count.
    """
    times = 8
    short = replace(shape, steps=min(LOOP_STEPS, shape.steps))
    longer = shape.steps / short.steps
    calls = {
        "loop": lambda: plain_loop(short, data),
        "sgemm": sgemm(shape.device, times=times),
        "pack": pack_of(cells, shape, data),
    }
    if shape.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(shape.device)
    turns = in_turns(calls, repeats, clock_of(shape.device))
    flops = cells * shape.steps * step_flops(shape.mlp(data), shape.batch)
    low, high = turns.spread("loop", "pack")
    found = {
        "cells": cells,
        "hidden": shape.hidden,
        "batch": shape.batch,
        "steps": shape.steps,
        "ratio": cells * longer * turns.ratio("loop", "pack"),
        "ratio_spread": [cells * longer * low, cells * longer * high],
        "us_per_step_of_the_loop": turns.median("loop") / short.steps * 1e6,
        "us_per_step_of_the_pack": turns.median("pack") / shape.steps * 1e6,
        "us_per_step_and_cell": turns.median("pack") / shape.steps / cells * 1e6,
        "roofline": turns.ratio("sgemm", "pack") * flops / (times * product_flops()),
    }
    if shape.device.type == "cuda":
        found["peak_gb"] = torch.cuda.max_memory_allocated(shape.device) / 1e9
    return found


def synchronisations(cells: int, shape: Shape, data: TrainingData) -> dict[str, Any]:
    """How often a step waits for the host.

    What a step computes promises none; drawing the next steps' rows may wait, and happens 50 times in both trainings
    (`imbench.training.loop`, LOOKS). So what the longer training has more is what its steps wait, as torch reports it.

    Returns:
        ``per_step``, and the counts it comes from; ``per_step`` is None where nothing reports them (a CPU).
    """
    if shape.device.type != "cuda":
        return {"per_step": None, "why": "only CUDA reports synchronisations"}
    few, many = 200, 800
    pack_of(cells, replace(shape, steps=few), data)()
    counts = [_waits(cells, replace(shape, steps=steps), data) for steps in (few, many)]
    return {"per_step": (counts[1] - counts[0]) / (many - few), "steps": [few, many], "counts": counts}


def _waits(cells: int, shape: Shape, data: TrainingData) -> int:
    train = pack_of(cells, shape, data)
    torch.cuda.synchronize(shape.device)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            train()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def equality(cells: int, shape: Shape, data: TrainingData) -> dict[str, Any]:
    """Largest difference of a test score between cells in a pack and the same cells alone."""
    short = replace(shape, steps=EQUAL_STEPS)
    together = pack_of(cells, short, data)()
    alone = [pack_of(1, short, data, first=number)()[0] for number in range(cells)]
    worst = max(
        float(np.abs(a(data.x_test) - b(data.x_test)).max()) for a, b in zip(together, alone, strict=True)
    )  # fmt: skip
    return {"cells": cells, "steps": EQUAL_STEPS, "largest": worst, "tolerance": TOLERANCE, "equal": worst <= TOLERANCE}


def measure(
    device: torch.device, *, packs: Sequence[int] = PACKS, hidden: Sequence[int] = HIDDEN, batch: Sequence[int] = BATCH,
    steps: int = STEPS, rows: int = 6144, seconds: float = SECONDS,
) -> dict[str, Any]:  # fmt: skip
    """Everything, as a JSON-ready dict; what there was no time for is listed under ``left_out``."""
    start = time.monotonic()
    data = sample_data(rows)
    found: dict[str, Any] = {"machine": describe(device), "speed": [], "left_out": []}
    shape = Shape(hidden=hidden[0], batch=batch[0], steps=steps, device=device)
    found["equality"] = equality(min(8, max(packs)), shape, data)
    found["synchronisations"] = synchronisations(min(8, max(packs)), shape, data)
    for units in hidden:
        for examples in batch:
            for cells in packs:
                name = {"cells": cells, "hidden": units, "batch": examples}
                if time.monotonic() - start > seconds:
                    found["left_out"].append(name)
                    continue
                shape = Shape(hidden=units, batch=examples, steps=steps, device=device)
                try:
                    found["speed"].append(speed(cells, shape, data))
                except torch.OutOfMemoryError as error:
                    found["left_out"].append({**name, "why": str(error).splitlines()[0]})
                    torch.cuda.empty_cache()
    found["seconds"] = round(time.monotonic() - start, 1)
    return found


def show(found: dict[str, Any]) -> None:
    """A line for each figure."""
    machine, equal, waits = found["machine"], found["equality"], found["synchronisations"]
    print(f"{machine['name']}, driver {machine.get('driver', '-')}, torch {machine['torch']}, {found['seconds']} s")
    print(f"pack against alone: largest difference {equal['largest']:.2g}, tolerance {equal['tolerance']:g}")
    print(f"host synchronisations per step: {waits['per_step']}")
    for row in found["speed"]:
        print(
            f"hidden {row['hidden']:4} batch {row['batch']:4} cells {row['cells']:4}: {row['ratio']:7.1f} times the "
            f"loop, {row['us_per_step_and_cell']:8.2f} us per step and cell, {row['roofline']:.0%} of sgemm"
        )
    for row in found["left_out"]:
        print(f"left out: {row}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, measure, write; returns the exit code: 8 without a CUDA device, 1 if a pack differs or a step waits."""
    parser = argparse.ArgumentParser(description="Packs on one GPU; writes a JSON file.")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu to try the script out")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), help="where the JSON goes")
    parser.add_argument("--packs", type=int, nargs="+", default=list(PACKS), help="cells of a pack")
    parser.add_argument("--hidden", type=int, nargs="+", default=list(HIDDEN), help="units of a hidden layer")
    parser.add_argument("--batch", type=int, nargs="+", default=list(BATCH), help="examples of a step")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of each training")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="begin nothing new after so long")
    chosen = parser.parse_args(arguments)
    try:
        device = _usable(chosen.device)
    except ImbenchError as error:
        print(f"gpu.py: {error}", file=sys.stderr)
        return int(error.exit_code)
    with one_thread():  # of the host, as in a worker
        found = measure(
            device, packs=chosen.packs, hidden=chosen.hidden, batch=chosen.batch,
            steps=chosen.steps, seconds=chosen.seconds,
        )  # fmt: skip
    chosen.out.write_text(json.dumps(found, indent=2) + "\n")
    show(found)
    print(f"written to {chosen.out}")
    return 0 if found["equality"]["equal"] and not found["synchronisations"]["per_step"] else 1


def _usable(name: str) -> torch.device:
    """The device. Raises EnvironmentFault if this machine has none of that kind."""
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise EnvironmentFault(
            f"expected a CUDA device, torch {torch.__version__} finds none on this machine: "
            "run it on a GPU, or with --device cpu --packs 1 4 to try it out"
        )
    return device_of(name)


if __name__ == "__main__":
    sys.exit(main())
