"""The quickstart as a newcomer sees it: when the first rows are there, when it ends, cells a second."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.side_by_side import record


@dataclass(frozen=True)
class Seen:
    """Seconds after the command until the first rows, until all cells have results, until the prompt; and the cells."""

    first_rows: float
    cells_done: float
    end: float
    cells: int


def watch(store: Path, matrix: str = "quickstart") -> Seen:
    """Run it in a process of its own and read what it says. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", "imbench", "run", "--matrix", matrix, "--store", str(store)]
    start = time.perf_counter()
    first = done = 0.0
    cells = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            now = time.perf_counter() - start
            if "so far by" in line:
                first = first or now
            if "done, 0 failed, 0 left" in line:
                done = done or now
                cells = int(line.split(" done")[0].split()[-1])
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Seen(first, done, time.perf_counter() - start, cells)


@pytest.mark.timeout(1200)
def test_quickstart(benchmark, tmp_path) -> None:
    found: list[Seen] = []
    benchmark.pedantic(lambda: found.append(watch(tmp_path / str(len(found)))), rounds=1)
    (seen,) = found
    record(
        benchmark, seconds_to_first_rows=seen.first_rows, seconds_to_last_cell=seen.cells_done, seconds=seen.end,
        cells=float(seen.cells), cells_per_second=seen.cells / seen.cells_done,
    )  # fmt: skip
