"""Ensembles for imbalanced classes as imbench strategies.

Importing this package, and listing what it offers, imports neither scikit-learn nor torch nor a boosting library.
"""

from __future__ import annotations

from collections.abc import Iterable

from imbench import StrategySpec, hookimpl
from imbench_ensembles.boosting_specs import BOOSTING
from imbench_ensembles.specs import ENSEMBLES

__all__ = ["imbench_strategies"]


@hookimpl
def imbench_strategies() -> Iterable[StrategySpec]:
    """The strategies of this plugin."""
    return (*ENSEMBLES, *BOOSTING)
