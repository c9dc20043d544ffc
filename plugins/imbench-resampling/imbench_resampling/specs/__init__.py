"""What the plugin offers. Factories are named by text, so that listing imports nothing heavy."""

from __future__ import annotations

from imbench import StrategySpec
from imbench_resampling.specs.cleaning import CLEANING, COMBINED
from imbench_resampling.specs.growing import GROWING
from imbench_resampling.specs.shrinking import SHRINKING

__all__ = ["SPECS"]

SPECS: tuple[StrategySpec, ...] = GROWING + SHRINKING + CLEANING + COMBINED
