"""Measured: metrics as numbers, and for every metric without a number the reason why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["NO_ROWS", "ONE_CLASS", "Measured", "Outcome"]

#: A finite number, or one line that says why there is none.
Outcome = float | str

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

    @classmethod
    def of(cls, outcomes: Mapping[str, Outcome]) -> Measured:
        """From metric → number or reason."""
        return cls(
            values={name: math.nan if isinstance(got, str) else float(got) for name, got in outcomes.items()},
            undefined={name: got for name, got in outcomes.items() if isinstance(got, str)},
        )
