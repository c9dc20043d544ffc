"""The oversamplers of imbalanced-learn-extra as imbench strategies.

Importing this package, and listing what it offers, imports neither imbalanced-learn nor numpy nor torch, and works
without imbalanced-learn-extra.
"""

from __future__ import annotations

from collections.abc import Iterable

from imbench import StrategySpec, hookimpl
from imbench_imblearn_extra.specs import SPECS

__all__ = ["imbench_strategies"]


@hookimpl
def imbench_strategies() -> Iterable[StrategySpec]:
    """The strategies of this plugin."""
    return SPECS
