"""The hooks. A hook takes no argument and yields frozen records; it does not call back and its order never matters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from imbench.plugin.specs import BackboneSpec, DatasetSpec, MetricSpec, StrategySpec, TrackerSpec

__all__ = ["GROUP", "hookimpl"]

#: The entry-point group, and the name of the pluggy project.
GROUP = "imbench"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def imbench_strategies() -> Iterable[StrategySpec]:
    """Offer strategies.

    Example:
        >>> from imbench import Recipe, StrategySpec, hookimpl
        >>> @hookimpl
        ... def imbench_strategies():
        ...     yield StrategySpec(name="plain", summary="no remedy", family="baseline", make=Recipe)
        >>> [spec.name for spec in imbench_strategies()]
        ['plain']
    """
    return ()


@hookspec
def imbench_datasets() -> Iterable[DatasetSpec]:
    """Offer datasets; ``load`` is called only when a matrix names one."""
    return ()


@hookspec
def imbench_backbones() -> Iterable[BackboneSpec]:
    """Offer networks for recipes to train."""
    return ()


@hookspec
def imbench_metrics() -> Iterable[MetricSpec]:
    """Offer extra metric columns; they are never the default ranking metric."""
    return ()


@hookspec
def imbench_trackers() -> Iterable[TrackerSpec]:
    """Offer observers of a run; results never depend on them."""
    return ()
