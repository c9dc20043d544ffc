"""The oversamplers of smote-variants as imbench strategies.

Importing this package, and listing what it offers, imports neither smote-variants nor numpy nor torch, and works
without smote-variants.
"""

from __future__ import annotations

from collections.abc import Iterable

from imbench import StrategySpec, hookimpl
from imbench_smote_variants.specs import SPECS

__all__ = ["imbench_strategies"]


@hookimpl
def imbench_strategies() -> Iterable[StrategySpec]:
    """The strategies of this plugin."""
    return SPECS
