"""imbench: benchmark remedies for class imbalance, fairly measured.

The public API. Names that need torch are imported when they are first used, so that ``import imbench`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbench.data.dataset import Dataset
    from imbench.errors import ImbenchError, PluginError, UsageError
    from imbench.plugin.hookspecs import hookimpl
    from imbench.plugin.specs import (
        BackboneSpec,
        Card,
        DatasetSpec,
        MetricSpec,
        Parameter,
        StrategySpec,
        TrackerSpec,
    )
    from imbench.strategy.facts import ClassFacts, Prior
    from imbench.strategy.parts import Mixture, Resampled, Stage, TrainView, Validation
    from imbench.strategy.recipe import Fit, Predictor, Recipe
    from imbench.strategy.trial import Trial

__version__ = "0.1.0"

_HOMES = {
    "BackboneSpec": "imbench.plugin.specs",
    "Card": "imbench.plugin.specs",
    "ClassFacts": "imbench.strategy.facts",
    "Dataset": "imbench.data.dataset",
    "DatasetSpec": "imbench.plugin.specs",
    "Fit": "imbench.strategy.recipe",
    "ImbenchError": "imbench.errors",
    "MetricSpec": "imbench.plugin.specs",
    "Mixture": "imbench.strategy.parts",
    "Parameter": "imbench.plugin.specs",
    "PluginError": "imbench.errors",
    "Predictor": "imbench.strategy.recipe",
    "Prior": "imbench.strategy.facts",
    "Recipe": "imbench.strategy.recipe",
    "Resampled": "imbench.strategy.parts",
    "Stage": "imbench.strategy.parts",
    "StrategySpec": "imbench.plugin.specs",
    "TrackerSpec": "imbench.plugin.specs",
    "TrainView": "imbench.strategy.parts",
    "Trial": "imbench.strategy.trial",
    "UsageError": "imbench.errors",
    "Validation": "imbench.strategy.parts",
    "hookimpl": "imbench.plugin.hookspecs",
}

__all__ = [
    "BackboneSpec",
    "Card",
    "ClassFacts",
    "Dataset",
    "DatasetSpec",
    "Fit",
    "ImbenchError",
    "MetricSpec",
    "Mixture",
    "Parameter",
    "PluginError",
    "Predictor",
    "Prior",
    "Recipe",
    "Resampled",
    "Stage",
    "StrategySpec",
    "TrackerSpec",
    "TrainView",
    "Trial",
    "UsageError",
    "Validation",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'imbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
