"""Our side of the comparisons, through public doors: a file, a matrix, a block, the engine's job in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imbench.data.block import Block
from imbench.data.files import read_file
from imbench.data.prepare import prepare
from imbench.execution.job import Item, Outcome
from imbench.matrix.cell import Budget, Cell, Coordinates
from imbench.matrix.loading import parse_matrix
from imbench.matrix.schema import POLICIES, Matrix
from imbench.plugin.loading import load
from imbench.plugin.naming import offers_of
from imbench.results.result import Result
from imbench.runner.jobs import Pending
from imbench.runner.scoring import Returned, Scoring, results_of
from imbench.training import pack
from imbench.training.request import CellRequest, Request

#: Every row is a whole study's worth of rows: 10,000 with 32 features, one in twenty positive.
ROWS, FEATURES, SHARE = 10_000, 32, 0.05


def table(rows: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two overlapping normal clouds, (rows, FEATURES) float32 and labels (rows,) int64."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < SHARE).astype(np.int64)
    x = rng.normal(size=(rows, FEATURES)) + 0.6 * y[:, None] * rng.normal(size=FEATURES)
    return x.astype(np.float32), y


def write_table(folder: Path, rows: int = ROWS) -> Path:
    """The table as a file of the user's."""
    x, y = table(rows)
    frame = pd.DataFrame(x, columns=[f"f{number}" for number in range(FEATURES)])
    frame["y"] = y
    path = folder / "clouds.parquet"
    frame.to_parquet(path)
    return path


def matrix_of(file: Path, strategies: Sequence[str], *, seeds: int, steps: int, more: str = "") -> Matrix:
    """A matrix on the file, natural ratio, without the cost lane."""
    names = ", ".join(f'"{name}"' for name in strategies)
    return parse_matrix(
        f'seeds = {seeds}\nratios = ["natural"]\nstrategies = [{names}]\n{more}\n'
        f'[[datasets]]\nname = "clouds"\nfile = "{file}"\ntarget = "y"\n'
        f"[budget]\nsteps = {steps}\n[cost]\nenabled = false\n",
        folder=file.parent,
    )


def block_of(file: Path) -> Block:
    """The first block of that matrix."""
    dataset = read_file(file, target="y", name="clouds")
    return prepare(dataset, Coordinates(dataset="clouds", ratio="natural", seed=0))


class Answers:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def working(self, item_id: int | None, doing: str) -> None: ...

    def outcome(self, item_id: int, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.outcomes.append(Outcome(item_id, "ok", header=header, arrays=arrays))

    def error(self, item_id: int, error: BaseException) -> None:  # noqa: ARG002
        raise error


def engine(block: Block, strategies: Sequence[str], budget: Budget) -> Callable[[], list[Result]]:
    """A call that resamples, trains, adjusts and scores the cells of a block as one job, in this process."""
    registry = load()
    origins = {offer.origin for name in strategies for offer, _ in offers_of(registry.strategies, name)}
    origins.add(registry.backbones.find("mlp").origin)
    request = Request(
        blocks=(block.data,), backbone="mlp", budget=budget, device="cpu", origins=tuple(sorted(origins))
    )  # fmt: skip
    items = [Item(number, name, CellRequest(strategy=name)) for number, name in enumerate(strategies)]
    cells = [Cell(at=block.data.at, strategy=name, budget=budget) for name in strategies]

    def run() -> list[Result]:
        answers = Answers()
        pack.run(request, items, answers)
        assert len(answers.outcomes) == len(items)
        pending = [Pending(cell=cells[each.item_id], key="x", block=block) for each in answers.outcomes]
        returned = [
            Returned(pending=cell, outcome=outcome, common={})
            for cell, outcome in zip(pending, answers.outcomes, strict=True)
        ]
        return results_of(returned, Scoring(policies=POLICIES))

    return run
