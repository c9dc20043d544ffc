"""Weights that training itself drives, as imbench strategies."""

from __future__ import annotations

from imbench import StrategySpec, hookimpl
from imbench_adaptive.specs import SPECS

__all__ = ["imbench_strategies"]


@hookimpl
def imbench_strategies() -> tuple[StrategySpec, ...]:
    """Every strategy of this plugin; see `imbench_adaptive.specs`."""
    return SPECS
