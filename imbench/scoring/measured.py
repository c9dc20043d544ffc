"""Measured: metrics as numbers, and for every metric without a number the reason why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_ROWS", "ONE_CLASS", "Measured", "MeasuredPack", "Outcome", "PackOutcome"]

#: A finite number, or one line that says why there is none.
Outcome = float | str

#: The same of K cells: (K,) finite numbers, or one number or reason for all of them.
PackOutcome = NDArray[np.float64] | float | str

NO_ROWS = "no test rows"
ONE_CLASS = "the test rows are all of one class"


@dataclass(frozen=True)
class Measured:
    """Metrics of one cell. An undefined metric is NaN with a reason: never 0, never silently missing.

    Attributes:
        values: metric → finite number, or NaN.
        undefined: metric → why it is NaN; exactly the metrics that are NaN.

    Raises:
        ValueError: a NaN without a reason, a reason without a NaN, or an infinite value.
    """

    values: Mapping[str, float]
    undefined: Mapping[str, str]

    def __post_init__(self) -> None:
        nan = {name for name, value in self.values.items() if math.isnan(value)}
        if nan != set(self.undefined):
            raise ValueError(f"expected a reason for exactly the NaN metrics {sorted(nan)}, got {dict(self.undefined)}")
        infinite = sorted(name for name, value in self.values.items() if math.isinf(value))
        if infinite:
            raise ValueError(f"expected finite metrics, got infinite {infinite}")
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        object.__setattr__(self, "undefined", MappingProxyType(dict(self.undefined)))

    def jsonable(self) -> dict[str, float | None]:
        """Metric → value, None where undefined."""
        return {name: None if math.isnan(value) else value for name, value in self.values.items()}

    @classmethod
    def of(cls, outcomes: Mapping[str, Outcome]) -> Measured:
        """From metric → number or reason."""
        return cls(
            values={name: math.nan if isinstance(got, str) else float(got) for name, got in outcomes.items()},
            undefined={name: got for name, got in outcomes.items() if isinstance(got, str)},
        )


@dataclass(frozen=True, eq=False)
class MeasuredPack:
    """The same metrics of K cells of one block. What is undefined depends on the block alone: all cells share it.

    Attributes:
        names: of the M metrics, in the order of their definition.
        table: (K, M) finite numbers; NaN in the columns of undefined metrics.
        undefined: metric → why it is NaN.
    """

    names: tuple[str, ...]
    table: NDArray[np.float64]
    undefined: Mapping[str, str]

    @classmethod
    def of(cls, cells: int, outcomes: Mapping[str, PackOutcome]) -> MeasuredPack:
        """From metric → (K,) numbers, one number for all cells, or reason.

        Raises:
            ValueError: a number that is not finite.
        """
        table = np.full((len(outcomes), cells), np.nan)
        undefined = {name: got for name, got in outcomes.items() if isinstance(got, str)}
        for row, got in zip(table, outcomes.values(), strict=True):
            if not isinstance(got, str):
                row[:] = got
        if np.count_nonzero(np.isfinite(table)) != cells * (len(outcomes) - len(undefined)):
            bad = {name for name, row in zip(outcomes, table, strict=True) if not np.isfinite(row).all()}
            raise ValueError(f"expected finite metrics, got others in {sorted(bad - set(undefined))}")
        return cls(names=tuple(outcomes), table=table.T, undefined=undefined)

    def cells(self) -> list[dict[str, float | None]]:
        """Metric → value of each cell, None where undefined: ready for JSON."""
        return [
            {name: None if value != value else value for name, value in zip(self.names, row, strict=True)}
            for row in self.table.tolist()
        ]

    def single(self) -> Measured:
        """The only cell of a pack of one."""
        (row,) = self.table.tolist()
        return Measured(values=dict(zip(self.names, row, strict=True)), undefined=self.undefined)
