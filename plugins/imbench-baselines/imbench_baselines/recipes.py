"""The recipes among the baselines."""

from __future__ import annotations

from imbench import Recipe
from imbench_baselines.threshold import Metric, Threshold

__all__ = ["erm", "threshold"]


def erm() -> Recipe:
    """No part at all: cross-entropy on natural batches."""
    return Recipe()


def threshold(metric: Metric) -> Recipe:
    """A decision fitted on validation, for whatever it is composed with."""
    return Recipe(decide=Threshold(metric))
