"""Losses, weights, samplers, augmentation, schedules and post-hoc corrections as imbench strategies."""

from __future__ import annotations

from imbench import StrategySpec, hookimpl
from imbench_losses.specs import SPECS

__all__ = ["imbench_strategies"]


@hookimpl
def imbench_strategies() -> tuple[StrategySpec, ...]:
    """Every strategy of this plugin; see `imbench_losses.specs`."""
    return SPECS
