"""imbench: benchmark remedies for class imbalance, fairly measured.

The public API. Names that need torch are imported when they are first used, so that ``import imbench`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbench.data.block import Floats, Labels
    from imbench.data.dataset import Dataset
    from imbench.data.unpickle import load_xz_pickle
    from imbench.data.wheel import WheelArchive
    from imbench.errors import EnvironmentFault, ImbenchError, PluginError, UsageError
    from imbench.plugin.hookspecs import hookimpl
    from imbench.plugin.specs import BackboneSpec, Card, DatasetSpec, MetricSpec, Parameter, StrategySpec, TrackerSpec
    from imbench.strategy.facts import ClassFacts, Prior, normalised
    from imbench.strategy.parts import HeadView, Mixture, PriorEffect, Resampled, Seen, Stage, TrainView, Validation
    from imbench.strategy.recipe import Fit, Predictor, Recipe
    from imbench.strategy.trial import Training, Trial
    from imbench.training.modules import ModuleBackbone

__version__ = "0.1.0"

_HOMES = {
    "BackboneSpec": "imbench.plugin.specs",
    "Card": "imbench.plugin.specs",
    "ClassFacts": "imbench.strategy.facts",
    "Dataset": "imbench.data.dataset",
    "DatasetSpec": "imbench.plugin.specs",
    "EnvironmentFault": "imbench.errors",
    "Fit": "imbench.strategy.recipe",
    "Floats": "imbench.data.block",
    "HeadView": "imbench.strategy.parts",
    "ImbenchError": "imbench.errors",
    "Labels": "imbench.data.block",
    "MetricSpec": "imbench.plugin.specs",
    "Mixture": "imbench.strategy.parts",
    "ModuleBackbone": "imbench.training.modules",
    "Parameter": "imbench.plugin.specs",
    "PluginError": "imbench.errors",
    "Predictor": "imbench.strategy.recipe",
    "Prior": "imbench.strategy.facts",
    "PriorEffect": "imbench.strategy.parts",
    "Recipe": "imbench.strategy.recipe",
    "Resampled": "imbench.strategy.parts",
    "Seen": "imbench.strategy.parts",
    "Stage": "imbench.strategy.parts",
    "StrategySpec": "imbench.plugin.specs",
    "TrackerSpec": "imbench.plugin.specs",
    "TrainView": "imbench.strategy.parts",
    "Training": "imbench.strategy.trial",
    "Trial": "imbench.strategy.trial",
    "UsageError": "imbench.errors",
    "Validation": "imbench.strategy.parts",
    "WheelArchive": "imbench.data.wheel",
    "hookimpl": "imbench.plugin.hookspecs",
    "load_xz_pickle": "imbench.data.unpickle",
    "normalised": "imbench.strategy.facts",
}

__all__ = [
    "BackboneSpec",
    "Card",
    "ClassFacts",
    "Dataset",
    "DatasetSpec",
    "EnvironmentFault",
    "Fit",
    "Floats",
    "HeadView",
    "ImbenchError",
    "Labels",
    "MetricSpec",
    "Mixture",
    "ModuleBackbone",
    "Parameter",
    "PluginError",
    "Predictor",
    "Prior",
    "PriorEffect",
    "Recipe",
    "Resampled",
    "Seen",
    "Stage",
    "StrategySpec",
    "TrackerSpec",
    "TrainView",
    "Training",
    "Trial",
    "UsageError",
    "Validation",
    "WheelArchive",
    "hookimpl",
    "load_xz_pickle",
    "normalised",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'imbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
