"""What the engine is to reach, with a measured column, from one command.

    OMP_NUM_THREADS=1 python -m benchmarks.table                # from the root of the checkout; an hour
    OMP_NUM_THREADS=1 python -m benchmarks.table -k quickstart  # some of it; the other rows say "not run"
    python -m benchmarks.table --from one.json two.json         # of earlier runs (pytest's --benchmark-json)

Words that are not its own go to pytest. `gpu.json`, if it is there, fills the row of the GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate


@dataclass(frozen=True)
class Goal:
    """One row: what, the least that is wanted and the aim, and where the figure comes from.

    Attributes:
        what: in words.
        bar, aim: numbers in ``unit``.
        unit: ``x`` and ``%`` are better when larger, ``ms`` and ``s`` when smaller.
        test: name of the benchmark.
        figure: name of the figure that it records.
        scale: from the figure to the unit.
    """

    what: str
    bar: float
    aim: float
    unit: str
    test: str
    figure: str = "ratio"
    scale: float = 1.0

    def row(self, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The row of the table."""
        wanted = [f"{number:g} {self.unit}" for number in (self.bar, self.aim)]
        if self.test not in found:
            return [self.what, *wanted, "not run", ""]
        value = float(found[self.test][self.figure]) * self.scale
        spread = found[self.test].get("spread") if self.figure == "ratio" else None
        shown = f"{value:.3g} {self.unit}" + (f" ({spread[0]:.3g} … {spread[1]:.3g})" if spread else "")
        reached = [value <= goal if self.unit in ("ms", "s") else value >= goal for goal in (self.bar, self.aim)]
        return [self.what, *wanted, shown, "aim" if reached[1] else "bar" if reached[0] else "**no**"]


#: Cells of a pack from which on the row of the GPU counts.
LARGE_PACK = 200
_LOOP, _WIDE = "test_pack_against_the_dataloader_loop", "test_pack_against_the_dataloader_loop_at_512_units"
_SKORCH, _SOONER = "test_cells_against_skorch_in_a_pipeline", "test_same_rows_sooner"
_MATRIX = "test_a_whole_matrix_against_skorch_with_two_jobs"
_HARNESS = "test_harness_per_cell_beyond_training"

GOALS = (
    Goal("cells against skorch + imbalanced-learn, cross-entropy", 5, 8, "x", f"{_SKORCH}[cross_entropy]"),
    Goal("the same, `focal` among four", 5, 8, "x", f"{_SKORCH}[with_focal]"),
    *(
        Goal(f"a whole matrix of {seeds} seeds, two cores each side", 8, 15, "x", f"{_MATRIX}[{seeds}]")
        for seeds in (3, 10)
    ),
    *(
        Goal(f"share of the rate of sgemm, batch {batch}", 50, 65, "%", f"{_LOOP}[{batch}-16]", "roofline", 100)
        for batch in (64, 128, 256)
    ),
    *(
        Goal(f"512 units against the DataLoader loop, batch {batch}", 1.4, 1.7, "x", f"{_WIDE}[{batch}-8]")
        for batch in (128, 256)
    ),
    Goal("one H100, packs of 200 cells and more against the loop", 100, 300, "x", "gpu", "ratio"),
    Goal(
        "harness per cell beyond training and scoring", 2, 0.5, "ms",
        f"{_HARNESS}[packs of 24 with one training of one step]", "ms_beyond_scoring",
    ),
    Goal("Tomek links, 100,000 x 20 at 1:100", 25, 50, "x", f"{_SOONER}[tomek-100000]"),
    Goal("Tomek links, 30,000 x 20 at 1:20", 4.8, 4.8, "x", f"{_SOONER}[tomek-30000]"),
    Goal("edited nearest neighbours, 100,000 x 20 at 1:100", 5, 15, "x", f"{_SOONER}[enn-100000]"),
    *(
        Goal(f"{name}, {rows:,} rows", 1, 1, "x", f"{_SOONER}[{name}-{rows}]")
        for name in ("smote", "borderline_smote", "adasyn") for rows in (3_000, 30_000, 100_000)
    ),
    *(
        Goal(f"{name}, {rows:,} rows", 5, 10, "x", f"{_SOONER}[{name}-{rows}]")
        for name in ("smote_tomek", "smote_enn") for rows in (30_000, 100_000)
    ),
    Goal("ClusterCentroids, fast variant, 100,000 x 20 at 1:20", 1, 20, "x", "test_fast_centroids_are_sooner[100000]"),
    Goal("`imbench --help`", 200, 100, "ms", "test_start_up[help-words0]", "ms"),
    Goal("`import imbench`, Python's own start taken off", 100, 50, "ms", "import"),
    Goal("first rows of the quickstart's leaderboard", 10, 5, "s", "test_quickstart", "seconds_to_first_rows"),
)  # fmt: skip


def figures(reports: Sequence[Mapping[str, Any]], gpu: Path) -> dict[str, dict[str, Any]]:
    """Benchmark → what it recorded, from the JSON of pytest-benchmark."""
    found = {each["name"]: dict(each["extra_info"]) for report in reports for each in report["benchmarks"]}
    imported, alone = found.get("test_start_up[import-words1]"), found.get("test_start_up[python alone-words2]")
    if imported and alone:
        found["import"] = {"ratio": imported["ms"] - alone["ms"]}
    if gpu.exists():
        speed = json.loads(gpu.read_text())["speed"]
        found["gpu"] = {"ratio": max(row["ratio"] for row in speed if row["cells"] >= LARGE_PACK)}
    return found


def run(words: Sequence[str], out: Path) -> int:
    """Run the benchmarks; their JSON goes to ``out``."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "benchmarks",
        "--benchmark-only",
        "-s",
        f"--benchmark-json={out}",
        *words,
    ]
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description="What the engine is to reach, and what it reaches.")
    parser.add_argument("--from", dest="reports", type=Path, nargs="+", help="JSON of earlier runs")
    parser.add_argument("--gpu", type=Path, default=Path("gpu.json"), help="what benchmarks/gpu.py wrote")
    chosen, words = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "bench.json"
        code = 0 if chosen.reports else run(words, new)
        found = figures([json.loads(path.read_text()) for path in chosen.reports or (new,)], chosen.gpu)
    head = ["what", "bar", "aim", "measured", "reached"]
    print(tabulate([goal.row(found) for goal in GOALS], headers=head, tablefmt="github", disable_numparse=True))
    return code


if __name__ == "__main__":
    sys.exit(main())
