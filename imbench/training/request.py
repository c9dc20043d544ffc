"""What a worker is asked to do, and how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from imbench.data.block import TrainingData
from imbench.matrix.cell import Budget
from imbench.plugin.loading import entries_of, load
from imbench.plugin.registry import Origin, Registry

__all__ = ["BASELINE", "CellRequest", "CostRequest", "Report", "Request", "Work"]

#: What the cost lane times every strategy against: plain training with nothing added.
BASELINE = "erm"


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What all cells of a job share.

    Attributes:
        blocks: training data; there is no test label in them.
        backbone: expression such as ``mlp(hidden=64)``.
        budget: steps, batch size and so on.
        device: ``cpu``, ``cuda`` or ``cuda:0``.
        origins: the plugins to load, no others.
    """

    blocks: tuple[TrainingData, ...]
    backbone: str
    budget: Budget
    device: str
    origins: tuple[Origin, ...]

    def registry(self) -> Registry:
        """Load the plugins that this job names."""
        return load(entries_of(self.origins))


@dataclass(frozen=True, kw_only=True)
class CellRequest:
    """One cell of a job: a strategy expression on one of the blocks. Cells of one pack number train together.

    Attributes:
        learning_rate: instead of the budget's; None keeps it.
    """

    strategy: str
    block: int = 0
    pack: int = 0
    learning_rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class CostRequest(CellRequest):
    """A strategy to time, so many times."""

    repeats: int = 3


class Work(Protocol):
    """An item of a job as the executor hands it over."""

    @property
    def id(self) -> int: ...
    @property
    def payload(self) -> Any: ...


class Report(Protocol):
    """How a worker answers. Whose code runs next is announced before it runs, so that a death has an owner."""

    def working(self, item_id: int | None, doing: str) -> None: ...
    def outcome(self, item_id: int, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None: ...
    def error(self, item_id: int, error: BaseException) -> None: ...
