"""All checks, by kind of record and in the order in which they help: what a later one needs, an earlier one tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imbench.errors import PluginError, UsageError, did_you_mean
from imbench.plugin.registry import Catalogue, Offer, Registry
from imbench.testing import of_others, of_parts, of_record, of_training
from imbench.testing.finding import Check
from imbench.testing.of_others import Other
from imbench.testing.subject import Strategy

__all__ = ["CHECKS", "FIRST", "check_of", "offers_named", "subject_of"]

#: Those of a strategy that need nothing trained.
_STANDING = (
    of_record.builds,
    of_record.parameters,
    of_record.packs_as_declared,
    of_parts.loss_shape,
    of_parts.vmap_of_the_loss,
    of_parts.gradient,
    of_parts.loss_extremes,
    of_parts.majority_batch,
    of_parts.prior_of_the_loss,
)
_TRAINED = (
    of_training.trains,
    of_training.shape,
    of_training.finite,
    of_training.deterministic,
    of_training.own_randomness,
    of_training.leaves_data,
    of_training.leaves_torch,
    of_training.leaves_process,
    of_training.leaves_random,
    of_training.row_independence,
    of_training.one_example,
    of_training.absent_class,
    of_training.one_class,
    of_training.twenty_classes,
    of_training.extremes,
    of_training.budget,
    of_training.pack_equality,
    of_training.learns,
    of_parts.prior_effect_declared,
    of_training.prior,
    of_training.cuda,
)
CHECKS: Mapping[str, tuple[Check, ...]] = {
    "strategy": _STANDING + _TRAINED,
    "dataset": of_others.DATASET_CHECKS,
    "backbone": of_others.BACKBONE_CHECKS,
    "metric": of_others.METRIC_CHECKS,
}
#: Check → those that are pointless where it fails.
FIRST: Mapping[str, frozenset[str]] = {
    "builds": frozenset(check.__name__ for check in CHECKS["strategy"]) - {"builds"},
    "trains": frozenset(check.__name__ for check in _TRAINED) - {"trains"},
    "loads": frozenset(check.__name__ for check in CHECKS["dataset"]) - {"loads"},
}


def check_of(kind: str, name: str) -> Check:
    """The check of that name."""
    return next(check for check in CHECKS[kind] if check.__name__ == name)


def subject_of(kind: str, offer: Offer[Any]) -> Strategy | Other:
    """An offer as its checks see it."""
    return Strategy(offer) if kind == "strategy" else Other(offer)


def offers_named(registry: Registry, name: str) -> list[tuple[str, Offer[Any]]]:
    """(kind, offer) of all that a plugin, a distribution or ``plugin/name`` stands for.

    Raises:
        PluginError: the plugin is BROKEN, or offers nothing that can be checked.
        UsageError: there is none of that name.
    """
    plugins = [plugin for plugin in registry.plugins if name in (plugin.origin.plugin, plugin.origin.dist)]
    of_plugin = name.partition("/")[0]
    for plugin in registry.plugins:
        if plugin.status == "BROKEN" and (plugin in plugins or plugin.origin.plugin == of_plugin):
            raise PluginError(plugin.reason)
    catalogues: dict[str, Catalogue[Any]] = {
        "strategy": registry.strategies, "dataset": registry.datasets,
        "backbone": registry.backbones, "metric": registry.metrics,
    }  # fmt: skip
    wanted = {plugin.origin for plugin in plugins}
    found = [
        (kind, offer)
        for kind, catalogue in catalogues.items()
        for offer in catalogue
        if offer.origin in wanted or offer.full_name == name
    ]
    if not found and plugins:
        raise PluginError(f"{plugins[0].origin} offers no strategy, dataset, backbone or metric: nothing to check")
    if not found:
        known = {plugin.origin.plugin for plugin in registry.plugins}
        names = {offer.full_name for _, catalogue in catalogues.items() for offer in catalogue}
        hint = did_you_mean(name, names if "/" in name else known)
        raise UsageError(f"expected a plugin, a distribution or plugin/name that is installed, got {name!r}{hint}")
    return found
